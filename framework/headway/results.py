"""What becomes of runs and their stages, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from headway.task import Failure

if TYPE_CHECKING:
    from headway.planning import Node
    from headway.progress import Progress


@dataclass(frozen=True)
class StageOutcome:
    """What became of one stage of a plan.

    Attributes:
        label: The stage's label in the plan.
        kind: Its registry kind.
        status: ``cached``, ``done``, ``failed``, ``pruned``, ``interrupted`` or ``skipped`` (its `failure` says why).
        seconds: How long it took; 0 when cached.
        digest: The artifact's digest, if there is one.
        metrics: The stage's final metrics, replayed when cached.
        failure: Why it failed.
    """

    label: str
    kind: str
    status: str
    seconds: float = 0.0
    digest: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None


class Listener(Protocol):
    """What shows a run while it works."""

    def stage_started(self, label: str, reasons: tuple[str, ...]) -> None:
        """A stage begins; why it is not cached."""

    def stage_waiting(self, label: str) -> None:
        """Another process computes the same stage."""

    def step(self, label: str, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""

    def progress(self, label: str, progress: Progress) -> None:
        """How far a stage is."""

    def output(self, label: str, text: str) -> None:
        """A line the stage printed or logged."""

    def stage_finished(self, label: str, outcome: StageOutcome) -> None:
        """A stage has ended."""


class Journal(Protocol):
    """What keeps a run: its record, its trackers and its listener."""

    def started(self, node: Node) -> None:
        """A stage begins to run."""

    def waiting(self, node: Node) -> None:
        """Another process computes the same stage."""

    def step(self, node: Node, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics."""

    def progress(self, node: Node, progress: Progress) -> None:
        """How far a stage is."""

    def output(self, node: Node, text: str) -> None:
        """A line the stage printed or logged."""

    def finished(self, node: Node, outcome: StageOutcome) -> None:
        """A stage has ended."""


@dataclass(frozen=True)
class RunResult:
    """One finished run.

    Attributes:
        id: The run's id in the records.
        label: What distinguishes it in a grid or a study; empty otherwise.
        status: ``done``, ``failed``, ``pruned``, ``skipped`` or ``interrupted``.
        seconds: How long it took.
        stages: The outcomes in the order they ended.
    """

    id: str
    label: str
    status: str
    seconds: float
    stages: tuple[StageOutcome, ...]
