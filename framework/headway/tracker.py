"""Where a run's story can be followed: the contract of trackers.

A tracker is a frozen dataclass registered as ``registry.add("tracker", NAME, cls)``; its fields are its config,
under ``trackers.NAME``. Each run opens it once. Calls come from one thread, in order, and never from the thread
that trains; an exception is one warning, after which the run goes on without the tracker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from headway.naming import trial_of

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class TrackedRun:
    """What a tracker is told of a run when it starts.

    Attributes:
        id: The run's id in the records.
        attempt_of: The id of the first attempt, if this run repeats one that was interrupted; the tracker goes on
            with what it kept under that id.
        name: The experiment's name.
        group: What the runs of one command have in common, for the trials of a study its name; or None.
        label: What distinguishes it in a grid, such as ``model=mlp seed=2``, or ``STUDY/12`` for a trial; empty
            otherwise.
        config: The resolved config, secrets as ``***``.
        overrides: The words of the command line, secrets as ``***``.
        seed: The run's seed.
        git: ``commit`` and ``dirty`` of the project, if it is in a repository.
        versions: Python, Headway, plugins and libraries.
        folder: The run's folder of links to its artifacts.
        store: The store's folder, where a tracker may keep files of its own under ``trackers/NAME``.
    """

    id: str
    attempt_of: str | None
    name: str
    group: str | None
    label: str
    config: Mapping[str, Any]
    overrides: Sequence[str]
    seed: int
    git: Mapping[str, Any]
    versions: Mapping[str, str]
    folder: Path
    store: Path

    @property
    def identity(self) -> str:
        """The same for all attempts at one run: the id of the first."""
        return self.attempt_of or self.id

    @property
    def title(self) -> str:
        """What people may call it: ``STUDY/12`` for a trial, else the experiment and what distinguishes the run."""
        return trial_of(self.group, self.label) or f"{self.name} {self.label or self.identity}"


@dataclass(frozen=True)
class TrackedStage:
    """What a tracker is told of a stage that has ended.

    Attributes:
        name: Its name in the run, such as ``model`` or ``model[linear]``.
        kind: Its registry kind.
        status: ``done``, ``cached``, ``failed``, ``pruned``, ``interrupted`` or ``skipped``.
        seconds: How long it took; 0 when cached.
        digest: The artifact's digest, if there is one.
        path: The artifact's folder, to be read only; None if there is none.
        error: What went wrong, or None.
    """

    name: str
    kind: str
    status: str
    seconds: float
    digest: str | None
    path: Path | None
    error: str | None


class Tracking(Protocol):
    """One run as a tracker follows it."""

    def stage_started(self, stage: str) -> None:
        """A stage begins to run; cached stages only end."""

    def metrics(self, stage: str, step: int | None, metrics: Mapping[str, float]) -> None:
        """Metrics of a stage, live or replayed from the cache.

        Args:
            stage: The stage's name in the run.
            step: Epochs, steps or rounds so far, from 1; None for final metrics.
            metrics: Name to finite value.
        """

    def stage_finished(self, stage: TrackedStage) -> None:
        """A stage has ended; its metrics were told before."""

    def close(self, status: str, metrics: Mapping[str, float]) -> None:
        """The run has ended.

        Args:
            status: ``done``, ``failed``, ``interrupted``, ``pruned`` (a trial that promised little) or ``skipped``
                (another run of the command failed).
            metrics: ``STAGE.METRIC`` to value, of all stages.
        """


class Tracker:
    """Base class of trackers: a frozen dataclass whose fields are its config, with one method.

    Example:
        ```python
        @dataclass(frozen=True)
        class Console(Tracker):
            prefix: str = ""

            def open(self, run: TrackedRun) -> Tracking: ...
        ```
    """

    if TYPE_CHECKING:
        open: Callable[[TrackedRun], Tracking]
