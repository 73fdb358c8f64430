"""Executes plans: the stages of all that are given, as many at once as there are slots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headway.job import Job
from headway.results import Journal

if TYPE_CHECKING:
    from headway.executors import Executor
    from headway.planning import Plan
    from headway.task import Outcome, Task

DIED = "worker-died"
"""The code of a failure that says nothing about the stage itself."""


class Runner:
    """Executes plans that are added while others run. What two of them need is computed once.

    Args:
        executor: Where tasks run.
        folders: The store's folder and the project's.
        retries: How often a stage whose worker process died is begun again.
    """

    def __init__(self, executor: Executor, folders: tuple[Path, Path], *, retries: int = 0) -> None:
        self._executor = executor
        self._folders = folders
        self._retries = retries
        self._deaths: dict[str, int] = {}
        self._jobs: list[Job] = []
        self._running: dict[str, Job] = {}
        self._made: dict[str, Outcome] = {}

    def add(self, plan: Plan, journal: Journal, *, keep_going: bool = False) -> Job:
        """Adds a plan; those that were added first come first."""
        job = Job(plan, journal, self._folders, keep_going=keep_going)
        self._jobs.append(job)
        return job

    @property
    def is_hungry(self) -> bool:
        """Whether a slot is free, and no job has a stage for it now."""
        self._fill()
        return len(self._running) < self._executor.slots

    def wait(self, seconds: float | None = None) -> list[Job]:
        """Begins what can run, and waits until a stage ends.

        Args:
            seconds: At most so long; by default as long as it takes.

        Returns:
            The jobs that have ended.
        """
        self._fill()
        ended = self._executor.wait(seconds) if self._running else None
        if ended is not None:
            self._end(*ended)
            self._fill()
        over = [job for job in self._jobs if job.has_ended]
        self._jobs = [job for job in self._jobs if not job.has_ended]
        return over

    def _fill(self) -> None:
        for job in self._jobs:
            job.advance(self._made)
            while len(self._running) < self._executor.slots and (found := job.next(self._running)) is not None:
                self._running[found[0].key] = job
                self._executor.start(*found)

    def _end(self, task: Task, outcome: Outcome) -> None:
        job = self._running.pop(task.key)
        deaths = self._deaths[task.key] = self._deaths.get(task.key, 0) + _is_death(outcome)
        if _is_death(outcome) and deaths <= self._retries:
            job.again(task, outcome)
        else:
            self._made |= {task.key: outcome} if outcome.digest is not None else {}
            job.end(task, outcome)

    def stop(self, job: Job) -> None:
        """Prunes a job: its running stages end when they report the next time, and none begins."""
        job.give_up()
        for key in job.begun:
            if self._running.get(key) is job:
                self._executor.stop(key)

    def cancel(self) -> None:
        """Asks all that runs to stop, and waits for it; those that take too long are ended."""
        for task, outcome in self._executor.cancel():
            self._running.pop(task.key).end(task, outcome)


def _is_death(outcome: Outcome) -> bool:
    return outcome.failure is not None and outcome.failure.code == DIED


def execute(
    plan: Plan, executor: Executor, journal: Journal, folders: tuple[Path, Path], *, keep_going: bool = False
) -> bool:
    """Executes one plan, from its first stage to its last.

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
    runner = Runner(executor, folders)
    job = runner.add(plan, journal, keep_going=keep_going)
    try:
        while not job.has_ended:
            runner.wait()
    except KeyboardInterrupt:
        runner.cancel()
        raise
    return job.succeeded
