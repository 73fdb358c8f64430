"""What was computed from a file before, remembered by its path, size, time and inode."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from headway.errors import StoreError
from headway.store.records import Memory, Records
from headway.watched import stamp_of

YOUNG = 2.0
"""Seconds for which a file is not remembered: a second write in the same tick of the clock would go unseen."""


class Remembered:
    """Values derived from files, kept in the records, folder by folder.

    Forgetting is harmless: the value is computed again. A file younger than two seconds, or one from the future
    because the clock was set back, is neither remembered nor recalled.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[str, Memory] = {}
        self._new: dict[str, dict[tuple[str, str], tuple[str, str]]] = {}
        self._folders: dict[str, str] = {}

    def get(self, path: Path, what: str, compute: Callable[[Path], str]) -> str:
        """The value named `what` of a file, from memory if the file has not changed."""
        return self.look(path, what, compute)[1]

    def look(self, path: Path, what: str, compute: Callable[[Path], str]) -> tuple[str, str]:
        """The stamp of a file as it was before it was read, and the value named `what`; see `get`."""
        stat = path.stat()
        folder, name = self._located(path)
        stamp = stamp_of(stat)
        old = time.time() - stat.st_mtime > YOUNG
        for memory in (self._new.get(folder, {}), self._recalled(folder)) if old else ():
            if memory.get((name, what), ("", ""))[0] == stamp:
                return memory[name, what]
        value = compute(path)
        if old:
            self._new.setdefault(folder, {})[name, what] = (stamp, value)
        return stamp, value

    def _located(self, path: Path) -> tuple[str, str]:
        """The real folder of a file and its name there; a folder is resolved once."""
        if path.is_symlink():
            return os.path.split(os.path.realpath(path))
        folder = str(path.parent)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return self._folders[folder], path.name

    def _recalled(self, folder: str) -> Memory:
        if folder not in self._known:
            self._known[folder] = self._records.recall(folder)
        return self._known[folder]

    def flush(self) -> None:
        """Writes what is new; a store that cannot be written is left alone."""
        with suppress(StoreError):
            for folder, memory in self._new.items():
                self._records.remember(folder, memory)
        for folder, memory in self._new.items():
            self._known[folder] = {**self._known.get(folder, {}), **memory}
        self._new = {}
