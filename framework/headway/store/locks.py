"""One kernel lock a key: two processes never compute the same thing, and a killed one lets go."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from headway.store.files import told


class KeyLock:
    """An exclusive lock on a key of a store, released by the kernel however the process ends.

    Args:
        root: The store's folder.
        key: What is locked; a plain name.
        on_wait: Called once if another process holds the lock.
    """

    def __init__(self, root: Path, key: str, on_wait: Callable[[], None] | None = None) -> None:
        self._path = root / "locks" / f"{key}.lock"
        self._on_wait = on_wait
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Takes the lock if nobody holds it."""
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def acquire(self) -> None:
        """Takes the lock, waiting for whoever holds it."""
        if self.try_acquire():
            return
        if self._on_wait is not None:
            self._on_wait()
        self._take(fcntl.LOCK_EX)

    def release(self) -> None:
        """Lets go, and removes the file while the lock is still held."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, mode: int) -> bool:
        with told(self._path, "be locked"):
            descriptor = self._open()
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        if not self._is_current(descriptor):  # its holder removed the file while we waited
            os.close(descriptor)
            return self._take(mode)
        self._descriptor = descriptor
        return True

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, 0o666)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, flags, 0o666)

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_held(root: Path, key: str) -> bool:
    """Whether some process holds the lock of a key; nothing is created or changed."""
    path = root / "locks" / f"{key}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
