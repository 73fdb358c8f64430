"""What is common to commands with actions: their names, their options, and durations."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from headway.errors import UsageError
from headway.naming import unknown

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
"""Seconds of the letters in a duration."""


def action_of(arguments: argparse.Namespace, actions: Mapping[str, Sequence[str]]) -> str:
    """The action that is asked for.

    Args:
        arguments: With ``action``; options that were not given are None.
        actions: Name to the options it takes.

    Raises:
        UsageError: There is no such action, or an option belongs to another one.
    """
    action = str(arguments.action)
    if action not in actions:
        raise UsageError(unknown("action", action, actions), code="usage")
    for option in {name: None for names in actions.values() for name in names}:
        if getattr(arguments, option) is not None and option not in actions[action]:
            owners = ", ".join(name for name, options in actions.items() if option in options)
            flag = f"--{option.replace('_', '-')}"
            raise UsageError(f"{flag} is no option of {action}", hint=f"it belongs to {owners}", code="usage")
    return action


def seconds_of(text: str) -> float:
    """The seconds of a duration such as ``90s``, ``15m``, ``12h``, ``2d`` or ``1.5w``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no duration", hint="write 90s, 15m, 12h, 2d or 1.5w", code="duration")
    return float(found[1]) * UNITS[found[2]]


def moment_of(text: str) -> str:
    """UTC time, ISO 8601, of a date, a time (UTC if it names no zone), or a duration before now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.now(UTC) - timedelta(seconds=seconds_of(text))
        except UsageError:
            raise UsageError(
                f"{text!r} is no time", hint="write 2d, 12h, 2026-11-01 or 2026-11-01T09:30", code="time"
            ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def bytes_of(size: int) -> str:
    """A size for people, such as ``1.2 GB``."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
