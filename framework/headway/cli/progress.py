"""What a run shows while it works: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from headway.cli.running import Running, Stages, percentage, times, written
from headway.progress import INTERVAL
from headway.streams import lasting

if TYPE_CHECKING:
    from rich.console import Console

    from headway.progress import Progress
    from headway.results import Listener, StageOutcome


MOST = 3
"""How many reasons are shown while a run works."""


@contextmanager
def progress() -> Iterator[Listener]:
    """A listener for this standard error: live on a terminal, plain lines where lines cannot be redrawn."""
    if not sys.stderr.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        yield Plain(sys.stderr)
        return
    from rich.console import Console

    with live(Console(file=lasting(sys.stderr), highlight=False)) as listener:
        yield listener


@contextmanager
def live(console: Console) -> Iterator[Live]:
    """Bars at the bottom of a terminal; they are gone, and the cursor is back, however it ends."""
    from rich.live import Live as Screen

    from headway.cli.bars import Bars

    stages = Stages()
    above = sys.stdout.isatty()  # what a stage prints in this process, unless it goes to a file
    rate = 1 / INTERVAL
    screen = Screen(Bars(stages), console=console, transient=True, refresh_per_second=rate, redirect_stdout=above)
    with screen:
        yield Live(console, stages)


def _summary(label: str, outcome: StageOutcome) -> str:
    words = {"cached": "cached", "done": f"done in {outcome.seconds:.1f} s"}
    if outcome.status == "skipped" and outcome.failure:
        return f"{label:<24} skipped: {outcome.failure.what}"
    return f"{label:<24} {words.get(outcome.status, outcome.status)}"


def _why(reasons: tuple[str, ...]) -> str:
    """The first reasons; `headway plan` and `headway runs show` have all."""
    more = f" (and {len(reasons) - MOST} more)" if len(reasons) > MOST else ""
    return "; ".join(reasons[:MOST]) + more


class Plain:
    """One line an event; steps and progress at most every `interval` seconds, so a log stays readable."""

    interval = 5.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = lasting(stream)
        self._running = Stages()
        self._said: dict[str, float] = {}

    def stage_started(self, label: str, reasons: tuple[str, ...]) -> None:
        """A stage begins; why it is not cached."""
        self._running[label] = Running(label)
        self._said[label] = time.monotonic()
        self._say(f"{label:<24} runs: {_why(reasons)}")

    def stage_waiting(self, label: str) -> None:
        """Another process computes the same stage."""
        self._say(f"{label:<24} waits: another process is computing it")

    def step(self, label: str, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""
        self._running[label].news = written(step, metrics)
        self._tell(label)

    def progress(self, label: str, progress: Progress) -> None:
        """How far a stage is."""
        self._running[label].advance(progress)
        self._tell(label)

    def output(self, label: str, text: str) -> None:
        """A line the stage printed or logged."""
        self._say(f"{label:<24} | {text}")

    def stage_finished(self, label: str, outcome: StageOutcome) -> None:
        """A stage has ended."""
        self._running.pop(label, None)
        self._say(_summary(label, outcome))

    def _tell(self, label: str) -> None:
        """How a stage goes on, if it is its turn: several that run at once share the interval."""
        now = time.monotonic()
        if label not in self._running or now - self._said[label] < self.interval * len(self._running):
            return
        self._said[label], running = now, self._running[label]
        part = f"{percentage(running.progress).strip()}  {times(running)}  " if running.progress else ""
        self._say(f"{label:<24} {part}{running.details}")

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Live:
    """A bar or the latest news of every running stage, under the lines of what is finished.

    Args:
        console: Where lines are printed.
        stages: What is running, by label; drawn by `headway.cli.bars.Bars`.
    """

    def __init__(self, console: Console, stages: Stages) -> None:
        self._console = console
        self._stages = stages

    def stage_started(self, label: str, reasons: tuple[str, ...]) -> None:
        """A stage begins; why it is not cached."""
        self._stages[label] = Running(label, _why(reasons))

    def stage_waiting(self, label: str) -> None:
        """Another process computes the same stage."""
        self._stages[label].news = "waits: another process is computing it"

    def step(self, label: str, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""
        self._stages[label].news = written(step, metrics)

    def progress(self, label: str, progress: Progress) -> None:
        """How far a stage is."""
        self._stages[label].advance(progress)

    def output(self, label: str, text: str) -> None:
        """A line the stage printed or logged."""
        self._console.print(f"{label:<24} | {text}", markup=False, style="dim")

    def stage_finished(self, label: str, outcome: StageOutcome) -> None:
        """A stage has ended."""
        self._stages.pop(label, None)
        colour = {"done": "green", "cached": "cyan", "skipped": "yellow", "pruned": "yellow"}.get(outcome.status, "red")
        self._console.print(_summary(label, outcome), style=colour, markup=False)
