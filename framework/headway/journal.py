"""What is kept of runs while they happen: records, links, tracker events, and the terminal."""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from headway.runner import RunResult, StageOutcome
from headway.store import Run, StageRow, new_run_id

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.planning import Node, Plan
    from headway.plugins import Plugins
    from headway.runner import Listener
    from headway.session import Session


class Journal:
    """The journal of the runs that one plan executes; a context manager that closes them all.

    A stage that several runs share is told to each of them, and shown once.

    Args:
        session: Whose store, records and plugins are used.
        runs: One run an experiment of the plan, in its order.
        labels: What distinguishes each run in a grid.
        listener: What shows the runs.
    """

    def __init__(self, session: Session, runs: Sequence[Run], labels: Sequence[str], listener: Listener) -> None:
        self._session = session
        self._runs = runs
        self._labels = labels
        self._listener = listener
        self._outcomes: list[list[StageOutcome]] = [[] for _ in runs]
        self._start = time.monotonic()
        self.results: list[RunResult] = []

    def __enter__(self) -> Self:
        for run in self._runs:
            self._session.records.open_run(run)
            self._emit("headway_run_started", run)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        seconds = time.monotonic() - self._start
        for run, label, outcomes in zip(self._runs, self._labels, self._outcomes, strict=True):
            status = _status(outcomes, kind)
            self._session.records.close_run(run.id, status, seconds, str(error) if error else None)
            metrics = {f"{o.label}.{name}": value for o in outcomes for name, value in o.metrics.items()}
            self._emit("headway_run_finished", run, status=status, metrics=metrics)
            self.results.append(RunResult(run.id, label, status, seconds, tuple(outcomes)))

    def started(self, node: Node) -> None:
        """See `headway.runner.Journal`."""
        self._listener.stage_started(node.label, node.reasons)
        for run, label, _ in self._told(node):
            self._session.records.write_stage(run.id, _row(node, label, "running"))
            self._emit("headway_stage_started", run, stage=label)

    def waiting(self, node: Node) -> None:
        """See `headway.runner.Journal`."""
        self._listener.stage_waiting(node.label)

    def step(self, node: Node, step: int, metrics: Mapping[str, float]) -> None:
        """See `headway.runner.Journal`."""
        self._listener.step(node.label, step, metrics)
        for run, label, _ in self._told(node):
            self._session.records.write_step(run.id, label, step, metrics)
            self._emit("headway_metrics_logged", run, stage=label, step=step, metrics=metrics)

    def output(self, node: Node, text: str) -> None:
        """See `headway.runner.Journal`."""
        self._listener.output(node.label, text)

    def finished(self, node: Node, outcome: StageOutcome) -> None:
        """See `headway.runner.Journal`."""
        self._listener.stage_finished(node.label, outcome)
        for run, label, outcomes in self._told(node):
            outcomes.append(replace(outcome, label=label))
            self._keep(run, _row(node, label, outcome.status, outcome), outcome)

    def _keep(self, run: Run, row: StageRow, outcome: StageOutcome) -> None:
        self._session.records.write_stage(run.id, row)
        if outcome.digest:
            self._session.artifacts.link(run.id, row.label, outcome.digest)
        if outcome.metrics:
            self._emit("headway_metrics_logged", run, stage=row.label, step=None, metrics=outcome.metrics)
        self._emit("headway_stage_finished", run, stage=row.label, outcome=self._described(outcome))

    def _described(self, outcome: StageOutcome) -> dict[str, Any]:
        path = str(self._session.artifacts.path(outcome.digest)) if outcome.digest else None
        error = outcome.failure.what if outcome.failure else None
        return {"status": outcome.status, "seconds": outcome.seconds, "digest": outcome.digest, "path": path,
                "error": error}  # fmt: skip

    def _told(self, node: Node) -> list[tuple[Run, str, list[StageOutcome]]]:
        """The runs that need a node, its label in each, and what is known of each."""
        return [(self._runs[index], label, self._outcomes[index]) for index, label in sorted(node.labels.items())]

    def _emit(self, event: str, run: Run, **arguments: Any) -> None:
        folder = self._session.artifacts.run_folder(run.id)
        told = {"id": run.id, "name": run.name, "group": run.group, "config": run.config, "seed": run.seed,
                "folder": str(folder)}  # fmt: skip
        self._session.plugins.emit(event, run=told, **arguments)


def _status(outcomes: Sequence[StageOutcome], error: type[BaseException] | None) -> str:
    if error is KeyboardInterrupt:
        return "interrupted"
    bad = [outcome for outcome in outcomes if outcome.status not in ("done", "cached")]
    return "failed" if error is not None or bad else "done"


def _row(node: Node, label: str, status: str, outcome: StageOutcome | None = None) -> StageRow:
    row = StageRow(label, node.stage.kind, node.stage.use, node.key, status, node.reasons)
    if outcome is None:
        return row
    failure = outcome.failure
    error = f"{failure.what}\n{failure.traceback}".rstrip() if failure else None
    return replace(row, digest=outcome.digest, seconds=outcome.seconds, error=error, metrics=outcome.metrics)


def open_journal(session: Session, plan: Plan, experiments: Sequence[Experiment], listener: Listener) -> Journal:
    """The journal of a plan, with one run an experiment; nothing is written until it is entered."""
    git = _git(session.project)
    versions = _versions(session.plugins, plan)
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    ids = [new_run_id() for _ in experiments]
    runs = [
        Run(
            id=run_id, name=experiment.name, status="running", created=created,
            overrides=experiment.words, config=experiment.public, seed=experiment.seed,
            git=git, versions=versions, group=ids[0] if len(ids) > 1 else None,
        )
        for run_id, experiment in zip(ids, experiments, strict=True)
    ]  # fmt: skip
    return Journal(session, runs, plan.labels, listener)


def _git(project: Path) -> dict[str, Any]:
    """The commit of the project's repository, and whether tracked files differ from it."""
    command = ["git", "-C", str(project), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return {}
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "")
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}


def _versions(plugins: Plugins, plan: Plan) -> dict[str, str]:
    from headway import __version__

    libraries = {name: v for node in plan.nodes for name, v in node.components.get("libraries", {}).items()}
    distributions = {info.distribution: info.version for info in plugins.infos if info.version}
    return libraries | distributions | {"headway": __version__, "python": platform.python_version()}
