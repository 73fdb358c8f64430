"""What is kept of runs while they happen: records, links, trackers, plugins, and the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from headway.followers import PATIENCE, Followers
from headway.results import RunResult, StageOutcome
from headway.store import Run, StageRow
from headway.tracker import TrackedRun, TrackedStage

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.planning import Node
    from headway.progress import Progress
    from headway.results import Listener
    from headway.session import Session
    from headway.task import Failure
    from headway.tracker import Tracker


@dataclass
class Kept:
    """One run of a journal.

    Attributes:
        run: Its record.
        experiment: What it is a run of.
        outcomes: What has become of its stages.
        followers: The trackers at work.
        seconds: From the start of the command to the end of its last stage.
    """

    run: Run
    experiment: Experiment
    outcomes: list[StageOutcome] = field(default_factory=list)
    followers: Followers = field(default_factory=Followers)
    seconds: float = 0.0

    @property
    def trackers(self) -> Mapping[str, Tracker]:
        """What follows it: registered name to tracker."""
        return self.experiment.trackers


class Journal:
    """The journal of the runs that one plan executes; a context manager that closes them all.

    A stage that several runs share is told to each of them, and shown once.

    Args:
        session: Whose store, records and plugins are used.
        kept: One run an experiment of the plan, in its order.
        listener: What shows the runs.
    """

    def __init__(self, session: Session, kept: Sequence[Kept], listener: Listener) -> None:
        self._session = session
        self._kept = kept
        self._opened: list[Kept] = []
        self._listener = listener
        self._running: dict[str, Node] = {}
        self._start = time.monotonic()
        self.results: list[RunResult] = []

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of its runs, one an experiment."""
        return tuple(kept.run.id for kept in self._kept)

    def __enter__(self) -> Self:
        try:
            for kept in self._kept:
                self._open(kept)
        except BaseException as error:
            with suppress(Exception):  # what could not be opened is told, not what could not be closed because of it
                self.__exit__(type(error), error, None)
            raise
        return self

    def _open(self, kept: Kept) -> None:
        self._session.records.open_run(kept.run)
        self._opened.append(kept)
        self._session.artifacts.open_folder(kept.run.id)
        kept.followers.open(kept.trackers, self._tracked(kept))
        self._emit("headway_run_started", kept.run)

    def _tracked(self, kept: Kept) -> TrackedRun:
        run, store = kept.run, self._session.artifacts
        return TrackedRun(
            id=run.id, attempt_of=run.attempt_of, name=run.name, group=run.group, label=run.label,
            config=run.config, overrides=run.overrides, seed=run.seed, git=run.git, versions=run.versions,
            folder=store.run_folder(run.id), store=self._session.store,
        )  # fmt: skip

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self.close(kind, error)
        finally:
            self.join(time.monotonic() + PATIENCE)

    def close(self, kind: type[BaseException] | None = None, error: BaseException | None = None) -> None:
        """Closes the runs, and tells trackers so; what they still hold they send later.

        All of them are closed, even if something of one cannot be: that is raised at the end.
        """
        interrupted = [
            partial(self.finished, node, StageOutcome(node.label, node.stage.kind, "interrupted"))
            for node in self._running.values()
        ]
        do_all([*interrupted, *(partial(self._close, kept, kind, error) for kept in self._opened)])

    @property
    def is_followed(self) -> bool:
        """Whether trackers are still at work."""
        return any(kept.followers.are_at_work for kept in self._opened)

    def join(self, deadline: float) -> None:
        """Waits for the trackers, no longer than a moment of `time.monotonic`."""
        for kept in self._opened:
            kept.followers.join(deadline)

    def _close(self, kept: Kept, kind: type[BaseException] | None, error: BaseException | None) -> None:
        run, status, seconds = kept.run, _status(kept.outcomes, kind), kept.seconds or time.monotonic() - self._start
        metrics = {f"{o.label}.{name}": value for o in kept.outcomes for name, value in o.metrics.items()}
        self.results.append(RunResult(run.id, run.label, status, seconds, tuple(kept.outcomes)))
        do_all([
            partial(self._session.records.close_run, run.id, status, seconds, str(error) if error else None),
            partial(self._emit, "headway_run_finished", run, status=status, metrics=metrics),
            partial(kept.followers.close, status, metrics),
        ])  # fmt: skip

    def started(self, node: Node) -> None:
        """See `headway.results.Journal`."""
        self._running[node.key] = node
        self._listener.stage_started(node.label, tuple(map(str, node.reasons)))
        for kept, label in self._told(node):
            self._session.records.write_stage(kept.run.id, _row(node, label, "running"))
            self._emit("headway_stage_started", kept.run, stage=label)
            kept.followers.stage_started(label)

    def waiting(self, node: Node) -> None:
        """See `headway.results.Journal`."""
        self._listener.stage_waiting(node.label)

    def step(self, node: Node, step: int, metrics: Mapping[str, float]) -> None:
        """See `headway.results.Journal`."""
        self._listener.step(node.label, step, metrics)
        for kept, label in self._told(node):
            self._session.records.write_step(kept.run.id, label, step, metrics)
            self._metrics(kept, label, step, metrics)

    def progress(self, node: Node, progress: Progress) -> None:
        """See `headway.results.Journal`. It is shown and not kept."""
        self._listener.progress(node.label, progress)

    def output(self, node: Node, text: str) -> None:
        """See `headway.results.Journal`."""
        self._listener.output(node.label, text)

    def finished(self, node: Node, outcome: StageOutcome) -> None:
        """See `headway.results.Journal`."""
        self._running.pop(node.key, None)
        self._listener.stage_finished(node.label, outcome)
        for kept, label in self._told(node):
            failure = outcome.failure and self._located(kept, label, outcome.failure)
            told = replace(outcome, label=label, failure=failure)
            kept.outcomes.append(told)
            kept.seconds = time.monotonic() - self._start
            self._keep(kept, node, label, told)

    def _located(self, kept: Kept, label: str, failure: Failure) -> Failure:
        """A failure whose place is where the config of this run has it."""
        if failure.where is None:
            return failure
        from headway.config.locating import locate

        experiment = kept.experiment
        where = locate(failure.where, experiment.stage(label), experiment.config, self._session.plugins)
        return replace(failure, where=where)

    def _keep(self, kept: Kept, node: Node, label: str, outcome: StageOutcome) -> None:
        self._session.records.write_stage(kept.run.id, _row(node, label, outcome.status, outcome))
        if outcome.digest:
            self._session.artifacts.link(kept.run.id, label, outcome.digest)
        if outcome.status == "cached" and kept.trackers:
            self._replay(kept, node, label)
        if outcome.metrics:
            self._metrics(kept, label, None, outcome.metrics)
        self._tell_ended(kept, label, outcome)

    def _replay(self, kept: Kept, node: Node, label: str) -> None:
        """Tells trackers the history that a cached stage had when it ran."""
        entry = node.entry or self._session.artifacts.find(node.key)
        for step, metrics in entry.history if entry else ():
            kept.followers.metrics(label, step, metrics)

    def _metrics(self, kept: Kept, label: str, step: int | None, metrics: Mapping[str, float]) -> None:
        self._emit("headway_metrics_logged", kept.run, stage=label, step=step, metrics=metrics)
        kept.followers.metrics(label, step, metrics)

    def _tell_ended(self, kept: Kept, label: str, outcome: StageOutcome) -> None:
        path = self._session.artifacts.path(outcome.digest) if outcome.digest else None
        error = outcome.failure.what if outcome.failure else None
        told = {"status": outcome.status, "seconds": outcome.seconds, "digest": outcome.digest,
                "path": str(path) if path else None, "error": error}  # fmt: skip
        self._emit("headway_stage_finished", kept.run, stage=label, outcome=told)
        stage = TrackedStage(label, outcome.kind, outcome.status, outcome.seconds, outcome.digest, path, error)
        kept.followers.stage_finished(stage)

    def _told(self, node: Node) -> list[tuple[Kept, str]]:
        """The runs that need a node, and its labels in each."""
        return [(self._kept[index], label) for index, labels in sorted(node.labels.items()) for label in labels]

    def _emit(self, event: str, run: Run, **arguments: Any) -> None:
        folder = self._session.artifacts.run_folder(run.id)
        told = {"id": run.id, "name": run.name, "group": run.group, "config": run.config, "seed": run.seed,
                "folder": str(folder)}  # fmt: skip
        self._session.plugins.emit(event, run=told, **arguments)


def do_all(steps: Iterable[Callable[[], object]]) -> None:
    """Does every step, whatever becomes of those before it; then raises the first error."""
    first: BaseException | None = None
    for step in steps:
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - Ctrl-C, too, comes after all is closed
            first = first or error
    if first is not None:
        raise first


def _status(outcomes: Sequence[StageOutcome], error: type[BaseException] | None) -> str:
    found = {outcome.status for outcome in outcomes}
    if (error is not None and issubclass(error, KeyboardInterrupt)) or "interrupted" in found:
        return "interrupted"
    if error is not None or "failed" in found:
        return "failed"
    return next((status for status in ("pruned", "skipped") if status in found), "done")


def _row(node: Node, label: str, status: str, outcome: StageOutcome | None = None) -> StageRow:
    row = StageRow(label, node.stage.kind, node.stage.use, node.key, status, tuple(map(str, node.reasons)))
    if outcome is None:
        return row
    failure = outcome.failure
    error = "\n".join(_written(failure)) if failure else None
    return replace(row, digest=outcome.digest, seconds=outcome.seconds, error=error, metrics=outcome.metrics)


def _written(failure: Failure) -> list[str]:
    """A failure as records keep it."""
    where = failure.where.excerpt() if failure.where else []
    return [failure.what, *where, *([failure.traceback.rstrip()] if failure.traceback else [])]
