"""Kernel locks: two processes never compute the same thing, nothing is removed under a run, a killed one lets go."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Self

from headway.store.files import told

NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
"""What the kernel answers on a file system without locks."""

STORE_LOCK = "store.lock"
TOLD = "HEADWAY_TOLD_OF_LOCKS"


class _Held:
    """The open file of a lock while it is held, which a process made by fork lets go of at once.

    Such a process shares the open file, and with it the kernel's lock: it would hold the lock for as long as it lives,
    whatever becomes of who took it. That it closes its own descriptor does not release the lock.
    """

    all: ClassVar[set[_Held]] = set()

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def _hold(self, descriptor: int) -> None:
        self._descriptor = descriptor
        _Held.all.add(self)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None
        _Held.all.discard(self)

    @staticmethod
    def forked() -> None:
        """Lets go of all that the process held from which this one was made."""
        for held in list(_Held.all):
            held._close()


os.register_at_fork(after_in_child=_Held.forked)


class KeyLock(_Held):
    """An exclusive lock on a key of a store, released by the kernel however the process ends.

    On a file system without locks it is taken by whoever asks: saving stays atomic, but two processes may compute the
    same. The lock's file then says who took it, so that others can see whether they live.

    Args:
        root: The store's folder.
        key: What is locked; a plain name.
        on_wait: Called once if another process holds the lock.
    """

    def __init__(self, root: Path, key: str, on_wait: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._path = root / "locks" / f"{key}.lock"
        self._on_wait = on_wait

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
            try:
                self._path.unlink(missing_ok=True)
            except OSError:  # the store became read-only; an empty file that nobody holds is no lock
                pass
            finally:
                self._close()

    def _take(self, mode: int) -> bool:
        with told(self._path, "be locked"):
            descriptor = _opened(self._path)
            try:
                if not _flock(descriptor, mode):
                    os.write(descriptor, _owner().encode())
            except BlockingIOError:
                os.close(descriptor)
                return False
            except BaseException:
                os.close(descriptor)
                raise
        if not self._is_current(descriptor):  # its holder removed the file while we waited
            os.close(descriptor)
            return self._take(mode)
        self._hold(descriptor)
        return True

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


class StoreLock(_Held):
    """The lock on a whole store: runs share it while they work, and what removes things holds it alone.

    Args:
        root: The store's folder; made if it is not there.

    Attributes:
        works: Whether the file system has locks at all, as far as is known.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.works = True
        self._path = root / STORE_LOCK

    def share(self) -> None:
        """Takes the lock together with others, waiting for one who holds it alone."""
        self._take(fcntl.LOCK_SH)

    def try_alone(self) -> bool:
        """Takes the lock if nobody has it; never on a file system without locks, where nobody can know."""
        try:
            return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False

    def release(self) -> None:
        """Lets go."""
        self._close()

    def _take(self, mode: int) -> bool:
        try:
            descriptor = self._descriptor if self._descriptor is not None else _opened(self._path)
            self._hold(descriptor)
            self.works = _flock(descriptor, mode)
            return self.works
        except BlockingIOError:
            raise
        except OSError as error:
            self.release()
            with told(self._path.parent, "be used"):
                raise error


def is_held(root: Path, key: str) -> bool:
    """Whether some process holds the lock of a key; nothing is created or changed."""
    path = root / "locks" / f"{key}.lock"
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        if _flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB):  # others who only look are none who hold it
            return False
        return _lives(os.read(descriptor, 1000).decode(errors="replace"))
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o666)


def _flock(descriptor: int, mode: int) -> bool:
    """Locks an open file; False, with one warning, if its file system has no locks."""
    try:
        fcntl.flock(descriptor, mode)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        warn_of_no_locks()
        return False
    return True


def warn_of_no_locks() -> None:
    """Says once what does not hold without locks; the processes that this one starts know that it was said."""
    if not os.environ.get(TOLD):
        os.environ[TOLD] = "1"
        warnings.warn(
            "the store lies on a file system without locks: what is saved is whole, but two runs at once may compute"
            " the same, and `headway store gc` cannot work; HEADWAY_STORE names another folder",
            stacklevel=2,
        )


def _owner() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def _lives(owner: str) -> bool:
    """Whether a process that wrote its name is alive; those of other machines are taken to be."""
    host, _, number = owner.partition(" ")
    if host != socket.gethostname() or not number.isdigit():
        return bool(owner)
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
