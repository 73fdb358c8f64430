"""Executes a plan, stage by stage, and tells a journal what happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from headway.planning import source_values
from headway.task import Digests, Failure, Outcome, Task

if TYPE_CHECKING:
    from pathlib import Path

    from headway.executors import Executor
    from headway.planning import Node, Plan


@dataclass(frozen=True)
class StageOutcome:
    """What became of one stage of a plan.

    Attributes:
        label: The stage's label in the plan.
        kind: Its registry kind.
        status: ``cached``, ``done``, ``failed``, ``pruned`` or ``interrupted``.
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

    def output(self, node: Node, text: str) -> None:
        """A line the stage printed or logged."""

    def finished(self, node: Node, outcome: StageOutcome) -> None:
        """A stage has ended."""


@dataclass(frozen=True)
class RunResult:
    """One finished run.

    Attributes:
        id: The run's id in the records.
        label: What distinguishes it in a grid; empty otherwise.
        status: ``done``, ``failed`` or ``interrupted``.
        seconds: How long it took.
        stages: The outcomes in the order they ended.
    """

    id: str
    label: str
    status: str
    seconds: float
    stages: tuple[StageOutcome, ...]


def execute(plan: Plan, executor: Executor, journal: Journal, store: Path, project: Path) -> bool:
    """Executes the stages of a plan in order; stops at the first that fails.

    Args:
        plan: What to execute; cached stages are only reported.
        executor: Where tasks run.
        journal: Told of everything.
        store: The store's folder.
        project: The project's folder.

    Returns:
        Whether every stage succeeded.
    """
    digests: dict[str, str] = {}
    for node in plan.nodes:
        outcome = _step(node, digests, executor, journal, (store, project))
        journal.finished(node, outcome)
        if outcome.digest is None:
            return False
        digests[node.key] = outcome.digest
    return True


def _step(
    node: Node, digests: Mapping[str, str], executor: Executor, journal: Journal, folders: tuple[Path, Path]
) -> StageOutcome:
    if node.entry is not None:
        return _outcome(node, Outcome("cached", 0.0, node.entry.digest, node.entry.metrics))
    journal.started(node)
    task = task_of(node, digests, *folders)
    try:
        return _outcome(node, executor.execute(task, _Events(node, journal)))
    except KeyboardInterrupt:
        journal.finished(node, StageOutcome(node.label, node.stage.kind, "interrupted"))
        raise


def _outcome(node: Node, outcome: Outcome) -> StageOutcome:
    return StageOutcome(
        node.label, node.stage.kind, outcome.status, outcome.seconds, outcome.digest, outcome.metrics, outcome.failure
    )


def task_of(node: Node, digests: Mapping[str, str], store: Path, project: Path) -> Task:
    """The task that computes a node.

    Args:
        node: A node of a plan whose inputs are all there.
        digests: Key to digest of what has been computed so far.
        store: The store's folder.
        project: The folder that relative paths start from.
    """
    stage = node.stage
    return Task(
        label=node.label,
        name=stage.name,
        kind=stage.kind,
        use=stage.use,
        key=node.key,
        values=source_values(stage, project),
        inputs={name: _digests(keys, digests) for name, keys in node.inputs.items()},
        components=node.components,
        store=str(store),
        project=str(project),
        effect=type(stage.stage).effect,
    )


def _digests(keys: Any, digests: Mapping[str, str]) -> Digests:
    if isinstance(keys, str):
        return digests[keys]
    if isinstance(keys, Mapping):
        return {name: digests[key] for name, key in keys.items()}
    return [digests[key] for key in keys]


@dataclass(frozen=True)
class _Events:
    """The worker's events of one node, passed to the journal."""

    node: Node
    journal: Journal

    def waiting(self) -> None:
        self.journal.waiting(self.node)

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        self.journal.step(self.node, step, metrics)

    def output(self, text: str) -> None:
        self.journal.output(self.node, text)
