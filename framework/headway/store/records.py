"""The records of runs: what any database that holds them can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from headway.store.runs import ALL, Run, RunFilter, StageRow

Memory = Mapping[tuple[str, str], tuple[str, str]]
"""(file name, what was computed) → (the stamp of the file, the value)."""


class Records(Protocol):
    """Runs, their stages and metrics, and what is remembered of files.

    Several processes may use the same records at once. `headway.testing.RecordsSuite` says what holds.
    Every method raises `StoreError` if the records cannot be read or written; they are left as they were.
    """

    def open_run(self, run: Run) -> None:
        """Records a run before any work, and marks it as alive until it is closed or this process ends."""

    def write_stage(self, run: str, row: StageRow) -> None:
        """Records a stage of a run, or its new state, with its final metrics."""

    def write_step(self, run: str, stage: str, step: int, metrics: Mapping[str, float]) -> None:
        """Records intermediate metrics."""

    def close_run(self, run: str, status: str, seconds: float, error: str | None = None) -> None:
        """Records how a run ended; it is no longer alive, even if this raises."""

    def note(self, run: str, text: str) -> None:
        """Replaces what is noted about a run."""

    def tag(self, run: str, *tags: str) -> None:
        """Marks a run with words; those it has are kept."""

    def untag(self, run: str, *tags: str) -> None:
        """Takes words off a run; those it has not are ignored."""

    def last_key(self, name: str, label: str) -> str | None:
        """The key that a stage of an experiment had when it last succeeded."""

    def interrupted(self, name: str, config: Mapping[str, Any]) -> Run | None:
        """The newest interrupted run of an experiment with exactly this config that no later run repeats."""

    def list(self, wanted: RunFilter = ALL) -> list[Run]:
        """Runs without their stages."""

    def show(self, run: str) -> Run:
        """One run with its stages; `run` is a full id. Raises `UsageError` if there is none."""

    def metrics_of(self, runs: Sequence[str]) -> dict[str, dict[str, float]]:
        """Run → ``STAGE.METRIC`` → final value, for each of the runs."""

    def history(self, run: str, stage: str) -> Sequence[tuple[int, Mapping[str, float]]]:
        """The intermediate metrics of a stage as (step, metrics), in their order."""

    def known(self, what: Literal["name", "group", "tag", "metric"]) -> Sequence[str]:
        """All names of experiments, all groups, all tags, or all ``STAGE.METRIC``, sorted."""

    def users(self, digest: str) -> Sequence[str]:
        """The ids of the runs that made or used an artifact, oldest first."""

    def resolve(self, reference: str) -> str:
        """The id that a reference means: an id, the beginning of one, ``latest`` or ``NAME@latest``.

        Raises:
            UsageError: No run fits, or several do.
        """

    def recall(self, folder: str) -> Memory:
        """What is remembered of the files that lie directly in a folder."""

    def remember(self, folder: str, memory: Memory) -> None:
        """Remembers more of the files of a folder."""

    def check(self) -> Sequence[str]:
        """Reads everything; one sentence a fault, none if the records are sound."""

    def close(self) -> None:
        """Closes what is open; it is opened again when it is needed."""
