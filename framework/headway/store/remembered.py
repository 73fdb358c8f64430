"""What was computed from a file before, remembered by its path, size, time and inode."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from headway.errors import StoreError
from headway.store.records import Records

YOUNG = 2.0
"""Seconds for which a file is not remembered: a second write in the same tick of the clock would go unseen."""


class Remembered:
    """Values derived from files, kept in the records and written at the end of a ``with`` block.

    Forgetting is harmless: the value is computed again.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[tuple[str, str], tuple[str, str]] | None = None
        self._new: dict[tuple[str, str], tuple[str, str]] = {}

    def get(self, path: Path, what: str, compute: Callable[[Path], str]) -> str:
        """The value named `what` of a file, from memory if the file has not changed."""
        stat = path.stat()
        name = (os.path.realpath(path), what)
        stamp = f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"
        for memory in (self._new, self._load()):
            if memory.get(name, ("", ""))[0] == stamp:
                return memory[name][1]
        value = compute(path)
        if time.time() - stat.st_mtime > YOUNG:
            self._new[name] = (stamp, value)
        return value

    def _load(self) -> dict[tuple[str, str], tuple[str, str]]:
        if self._known is None:
            self._known = {}
            with suppress(StoreError, sqlite3.Error), self._records.connect() as connection:
                rows = connection.execute("select path, what, stamp, value from remembered")
                self._known = {(row[0], row[1]): (row[2], row[3]) for row in rows}
        return self._known

    def flush(self) -> None:
        """Writes what is new; a failure is ignored."""
        if not self._new:
            return
        rows = [(*name, *value) for name, value in self._new.items()]
        with suppress(StoreError, sqlite3.Error), self._records.connect(write=True) as connection:
            connection.executemany("insert or replace into remembered values (?, ?, ?, ?)", rows)
        self._load().update(self._new)
        self._new = {}
