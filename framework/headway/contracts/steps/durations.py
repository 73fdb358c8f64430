"""Spans of time as people write them."""

from __future__ import annotations

import re

from headway.errors import DataError

UNITS = {
    "us": 1, "ms": 10**3, "s": 10**6, "m": 60 * 10**6, "h": 3_600 * 10**6, "d": 86_400 * 10**6, "w": 604_800 * 10**6,
}  # fmt: skip
"""Microseconds in each unit."""

LONGEST = 10_000 * 366 * 86_400 * 10**6
"""No span is longer, in microseconds: moments plus or minus a span must fit in 64 bits."""

_PART = r"([0-9]+)(us|ms|[smhdw])"


def parse_duration(text: str) -> int:
    """Microseconds of a span such as ``30s``, ``15m``, ``7d`` or ``1d12h``; months and years have no fixed length.

    Raises:
        DataError: The text is no such span, or it is longer than 10,000 years.
    """
    try:
        return _span(text)
    except DataError as error:
        raise DataError(f"'{text}' {error.what}", hint=error.hint, code=error.code) from None


def check_duration(text: str) -> None:
    """Raises `DataError` if a text is no span; what it says goes on where the name of the text ends."""
    _span(text)


def _span(text: str) -> int:
    is_span = re.fullmatch(f"({_PART})+", text)
    span = sum(int(number) * UNITS[unit] for number, unit in re.findall(_PART, text))
    if not is_span or span > LONGEST:
        raise DataError(
            "is longer than 10,000 years" if is_span else "is no span of time",
            hint="whole numbers with us, ms, s, m, h, d or w, such as 30s, 15m, 1h, 7d, 2w or 1d12h",
            code="duration",
        )
    return span
