"""Streams whose reader may go while there is still work to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


def lasting(stream: TextIO) -> TextIO:
    """The stream as one that goes silent once nobody can read it: a run is worth more than what is said of it.

    Args:
        stream: Where it writes to; what it cannot write is dropped.
    """
    return cast("TextIO", _Lasting(stream))


class _Lasting:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _silenced(self._stream):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with _silenced(self._stream):
            self._stream.flush()


@contextmanager
def _silenced(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except OSError:
        with suppress(OSError):  # no file is behind it
            target = stream.fileno()
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, target)  # what is still buffered would fail again when Python ends, with a code of its own
            os.close(nothing)
