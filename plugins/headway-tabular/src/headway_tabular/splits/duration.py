"""Lengths of time as users write them."""

from __future__ import annotations

import re
from datetime import timedelta

from headway import DataError

UNITS = {
    "us": "microseconds", "ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days",
    "w": "weeks",
}  # fmt: skip


def duration(text: str) -> timedelta:
    """The length of a text such as ``12h``, ``1d`` or ``1d12h``; whole numbers only.

    Raises:
        DataError: The text is no duration. Months and years have no fixed length and are none.
    """
    parts = re.findall(r"(\d+)(us|ms|[smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise DataError(f"{text!r} is no duration", hint="write 30m, 12h, 1d, 2w or 1d12h", code="duration")
    try:
        return sum((timedelta(**{UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise DataError(f"{text!r} is too long", hint="write 30m, 12h, 1d or 2w", code="duration") from None
