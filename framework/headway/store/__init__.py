"""Artifacts, locks, records and studies of a project."""

from __future__ import annotations

from headway.store.artifacts import ArtifactStore, Entry, Item
from headway.store.locks import KeyLock, is_held
from headway.store.records import Records
from headway.store.remembered import Remembered
from headway.store.runs import Condition, Run, RunFilter, StageRow, new_run_id
from headway.store.store import Store, open_store
from headway.store.studies import Studies
from headway.store.study import StudyFolder

__all__ = [
    "ArtifactStore",
    "Condition",
    "Entry",
    "Item",
    "KeyLock",
    "Records",
    "Remembered",
    "Run",
    "RunFilter",
    "StageRow",
    "Store",
    "Studies",
    "StudyFolder",
    "is_held",
    "new_run_id",
    "open_store",
]
