"""A study on disk: what happened is appended to its journal, and what is known of it kept up to date."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from headway_optuna.trial import FINISHED, Event, Study, Trial, after, trials

DURABLE = ("ask", "final")
"""Events that are on the disk, with all before them, before anything else happens. An outcome is so by the next ask; a
power cut until then takes one that is told again, of stages that the store has."""


class Folder(Protocol):
    """What is needed of `headway.store.studies.StudyFolder`."""

    @property
    def description(self) -> dict[str, Any] | None:
        """What it is."""

    def describe(self, description: Mapping[str, Any]) -> None:
        """Says what it is."""

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Adds a line to the journal."""

    def events(self) -> list[Event]:
        """All lines."""

    def stop_asked(self) -> bool:
        """Whether somebody wants the sweep to stop."""


Parts = Mapping[str, Mapping[str, str]]


def changed(before: Parts, now: Parts) -> list[str]:
    """The stages that are made of something else, with what; a part that several have is told once."""
    found: dict[tuple[str, ...], list[str]] = {}
    for stage, parts in now.items():
        old = before.get(stage, parts)
        differ = tuple(part for part in dict.fromkeys([*old, *parts]) if old.get(part) != parts.get(part))
        if differ:
            found.setdefault(differ, []).append(stage)
    return [f"{_several(parts)} of {', '.join(stages)} changed" for parts, stages in found.items()]


def _several(parts: Sequence[str], most: int = 3) -> str:
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + more


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

    def changes(self, made_of: Mapping[str, Mapping[str, str]]) -> list[str]:
        """What has changed of the code and the data since the study began, a sentence each.

        Args:
            made_of: Stage → what decides its results beside its config, such as a module → its digest.
        """
        described = self._folder.description or {}
        before = described.get("made_of")
        if before is None:
            self._folder.describe({**described, "made_of": made_of})
            return []
        others = "trials from before may not compare; sweep.name=NAME begins anew"
        return [f"{line} since the study began: {others}" for line in changed(before, made_of)] if self._trials else []

    def exhausted(self) -> None:
        """Every point was tried: no more trials are wanted than have finished."""
        self._folder.describe({**(self._folder.description or {}), "trials": max(1, self.finished)})
        self._about = replace(self._about, wanted=max(1, self.finished))

    def stop_asked(self) -> bool:
        """Whether somebody wants the sweep to stop."""
        return self._folder.stop_asked()

    def record(self, event: Event) -> None:
        """Writes down an event; what a trial is so that it outlasts a power cut."""
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
