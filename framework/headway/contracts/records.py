"""Whether every record of a delimited text has the same number of fields, at the speed of memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 22
LINE_END = ord("\n")
Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Form:
    """How fields are told apart.

    Attributes:
        separator: One ASCII character.
        quote: One ASCII character, or nothing.
    """

    separator: str = ","
    quote: str = '"'


def is_regular(stream: BinaryIO, form: Form, skip: int, width: int) -> bool:
    """Whether all records of a text, after the first lines, have that many fields, and all quotes enclose fields.

    A separator or a line end counts where the number of quotes before it is even, as in RFC 4180.
    """
    inside, pending, is_cut = False, 0, False
    for _ in range(skip):
        stream.readline()
    while chunk := stream.read(CHUNK) + stream.readline():
        data = np.frombuffer(chunk, np.uint8)
        within, inside = _within(data, form, inside)
        if within is None:
            return False
        ends, separators = _where(data, LINE_END, within), _where(data, ord(form.separator), within)
        before = np.searchsorted(separators, ends)
        counts = np.diff(before, prepend=-pending)
        if (counts != width - 1).any():
            return False
        pending = int(separators.size - before[-1]) if ends.size else pending + separators.size
        is_cut = not ends.size or int(ends[-1]) != data.size - 1
    return not inside and (not is_cut or pending == width - 1)


def _where(data: Bytes, byte: int, within: Bits) -> Positions:
    return np.flatnonzero((data == byte) & ~within)


def _within(data: Bytes, form: Form, inside: bool) -> tuple[Bits | None, bool]:
    """Which bytes are enclosed by quotes, None if a quote stands within a field, and whether the last one is."""
    quotes = np.flatnonzero(data == ord(form.quote)) if form.quote else np.empty(0, np.intp)
    if not quotes.size:
        return np.full(data.size, inside), inside
    opens = (np.arange(quotes.size) % 2 == 1) == inside
    starts, stops = quotes[opens], quotes[~opens]
    edges = [LINE_END, ord(form.separator), ord(form.quote)]
    before, after = data[starts[starts > 0] - 1], data[stops[stops < data.size - 1] + 1]
    if not (np.isin(before, edges).all() and np.isin(after, [*edges, ord("\r")]).all()):
        return None, inside
    within = np.logical_xor.accumulate(data == ord(form.quote)) ^ inside
    return within, bool(within[-1])
