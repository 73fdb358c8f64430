"""How far a running stage is: for the terminal only; it is never kept, tracked or part of a result."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

INTERVAL = 0.125
"""Seconds between two messages of a stage that goes on and on: a terminal is drawn no more often."""
BURST = 0.5
"""Seconds of silence that are made up for: the first steps of a stage are told even if they come at once."""


@dataclass(frozen=True)
class Progress:
    """How far a running stage is.

    Attributes:
        done: What is done, in units; from 0 to `total`.
        total: What is to do; above 0.
        unit: What is counted, in the plural, such as ``epochs``.
        at_most: Whether the stage may end before `total`, as early stopping does.
        note: What else is to be known, in a few words.
    """

    done: float
    total: float
    unit: str = ""
    at_most: bool = False
    note: str = ""

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return self.done / self.total

    @classmethod
    def of(cls, done: float, total: float, unit: str, at_most: bool, note: str) -> Progress | None:
        """What a stage says, within its bounds; None if its numbers mean nothing, for that must not stop it."""
        done, total = float(done), float(total)
        if not (math.isfinite(done) and math.isfinite(total) and total > 0):
            return None
        return cls(min(max(done, 0.0), total), total, unit, at_most, note)


class Throttle:
    """Lets through some eight messages a second, however often it is asked."""

    def __init__(self) -> None:
        self._due = -math.inf

    def open(self) -> bool:
        """Whether a message may pass now."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = max(self._due, now - BURST) + INTERVAL
        return True
