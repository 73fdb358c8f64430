"""Launches experiments while others run, in processes that are kept: what sweeps and backtests are made of."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from headway.errors import UsageError
from headway.executors import InProcess, WorkerProcesses, visible_gpus
from headway.followers import PATIENCE
from headway.journal import do_all
from headway.opening import describe, open_journal
from headway.planning import Planner, up_to
from headway.runner import Runner

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.executors import Executor
    from headway.job import Job
    from headway.journal import Journal
    from headway.planning import Plan
    from headway.results import Listener, RunResult
    from headway.session import Session

DIGITS = 16
"""Hexadecimal digits of a digest that tell whether something has changed."""


@dataclass(frozen=True)
class Launched:
    """Experiments on their way.

    Attributes:
        plan: Their stages.
        runs: The ids of their runs, one an experiment.
    """

    plan: Plan
    job: Job
    journal: Journal

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of its runs, one an experiment."""
        return self.journal.ids

    @property
    def has_ended(self) -> bool:
        """Whether nothing of them runs and nothing is left."""
        return self.job.has_ended

    @property
    def results(self) -> list[RunResult]:
        """What became of them; empty until they have ended."""
        return self.journal.results


class Launcher:
    """Executes experiments that are added one after another.

    Args:
        session: Whose project, store and plugins are used.
        executor: Where stages run.
        retries: How often a stage whose process died is begun again.
    """

    def __init__(self, session: Session, executor: Executor, *, retries: int = 0) -> None:
        self._session = session
        self._described = describe(session)
        self._planner = Planner(session.plugins, session.project, session.artifacts, session.records)
        self._runner = Runner(executor, (session.store, session.project), retries=retries)
        self._launched: list[Launched] = []
        self._closing: list[Journal] = []

    @property
    def is_hungry(self) -> bool:
        """Whether a worker is free that nothing launched has a stage for now."""
        return self._runner.is_hungry

    def check(self, experiments: Sequence[Experiment], to: Sequence[str] = ()) -> None:
        """Plans experiments, and asks their stages what is missing; see `launch`."""
        self._planned(experiments, to)

    def made_of(self, experiments: Sequence[Experiment], to: Sequence[str] = ()) -> dict[str, dict[str, str]]:
        """What decides the results of the stages beside their config and inputs; nothing is asked of them.

        Args:
            experiments: Those whose stages are meant.
            to: Only these stages, and what they need; all stages by default.

        Returns:
            Stage with the name of its class → module, library or source → its digest or version.
        """
        plan = self._planner.plan([up_to(experiment, to) for experiment in experiments] if to else experiments)
        return {f"{node.stage.name} {node.stage.use}": _parts(node.vertex.components) for node in plan.nodes}

    def launch(
        self, experiments: Sequence[Experiment], listener: Listener, group: str, label: str, to: Sequence[str] = ()
    ) -> Launched:
        """Records runs of experiments, and begins them as soon as there is room.

        Args:
            experiments: What they share is computed once.
            listener: Told what happens.
            group: What they have in common with other launches.
            label: What distinguishes them from those.
            to: Only these stages, and what they need; all stages by default.

        Raises:
            PreflightError: Something the stages need is missing on this machine.
            UsageError: A source file, or a stage that is wanted, does not exist.
        """
        experiments, plan = self._planned(experiments, to)
        journal = open_journal(
            self._session, plan, experiments, listener, described=self._described, group=group, label=label
        )
        journal.__enter__()
        launched = Launched(plan, self._runner.add(plan, journal), journal)
        self._launched.append(launched)
        return launched

    def _planned(self, experiments: Sequence[Experiment], to: Sequence[str]) -> tuple[Sequence[Experiment], Plan]:
        wanted = [up_to(experiment, to) for experiment in experiments] if to else experiments
        plan = self._planner.plan(wanted)
        self._session.preflight(plan, wanted)
        return wanted, plan

    def wait(self, seconds: float | None = None) -> list[Launched]:
        """Waits until a stage ends, at most so long; what has ended as a whole."""
        over = self._runner.wait(seconds)
        return [self._closed(launched) for launched in list(self._launched) if launched.job in over]

    def _closed(self, launched: Launched, error: type[BaseException] | None = None) -> Launched:
        """Closes its runs; their trackers go on, for whoever waits for them keeps all others waiting."""
        self._launched.remove(launched)
        try:
            launched.journal.close(error)
        finally:
            self._closing = [journal for journal in (*self._closing, launched.journal) if journal.is_followed]
        return launched

    def stop(self, launched: Launched) -> None:
        """Prunes the running stages of what was launched, as soon as they report."""
        self._runner.stop(launched.job)

    def history(self, launched: Launched, label: str) -> Sequence[tuple[int, Mapping[str, float]]]:
        """What a stage reported when it was computed, be it now or for another run.

        Args:
            launched: What the stage belongs to.
            label: The stage's label in its plan.
        """
        node = next(node for node in launched.plan.nodes if node.label == label)
        entry = node.entry or self._session.artifacts.find(node.key)
        return entry.history if entry else ()

    def cancel(self) -> list[Launched]:
        """Stops all that runs; their work folders stay, so that the next attempt goes on from there."""
        cancelled = list(self._launched)
        closing = [partial(self._closed, launched, KeyboardInterrupt) for launched in cancelled]
        do_all([self._runner.cancel, *closing])
        return cancelled

    def join(self) -> None:
        """Waits for the trackers of all that has ended, all of them together no longer than they have."""
        end = time.monotonic() + PATIENCE
        for journal in self._closing:
            journal.join(end)


def _parts(components: Mapping[str, Any]) -> dict[str, str]:
    code = {f"code {module}": digest[:DIGITS] for module, digest in components["source"].items()}
    data = {f"source {field}": digest[:DIGITS] for field, digest in components["content"].items()}
    return {**code, **data, **{f"library {name}": version for name, version in components["libraries"].items()}}


@contextmanager
def launching(session: Session, workers: int, threads: int | None, gpus: int, keep: int = 8) -> Iterator[Launcher]:
    """A launcher with worker processes of its own; they are gone when the block ends, and all runs are closed.

    Args:
        session: Whose project, store and plugins are used.
        workers: How many stages run at once; 0 runs one at a time in this process.
        threads: CPU threads of each worker; None shares the processors among them.
        gpus: GPUs that each worker sees.
        keep: How many inputs stay in the memory of each worker.

    Raises:
        UsageError: A worker is to see several GPUs, and there are not so many.
    """
    there = len(visible_gpus()) if gpus > 1 else gpus
    if gpus > there:
        raise UsageError(f"each worker is to see {gpus} GPUs, and there are {there}", hint="ask for fewer", code="gpus")
    executor: Executor = WorkerProcesses(workers, threads, gpus, keep) if workers else InProcess(session.plugins)
    with session.opened.in_use(), executor:
        launcher = Launcher(session, executor, retries=2)
        try:
            yield launcher
        finally:
            do_all([launcher.cancel, launcher.join])
