"""Artifacts, locks and records of a project."""

from __future__ import annotations

from headway.store.artifacts import ArtifactStore, Entry, Item
from headway.store.locks import KeyLock, is_held
from headway.store.records import Records
from headway.store.remembered import Remembered
from headway.store.runs import Condition, Run, RunFilter, StageRow, new_run_id
from headway.store.store import Store, open_store

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
    "is_held",
    "new_run_id",
    "open_store",
]
