"""What the stages of one trial say, in the words of the sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from headway_optuna.live import Watch
    from headway_optuna.objective import Metric

NUMBER = "data.split.fold="


class Told(Protocol):
    """Who is told of a trial."""

    def began(self, stage: str, text: str) -> None:
        """A stage begins, or waits."""

    def report(self, step: int, value: float) -> None:
        """The trial has an intermediate value."""

    def said(self, text: str) -> None:
        """A stage printed or logged a line."""


class Following:
    """Listens to the runs of one trial.

    Without folds the steps of the objective's stage are the trial's. With folds each fold is a step, and its value the
    fold's objective; they are told in the order of the folds whichever ends first, so that equal trials have equal
    steps.

    Args:
        metric: The first objective.
        folds: How many folds; 1 if there are none.
        told: Who is told.
        history: Label of a stage that was cached → what it reported when it ran.
    """

    def __init__(
        self,
        metric: Metric,
        folds: int,
        told: Told,
        history: Callable[[str], Sequence[tuple[int, Mapping[str, float]]]],
    ) -> None:
        self._metric = metric
        self._folds = folds
        self._told = told
        self._history = history
        self._values: dict[int, float] = {}
        self._next = 0

    def stage_started(self, label: str, reasons: tuple[str, ...]) -> None:
        """A stage begins; why it is not cached."""
        self._told.began(label, "")

    def stage_waiting(self, label: str) -> None:
        """Another process computes the same stage."""
        self._told.began(label, "waits for another process")

    def step(self, label: str, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""
        if self._folds == 1 and label == self._metric.stage and self._metric.name in metrics:
            self._told.report(step, metrics[self._metric.name])

    def progress(self, label: str, progress: Any) -> None:
        """How far a stage is; a sweep shows trials."""

    def output(self, label: str, text: str) -> None:
        """A line the stage printed or logged."""
        self._told.said(text)

    def stage_finished(self, label: str, outcome: Any) -> None:
        """A stage has ended; what a cached one reported is told as if it did so now."""
        stage, _, words = label.partition(" ")
        if stage != self._metric.stage or outcome.status not in ("done", "cached"):
            return
        if self._folds > 1:
            self._fold(words, outcome.metrics)
        elif outcome.status == "cached":
            for step, metrics in self._history(label):
                self.step(label, step, metrics)

    def _fold(self, words: str, metrics: Mapping[str, float]) -> None:
        told = [int(word.removeprefix(NUMBER)) for word in words.split() if word.startswith(NUMBER)]
        if self._metric.name in metrics:  # of a stage that all folds share, it is the value of each
            self._values |= dict.fromkeys(told or range(self._folds), metrics[self._metric.name])
        while self._next in self._values:
            self._told.report(self._next + 1, self._values[self._next])
            self._next += 1


class Final:
    """Listens to the run of the best configuration, and notes what its stages come to.

    Args:
        watch: Who is told.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def stage_started(self, label: str, reasons: tuple[str, ...]) -> None:
        """A stage begins; why it is not cached."""

    def stage_waiting(self, label: str) -> None:
        """Another process computes the same stage."""

    def step(self, label: str, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""

    def progress(self, label: str, progress: Any) -> None:
        """How far a stage is."""

    def output(self, label: str, text: str) -> None:
        """A line the stage printed or logged; its run has it."""

    def stage_finished(self, label: str, outcome: Any) -> None:
        """A stage has ended."""
        reason = f": {outcome.failure.what}" if outcome.failure else ""
        self._watch.note(f"{label} {outcome.status}{reason}")
