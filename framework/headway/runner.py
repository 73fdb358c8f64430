"""Executes a plan and tells a journal what happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from headway.planning import source_values
from headway.schedule import Schedule
from headway.task import Digests, Failure, Outcome, Task

if TYPE_CHECKING:
    from pathlib import Path

    from headway.executors import Executor
    from headway.planning import Node, Plan
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


def execute(
    plan: Plan, executor: Executor, journal: Journal, folders: tuple[Path, Path], *, keep_going: bool = False
) -> bool:
    """Executes the stages of a plan, as many at once as the executor has slots.

    Args:
        plan: What to execute; cached stages are only reported.
        executor: Where tasks run.
        journal: Told of everything.
        folders: The store's folder and the project's.
        keep_going: Whether a failure stops only what needs the failed stage; otherwise nothing begins after it,
            and what has begun is finished.

    Returns:
        Whether every stage succeeded.
    """
    return _Execution(Schedule(plan, keep_going=keep_going), executor, journal, folders).run()


@dataclass
class _Execution:
    schedule: Schedule
    executor: Executor
    journal: Journal
    folders: tuple[Path, Path]
    begun: dict[str, Node] = field(default_factory=dict)
    succeeded: bool = True

    def run(self) -> bool:
        try:
            while self._begin():
                self._end(*self.executor.wait())
        except KeyboardInterrupt:
            for task, outcome in self.executor.cancel():
                self._end(task, outcome)
            raise
        return self.succeeded

    def _begin(self) -> bool:
        """Fills the free slots; whether anything runs."""
        while True:
            for cached in self.schedule.cached():
                self._finish(cached, _cached(cached))
            if len(self.begun) >= self.executor.slots or (node := self.schedule.start()) is None:
                return bool(self.begun)
            self.begun[node.key] = node
            self.journal.started(node)
            task = task_of(node, self.schedule.digests, *self.folders, fresh=self.schedule.must_run(node))
            self.executor.start(task, _Events(node, self.journal))

    def _end(self, task: Task, outcome: Outcome) -> None:
        self._finish(self.begun.pop(task.key), outcome)

    def _finish(self, node: Node, outcome: Outcome) -> None:
        self.journal.finished(node, _outcome(node, outcome))
        if outcome.digest is not None:
            self.schedule.done(node, outcome.digest)
            return
        self.succeeded = False
        how = outcome.status if outcome.status == "failed" else f"was {outcome.status}"
        for other, reason in self.schedule.failed(node, how):
            failure = Failure(reason, code="skipped")
            self.journal.finished(other, _outcome(other, Outcome("skipped", failure=failure)))


def _cached(node: Node) -> Outcome:
    assert node.entry is not None  # noqa: S101 - that makes it cached
    return Outcome("cached", 0.0, node.entry.digest, node.entry.metrics)


def _outcome(node: Node, outcome: Outcome) -> StageOutcome:
    return StageOutcome(
        node.label, node.stage.kind, outcome.status, outcome.seconds, outcome.digest, outcome.metrics, outcome.failure
    )


def task_of(node: Node, digests: Mapping[str, str], store: Path, project: Path, *, fresh: bool = False) -> Task:
    """The task that computes a node.

    Args:
        node: A node of a plan whose inputs are all there.
        digests: Key to digest of what has been computed so far.
        store: The store's folder.
        project: The folder that relative paths start from.
        fresh: Whether to run it even if its key is known.
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
        fresh=fresh,
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

    def progress(self, progress: Progress) -> None:
        self.journal.progress(self.node, progress)

    def output(self, text: str) -> None:
        self.journal.output(self.node, text)
