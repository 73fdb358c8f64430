"""Spans of time as people write them."""

from __future__ import annotations

import re

from headway.errors import DataError

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
"""Seconds in each unit."""

LONGEST = 10_000 * 366 * 86_400 * 10**6
"""No span is longer, in microseconds: moments plus or minus a span must fit in 64 bits."""


def parse_duration(text: str) -> int:
    """Microseconds of a span such as ``30s``, ``15m``, ``1h``, ``7d`` or ``2w``.

    Raises:
        DataError: The text is no such span, or it is longer than 10,000 years.
    """
    match = re.fullmatch(r"([0-9]+)([smhdw])", text)
    span = int(match[1]) * UNITS[match[2]] * 10**6 if match else LONGEST + 1
    if span > LONGEST:
        raise DataError(
            f"'{text}' is no span of time" if match is None else f"'{text}' is longer than 10,000 years",
            hint="a whole number with s, m, h, d or w, such as 30s, 15m, 1h, 7d, 2w",
            code="duration",
        )
    return span
