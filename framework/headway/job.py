"""One plan on its way: which stage it needs next, and what became of those it had."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from headway.planning import source_values
from headway.results import Journal, StageOutcome
from headway.schedule import Schedule
from headway.task import Digests, Failure, Outcome, Task

if TYPE_CHECKING:
    from headway.planning import Node, Plan
    from headway.progress import Progress
    from headway.worker import Events


class Job:
    """A plan that is being executed.

    Args:
        plan: What to execute; cached stages are only reported.
        journal: Told of everything.
        folders: The store's folder and the project's.
        keep_going: Whether a failure stops only what needs the failed stage; otherwise nothing begins after it,
            and what has begun is finished.

    Attributes:
        succeeded: Whether every stage that ended has its artifact.
        begun: Key to stage of what is running.
    """

    def __init__(self, plan: Plan, journal: Journal, folders: tuple[Path, Path], *, keep_going: bool = False) -> None:
        self._schedule = Schedule(plan, keep_going=keep_going)
        self._journal = journal
        self._folders = folders
        self.begun: dict[str, Node] = {}
        self.succeeded = True

    @property
    def has_ended(self) -> bool:
        """Whether nothing runs and nothing is left."""
        return not self.begun and self._schedule.is_empty

    def advance(self, made: Mapping[str, Outcome] = MappingProxyType({})) -> None:
        """Reports the cached stages that come next.

        Args:
            made: Key to outcome of what other jobs have made.
        """
        for cached in self._schedule.cached(made):
            self._finish(cached, _cached(cached, made.get(cached.key)))

    def next(self, busy: Collection[str] = ()) -> tuple[Task, Events] | None:
        """Begins a stage whose inputs are there.

        Args:
            busy: Keys that another job computes already: they will be in the store.
        """
        node = self._schedule.start(busy)
        if node is None:
            return None
        self.begun[node.key] = node
        self._journal.started(node)
        task = task_of(node, self._schedule.digests, *self._folders, fresh=self._schedule.must_run(node))
        return task, _Events(node, self._journal)

    def again(self, task: Task, outcome: Outcome) -> None:
        """The process of a stage that was begun died: it is taken back, to be begun once more."""
        node = self.begun.pop(task.key)
        reason = outcome.failure.what if outcome.failure else outcome.status
        self._journal.output(node, f"{reason}; it is begun again")
        self._schedule.put_back(node)

    def end(self, task: Task, outcome: Outcome) -> None:
        """A stage that was begun has ended."""
        self._finish(self.begun.pop(task.key), outcome)

    def give_up(self) -> None:
        """Begins nothing more: what has not begun is pruned."""
        for node in self._schedule.give_up():
            self.succeeded = False
            self._journal.finished(node, _outcome(node, Outcome("pruned")))

    def _finish(self, node: Node, outcome: Outcome) -> None:
        self._journal.finished(node, _outcome(node, outcome))
        if outcome.digest is not None:
            self._schedule.done(node, outcome.digest)
            return
        self.succeeded = False
        how = outcome.status if outcome.status == "failed" else f"was {outcome.status}"
        for other, reason in self._schedule.failed(node, how):
            failure = Failure(reason, code="skipped")
            self._journal.finished(other, _outcome(other, Outcome("skipped", failure=failure)))


def _cached(node: Node, made: Outcome | None) -> Outcome:
    found = node.entry or made
    assert found is not None  # noqa: S101 - that makes it cached
    return Outcome("cached", 0.0, found.digest, found.metrics)


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
        watched=node.vertex.watched,
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
