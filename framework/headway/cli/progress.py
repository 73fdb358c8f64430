"""What a run shows while it works: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from headway.runner import Listener, StageOutcome


MOST = 3
"""How many reasons are shown while a run works."""


@contextmanager
def progress() -> Iterator[Listener]:
    """A listener for this standard error: live on a terminal, plain lines when piped."""
    if not sys.stderr.isatty():
        yield Plain(sys.stderr)
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status("") as status:
        status.stop()
        yield Live(console, status)


def _summary(label: str, outcome: StageOutcome) -> str:
    words = {"cached": "cached", "done": f"done in {outcome.seconds:.1f} s"}
    if outcome.status == "skipped" and outcome.failure:
        return f"{label:<24} skipped: {outcome.failure.what}"
    return f"{label:<24} {words.get(outcome.status, outcome.status)}"


def _why(reasons: tuple[str, ...]) -> str:
    """The first reasons; `headway plan` and `headway runs show` have all."""
    more = f" (and {len(reasons) - MOST} more)" if len(reasons) > MOST else ""
    return "; ".join(reasons[:MOST]) + more


def _metrics(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())


class Plain:
    """One line an event; steps at most every `interval` seconds, so a log stays readable."""

    interval = 5.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = 0.0

    def stage_started(self, label: str, reasons: tuple[str, ...]) -> None:
        """A stage begins; why it is not cached."""
        self._last = time.monotonic()
        self._say(f"{label:<24} runs: {_why(reasons)}")

    def stage_waiting(self, label: str) -> None:
        """Another process computes the same stage."""
        self._say(f"{label:<24} waits: another process is computing it")

    def step(self, label: str, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""
        if time.monotonic() - self._last >= self.interval:
            self._last = time.monotonic()
            self._say(f"{label:<24} step {step}  {_metrics(metrics)}")

    def output(self, label: str, text: str) -> None:
        """A line the stage printed or logged."""
        self._say(f"{label:<24} | {text}")

    def stage_finished(self, label: str, outcome: StageOutcome) -> None:
        """A stage has ended."""
        self._say(_summary(label, outcome))

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Live:
    """A spinner with the latest news of every running stage, under the lines of what is finished."""

    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status
        self._running: dict[str, str] = {}

    def stage_started(self, label: str, reasons: tuple[str, ...]) -> None:
        """A stage begins; why it is not cached."""
        self._update(label, _why(reasons))
        self._status.start()

    def stage_waiting(self, label: str) -> None:
        """Another process computes the same stage."""
        self._update(label, "waits: another process is computing it")

    def step(self, label: str, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""
        self._update(label, f"step {step}  {_metrics(metrics)}")

    def output(self, label: str, text: str) -> None:
        """A line the stage printed or logged."""
        self._console.print(f"{label:<24} | {text}", markup=False, style="dim")

    def stage_finished(self, label: str, outcome: StageOutcome) -> None:
        """A stage has ended."""
        self._running.pop(label, None)
        if not self._running:
            self._status.stop()
        self._show()
        colour = {"done": "green", "cached": "cyan", "skipped": "yellow"}.get(outcome.status, "red")
        self._console.print(_summary(label, outcome), style=colour, markup=False)

    def _update(self, label: str, text: str) -> None:
        self._running[label] = text
        self._show()

    def _show(self) -> None:
        from rich.markup import escape

        lines = [f"{label:<22} {text}"[: self._console.width - 4] for label, text in self._running.items()]
        self._status.update(escape("\n  ".join(lines)))
