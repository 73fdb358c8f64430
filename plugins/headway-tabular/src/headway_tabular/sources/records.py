"""Whether every record of a delimited text has the same number of fields, at the speed of memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHUNK = 1 << 22
LINE_END = ord("\n")


@dataclass(frozen=True)
class Form:
    """How fields are told apart.

    Attributes:
        separator: One ASCII character.
        quote: One ASCII character, or nothing.
    """

    separator: str = ","
    quote: str = '"'


def is_regular(path: Path, form: Form, skip: int, width: int) -> bool:
    """Whether all records of a text, after the first lines, have that many fields and all quotes are closed.

    A separator or a line end counts where the number of quotes before it is even, as in RFC 4180.
    """
    inside, pending, rest = False, 0, False
    with path.open("rb") as stream:
        for _ in range(skip):
            stream.readline()
        while chunk := stream.read(CHUNK):
            ends, separators, inside = _marks(chunk, form, inside)
            before = np.searchsorted(separators, ends)
            counts = np.diff(before, prepend=0)
            if ends.size:
                counts[0] += pending
                pending = separators.size - int(before[-1])
            else:
                pending += separators.size
            if (counts != width - 1).any():
                return False
            rest = not ends.size or int(ends[-1]) != len(chunk) - 1
    return not inside and (not rest or pending == width - 1)


def _marks(chunk: bytes, form: Form, inside: bool) -> tuple[np.ndarray, np.ndarray, bool]:
    """Where records end and fields are separated, and whether the chunk ends within quotes."""
    data = np.frombuffer(chunk, np.uint8)
    ends, separators = data == LINE_END, data == ord(form.separator)
    if inside or (form.quote and form.quote.encode() in chunk):
        within = np.logical_xor.accumulate(data == ord(form.quote)) ^ inside
        ends &= ~within
        separators &= ~within
        inside = bool(within[-1])
    return np.flatnonzero(ends), np.flatnonzero(separators), inside
