"""A study on disk: what happened is appended to its journal, and what is known of it kept up to date."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from headway_optuna.trial import Event, Study, Trial, after, trials

if TYPE_CHECKING:
    from headway_optuna.trial import State


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
        return sum(trial.state in ("complete", "pruned") for trial in self._trials.values())

    def trial(self, number: int) -> Trial:
        """One trial."""
        return self._trials[number]

    def stop_asked(self) -> bool:
        """Whether somebody wants the sweep to stop."""
        return self._folder.stop_asked()

    def asked(self, number: int, params: Mapping[str, Any], words: Sequence[str]) -> None:
        """A trial was asked for."""
        self._append("ask", number, durable=True, params=dict(params), words=list(words))

    def began(self, number: int, run: str, worker: int) -> None:
        """A trial has begun to run, perhaps again."""
        self._append("begin", number, run=run, worker=worker)

    def reported(self, number: int, step: int, value: float) -> None:
        """A trial has an intermediate value."""
        self._append("report", number, step=step, value=value)

    def told(
        self, number: int, state: State, values: Sequence[float], reason: str, violations: Sequence[float]
    ) -> None:
        """A trial has ended."""
        self._append("tell", number, durable=True, state=state, values=list(values), reason=reason,
                     violations=list(violations))  # fmt: skip

    def concluded(self, number: int, run: str) -> None:
        """The best configuration was run in full."""
        self._append("final", number, durable=True, run=run)
        self._about, self.final = replace(self._about, final=run), number

    def _append(self, event: str, trial: int, *, durable: bool = False, **data: Any) -> None:
        made = {"event": event, "trial": trial, **data, "time": round(time.time(), 3)}
        self._folder.append(made, durable=durable)
        if event == "ask":
            self._trials[trial] = Trial(trial, data["params"], tuple(data["words"]))
        else:
            self._trials[trial] = after(self._trials[trial], made)
