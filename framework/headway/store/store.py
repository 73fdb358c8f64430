"""A store: its artifacts, records and studies, and the lock over them all. The one place that chooses them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from headway.errors import StoreError
from headway.store.artifacts import ArtifactStore
from headway.store.locks import StoreLock
from headway.store.records import Records
from headway.store.runs import RunFilter
from headway.store.studies import Studies


class Store:
    """What a project computed and what is known of its runs. Nothing is touched before it is used.

    Attributes:
        root: Its folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def artifacts(self) -> ArtifactStore:
        """The artifacts."""
        from headway.store.folder import FolderStore

        return FolderStore(self.root)

    @cached_property
    def records(self) -> Records:
        """The records of runs."""
        from headway.store.sqlite import SqliteRecords

        return SqliteRecords(self.root)

    @cached_property
    def studies(self) -> Studies:
        """The studies."""
        return Studies(self.root)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keeps everything in the store while something works with it; held by a run from its plan to its end.

        Whoever comes first and finds nobody else clears away what killed processes left half written. Nothing is
        judged by the clock, which may have been set.

        Raises:
            StoreError: The store cannot be written.
        """
        lock = StoreLock(self.root)
        try:
            if lock.try_alone():
                self.artifacts.sweep()
            lock.share()
            yield
        finally:
            lock.release()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else works with the store meanwhile.

        Raises:
            StoreError: Somebody does; those of whom there are records are named. Or the store cannot be written.
        """
        lock = StoreLock(self.root)
        try:
            if not lock.try_alone():
                raise self._refused(lock)
            yield
        finally:
            lock.release()

    def _refused(self, lock: StoreLock) -> StoreError:
        if not lock.works:
            return StoreError(
                f"nothing can be removed: the file system of {self.root} has no locks, so nobody knows who works there",
                hint="move the store to a local disk, remove, and move it back",
                code="no-locks",
            )
        runs = [run.id for run in self.records.list(RunFilter(statuses=("running",)))]
        who = f"by {len(runs)} run{'s' if len(runs) > 1 else ''}: {', '.join(runs)}" if runs else "by another command"
        return StoreError(
            f"the store is in use {who}",
            hint="nothing was removed; try again when that has ended",
            code="store-in-use",
        )


def open_store(root: Path) -> Store:
    """The store at a place.

    Args:
        root: Its folder; made when something is written.
    """
    return Store(root)
