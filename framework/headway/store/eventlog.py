"""A file of events that is only appended to: what was written stays, and what is damaged is noticed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zlib import crc32

from headway.errors import Place, StoreError, room_in
from headway.store.files import told

SEAL = ', "crc": "%08x"}'
SHOWN = 100
"""Bytes of a damaged line that are shown."""


@dataclass(frozen=True)
class Reading:
    """What a file of events holds.

    Attributes:
        events: The events, in their order.
        end: Bytes up to which the file is whole; the rest was being written when a process was killed.
        damaged: The number of the last line, if it is all there but not as it was written.
    """

    events: tuple[dict[str, Any], ...] = ()
    end: int = 0
    damaged: int | None = None


class EventLog:
    """Appends to a file of events, one JSON object a line; a context manager that closes it.

    Each line ends with a checksum of the rest, ``"crc"``, so that even a digit that changed is noticed. One process at
    a time appends, which the caller sees to; any number reads meanwhile.

    Args:
        path: The file; made if it is not there. What is torn at its end is cut off.

    Raises:
        StoreError: It cannot be read or written, or it is damaged before its end; then it is left as it was.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._torn: int | None = read(path).end
        with told(path, "be written"), room_in(path.parent):
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            self._mend()
        except BaseException:
            self.close()
            raise

    def append(self, event: Mapping[str, Any], *, durable: bool = False) -> None:
        """Adds an event: all of it, or nothing if this raises.

        Args:
            event: JSON types with finite numbers.
            durable: Whether it, and all before it, is on the disk when this returns.

        Raises:
            StoreError: It cannot be written, such as for want of space.
            ValueError: A number is not finite.
        """
        line = sealed(event)
        self._mend()
        with told(self._path, "append"), room_in(self._path.parent):
            end = os.fstat(self._descriptor).st_size
            try:
                self._write(line)
                if durable:
                    os.fsync(self._descriptor)
            except OSError:
                self._torn = end
                with suppress(StoreError):  # else before the next line
                    self._mend()
                raise

    def _write(self, line: bytes) -> None:
        """Writes a line in one piece, which readers see at once; what a full disk refuses is asked for again."""
        written = os.write(self._descriptor, line)
        while written < len(line):
            written += os.write(self._descriptor, line[written:])

    def _mend(self) -> None:
        """Cuts off what is torn."""
        if self._torn is not None:
            with told(self._path, "be mended"):
                if os.fstat(self._descriptor).st_size > self._torn:
                    os.ftruncate(self._descriptor, self._torn)
            self._torn = None

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sealed(event: Mapping[str, Any]) -> bytes:
    """An event as a line with its checksum."""
    body = json.dumps(event, allow_nan=False)[:-1]
    return f"{body}{SEAL % crc32(body.encode())}\n".encode()


def opened(line: bytes) -> dict[str, Any] | None:
    """The event of a line without its end; None if it is not as it was written."""
    at = len(line) - len(SEAL % 0)
    body = line[: max(at, 0)]
    if line[len(body) :] != (SEAL % crc32(body)).encode():
        return None
    try:
        event = json.loads(body + b"}")
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def read(path: Path) -> Reading:
    """Reads a file of events; nothing is changed. What is torn or damaged at its very end is left out.

    Raises:
        StoreError: It cannot be read, or a line before the last is damaged.
    """
    try:
        with told(path, "be read"):
            *lines, _ = path.read_bytes().split(b"\n")
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return Reading()
        raise
    events = [opened(line) for line in lines]
    whole = [event for event in events if event is not None]
    if len(whole) < len(events) and (number := events.index(None)) < len(events) - 1:
        raise _damaged(path, number + 1, lines[number])
    end = sum(len(line) + 1 for line in lines[: len(whole)])
    return Reading(tuple(whole), end, len(events) if len(whole) < len(events) else None)


def _damaged(path: Path, number: int, line: bytes) -> StoreError:
    text = line[:SHOWN].decode(errors="replace")
    return StoreError(
        f"line {number} of a journal is not what was written, and whole lines follow it",
        where=Place(str(path), number, 1, text, len(text)),
        hint="nothing was changed; put a backup in its place, or delete this line and all that follow, which happens"
        " again then",
        code="damaged-journal",
    )
