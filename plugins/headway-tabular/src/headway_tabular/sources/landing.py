"""Files that are made once in the work folder and found again by the next attempt."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from headway.errors import room_in


def land(work: Path, name: str, stamp: object, write: Callable[[Path], None]) -> Path:
    """A file in the work folder, written unless an earlier attempt left it whole.

    Args:
        work: The folder.
        name: What the file is called, below a folder of its stamp.
        stamp: What its content depends on; its text is hashed.
        write: Writes it to the path it is given, which takes the name of the result when that is whole.
    """
    path = folder_of(work, stamp) / name
    if not path.exists():
        write_whole(path, write)
    return path


def folder_of(work: Path, stamp: object) -> Path:
    """The folder of what depends on a stamp."""
    return work / "sources" / hashlib.sha256(repr(stamp).encode()).hexdigest()[:16]


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Writes a file beside its place and moves it there when it is whole and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        with room_in(path.parent):
            write(beside)
            with beside.open("rb+") as stream:
                os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def stamp_of(path: Path) -> tuple[str, int, int]:
    """What tells a version of a local file from another: its path, size and time."""
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns
