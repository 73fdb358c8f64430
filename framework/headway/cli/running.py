"""A running stage, as the terminal knows it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.progress import Progress

SOON = 1.0
"""Seconds of progress without which the time that is left is not guessed."""
FAR = 360_000.0
"""Seconds left at most that tell nothing: a stage that may end early does so before a hundred hours."""


class Running:
    """One running stage: how far it is, for how long, and what it said last.

    The time left is guessed from the speed since the stage first said how far it is, which a resumed training does in
    the middle; a stage that counts something else, or anew, starts over.

    Args:
        label: The stage's label.
        news: Why it runs.

    Attributes:
        progress: How far it is, if it says so.
        news: What it said last.
    """

    def __init__(self, label: str, news: str = "") -> None:
        self.label = label
        self.news = news
        self.progress: Progress | None = None
        self._digits = 0  # behind the point of what is done: 1 if it ever counted in fractions
        self._started = self._first_at = self._latest_at = time.monotonic()
        self._first = 0.0

    def advance(self, progress: Progress) -> None:
        """It is so far."""
        self._digits = max(self._digits, int(progress.done % 1 > 0))
        before, self.progress, self._latest_at = self.progress, progress, time.monotonic()
        goes_on = before is not None and (before.unit, before.total) == (progress.unit, progress.total)
        if before is None or not goes_on or progress.done < before.done:
            self._first, self._first_at = progress.done, self._latest_at

    @property
    def elapsed(self) -> float:
        """Seconds since it started."""
        return time.monotonic() - self._started

    @property
    def details(self) -> str:
        """Such as ``3.4 of at most 100 epochs  best epoch 2, stops in 7  step 3  validation.loss 0.3123``."""
        progress = self.progress
        parts = [_amount(progress, self._digits), progress.note] if progress else []
        return "  ".join(part for part in (*parts, self.news) if part)

    @property
    def left(self) -> float | None:
        """Seconds that it will still take, or None if that can't be told yet."""
        spent = self._latest_at - self._first_at
        if self.progress is None or self.progress.done <= self._first or spent < SOON:
            return None
        rest = (self.progress.total - self.progress.done) * spent / (self.progress.done - self._first)
        return max(0.0, rest - (time.monotonic() - self._latest_at))


class Stages(dict[str, Running]):
    """The running stages by label. In rare grids two have the same: news of the one that is left go nowhere."""

    def __missing__(self, label: str) -> Running:
        return Running(label)


def _amount(progress: Progress, digits: int) -> str:
    """Such as ``3.4 of at most 100 epochs``."""
    most = "at most " if progress.at_most else ""
    total = f"{progress.total:,.{int(progress.total % 1 > 0)}f}"
    return f"{progress.done:,.{digits}f} of {most}{total} {progress.unit}".rstrip()


def times(running: Running) -> str:
    """Such as ``0:12, at most 0:23 left``."""
    left = running.left
    if left is None or running.progress is None or (running.progress.at_most and left > FAR):
        return clock(running.elapsed)
    most = "at most " if running.progress.at_most else ""
    return f"{clock(running.elapsed)}, {most}{clock(left)} left"


def clock(seconds: float) -> str:
    """Such as ``0:07`` or ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def percentage(progress: Progress) -> str:
    """Such as `` 34%``; 100 only when all is done."""
    return f"{int(progress.share * 100):3}%"


def written(step: int, metrics: Mapping[str, float]) -> str:
    """Such as ``step 3  validation.loss 0.3123``."""
    return "  ".join([f"step {step}", *(f"{name} {value:.4g}" for name, value in metrics.items())])
