"""Durable, atomic writes: beside the place, synced, then renamed into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headway.errors import StoreError


@contextmanager
def told(path: Path, action: str) -> Iterator[None]:
    """Turns an operating system error into a `StoreError` that says what could not be done."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the store cannot {action}: {error.strerror or error} ({path})",
            hint="check the free space and the permissions of the folder; what was saved before is untouched",
            code="store",
        ) from error


def sync_file(path: Path) -> None:
    """Makes a file's content durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes, scratch: Path) -> None:
    """Replaces a file as a whole, or not at all, even if the power fails; then the old one may still be there.

    Args:
        path: The file.
        content: Its new content.
        scratch: A folder of the same file system to write it in first.
    """
    handle, name = tempfile.mkstemp(dir=scratch)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Removes a file or a folder with all that is in it; nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def link_atomically(path: Path, target: str) -> None:
    """Points the symbolic link `path` at `target`, replacing it as a whole."""
    beside = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(path)


def file_system(folder: Path) -> str:
    """The type of the file system that a folder lies on, such as ``ext4`` or ``nfs4``; empty if it cannot be told."""
    place = os.path.realpath(folder)
    best, kind = "", ""
    with suppress(OSError):
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines():
            mount, found = _unescaped(line.split(" ")[1]), line.split(" ")[2]
            if len(mount) >= len(best) and (place + "/").startswith(mount.rstrip("/") + "/"):
                best, kind = mount, found
    return kind


def _unescaped(mount: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        mount = mount.replace(code, character)
    return mount
