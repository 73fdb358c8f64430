"""Artifacts, locks and records of a project."""

from __future__ import annotations

from headway.store.artifacts import ArtifactStore, Entry
from headway.store.locks import KeyLock, is_held
from headway.store.records import Records, Run, StageRow, new_run_id
from headway.store.remembered import Remembered

__all__ = ["ArtifactStore", "Entry", "KeyLock", "Records", "Remembered", "Run", "StageRow", "is_held", "new_run_id"]
