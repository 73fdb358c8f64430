"""What a sweep shows while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from headway.streams import lasting

from headway_optuna.lines import Working, ended, final, header, running
from headway_optuna.tally import Tally
from headway_optuna.texts import figure, one_line, short_names
from headway_optuna.trial import Study, Trial

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

INTERVAL = 0.25
"""Seconds between two drawings of a terminal."""

STYLES = {"complete": "", "pruned": "dim", "failed": "red", "infeasible": "yellow", "best": "bold green"}


def watching(study: Study, workers: int, stream: TextIO | None = None) -> Watch:
    """What is told of a sweep's trials, as a context manager.

    Args:
        study: What is known when the command starts.
        workers: How many trials run at once.
        stream: Where it is shown; standard error by default.
    """
    stream = stream or sys.stderr
    if not stream.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        return Plain(study, workers, stream)
    from rich.console import Console

    return Live(study, workers, Console(file=lasting(stream), highlight=False))


class Watch(ABC):
    """Told what happens to trials; says what stays to be read, one line an event."""

    def __init__(self, study: Study, workers: int) -> None:
        self.tally = Tally(study, workers)
        self.working: dict[int, Working] = {}
        self._study = study
        self._names = short_names(study.parameters)
        self._since = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._say(final(self._study, self.tally, self.elapsed))

    @property
    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._since

    def began(self, trial: Trial) -> None:
        """A trial has begun, or goes on: then it has several runs."""
        self.working[trial.number] = Working(trial)
        if not self._study.parameters:
            self._names |= {key: key for key in trial.params}
        if len(trial.runs) > 1:
            self._say(f"trial {trial.number} goes on: attempt {len(trial.runs)}", "yellow")

    def stage(self, number: int, label: str, text: str) -> None:
        """What a trial's stage does or waits for."""
        if number in self.working:
            self.working[number].news = f"{label} {text}".rstrip()

    def report(self, number: int, step: int, value: float) -> None:
        """An intermediate value."""
        if number in self.working:
            self.working[number].news = f"step {step}  {figure(value)}"

    def ended(self, trial: Trial, study: Study) -> None:
        """A trial has ended.

        Args:
            trial: As it was told.
            study: What is known now; its trials are not read.
        """
        self.working.pop(trial.number, None)
        self._study, is_best = study, self.tally.add(trial)
        line = ended(trial, study, is_best, self._names, self._width)
        self._say(line, STYLES["best" if is_best else trial.state])

    def note(self, text: str) -> None:
        """A warning, or what else should stay to be read."""
        self._say(one_line(text), "yellow")

    @property
    def _width(self) -> int | None:
        """Columns that a line may take; None where it may take as many as it likes."""
        return None

    @abstractmethod
    def _say(self, text: str, style: str = "") -> None:
        """Shows a line that stays."""


class Plain(Watch):
    """One line an event."""

    def __init__(self, study: Study, workers: int, stream: TextIO) -> None:
        super().__init__(study, workers)
        self._stream = lasting(stream)

    def _say(self, text: str, style: str = "") -> None:
        print(text, file=self._stream, flush=True)


class Live(Watch):
    """A line a running trial at the bottom of a terminal, under the lines of those that have ended.

    Events only note what is new; a thread draws it, so that a thousand events a second cost no more than four.
    """

    def __init__(self, study: Study, workers: int, console: Console) -> None:
        super().__init__(study, workers)
        self._console = console
        self._news: list[tuple[str, str]] = []
        self._done = threading.Event()
        self._drawing = threading.Thread(target=self._draw, name="sweep", daemon=True)

    def __enter__(self) -> Self:
        from rich.live import Live as Screen

        above = sys.stdout.isatty()
        self._screen = Screen(
            self, console=self._console, transient=True, auto_refresh=False, redirect_stdout=above
        ).__enter__()
        self._drawing.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._drawing.join()
        super().__exit__(kind, error, at)
        self._print()
        self._screen.__exit__(kind, error, at)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        width = max(10, options.max_width - 3)  # room for the ^C that a terminal echoes
        working = sorted(self.working.values(), key=lambda work: work.trial.number)
        yield Text(header(self._study, self.tally, working, self.elapsed, width), "bold", no_wrap=True)
        shown = working[: max(1, console.height - 2)]
        yield from (Text(line, no_wrap=True) for line in running(shown, self._names, width))

    @property
    def _width(self) -> int:
        return self._console.width - 1

    def _say(self, text: str, style: str = "") -> None:
        self._news.append((text, style))

    def _draw(self) -> None:
        while not self._done.wait(INTERVAL):
            if not self._print():
                self._screen.refresh()

    def _print(self) -> bool:
        """Prints what was said since; whether anything was."""
        from rich.text import Text

        count = len(self._news)
        news, self._news[:count] = self._news[:count], []
        if news:
            self._console.print(Text("\n").join(Text(text, style) for text, style in news), soft_wrap=True)
        return bool(news)
