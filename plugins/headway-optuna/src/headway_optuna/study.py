"""A study on disk: what happened is appended to its journal, and what is known of it kept up to date."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from headway_optuna.trial import FINISHED, Event, Study, Trial, after, trials

DURABLE = ("ask", "tell", "final")


class Folder(Protocol):
    """What is needed of `headway.store.studies.StudyFolder`."""

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Adds a line to the journal."""

    def events(self) -> list[Event]:
        """All lines."""

    def stop_asked(self) -> bool:
        """Whether somebody wants the sweep to stop."""


class Kept:
    """A study and its journal.

    Args:
        folder: Where it is kept.
        study: What is known of it beside its trials.

    Attributes:
        study: What is known of it.
        events: The journal as it was found.
    """

    def __init__(self, folder: Folder, study: Study) -> None:
        self._folder = folder
        self.events = folder.events()
        self._trials = {trial.number: trial for trial in trials(self.events)}
        finals = [event for event in self.events if event["event"] == "final"]
        self._about = replace(study, final=finals[-1]["run"] if finals else None)
        self.final = finals[-1]["trial"] if finals else None

    @property
    def study(self) -> Study:
        """What is known now."""
        return replace(self._about, trials=tuple(self._trials.values()))

    @property
    def finished(self) -> int:
        """How many trials count."""
        return sum(trial.state in FINISHED for trial in self._trials.values())

    def trial(self, number: int) -> Trial:
        """One trial."""
        return self._trials[number]

    def stop_asked(self) -> bool:
        """Whether somebody wants the sweep to stop."""
        return self._folder.stop_asked()

    def record(self, event: Event) -> None:
        """Writes down an event; what a trial is and what became of it so that it outlasts a power cut."""
        made = {**event, "time": round(time.time(), 3)}
        self._folder.append(made, durable=event["event"] in DURABLE)
        number = event["trial"]
        if event["event"] == "ask":
            self._trials[number] = Trial(number, event["params"], tuple(event["words"]))
        else:
            self._trials[number] = after(self._trials[number], made)

    def began(self, number: int, runs: Sequence[str], worker: int) -> None:
        """A trial has begun to run, perhaps again; it has a run a fold."""
        folds = {"folds": list(runs[1:])} if runs[1:] else {}
        self.record({"event": "begin", "trial": number, "run": runs[0], **folds, "worker": worker})

    def concluded(self, number: int, run: str) -> None:
        """The best configuration was run in full."""
        self.record({"event": "final", "trial": number, "run": run})
        self._about, self.final = replace(self._about, final=run), number
