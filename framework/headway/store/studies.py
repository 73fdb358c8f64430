"""The studies of a store, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from headway.errors import UsageError
from headway.naming import unknown
from headway.store.files import told
from headway.store.study import DESCRIPTION, JOURNAL, StudyFolder

NAME = re.compile(r"\w[\w.-]*")
LONGEST = 100
"""Bytes of a name: it is a folder, and part of a lock's name."""


class Studies:
    """What was searched in a project; nothing is touched before it is used.

    Args:
        root: The store's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        """The names of all studies, sorted."""
        folder = self._root / "studies"
        with told(folder, "be listed"):
            found = sorted(folder.iterdir()) if folder.is_dir() else []
            return [path.name for path in found if NAME.fullmatch(path.name) and _is_study(path)]

    def __iter__(self) -> Iterator[StudyFolder]:
        """Every study, in the order of their names."""
        return (StudyFolder(self._root, name) for name in self.names())

    def folder(self, name: str) -> StudyFolder:
        """The study of a name, which may not be there yet.

        Raises:
            UsageError: It is no plain name, and would lead out of the store.
        """
        if not NAME.fullmatch(name) or len(name.encode()) > LONGEST:
            raise UsageError(
                f"{name[:LONGEST]!r} is no name of a study",
                hint=f"sweep.name=NAME of letters, digits and . _ -, none of . and - first; {LONGEST} bytes at most",
                code="study-name",
            )
        return StudyFolder(self._root, name)

    def find(self, name: str) -> StudyFolder:
        """A study that is there.

        Raises:
            UsageError: There is none of that name; the nearest is offered.
        """
        names = self.names()
        if name not in names:
            raise UsageError(unknown("study", name, names), hint="headway sweep list", code="unknown-study")
        return self.folder(name)


def _is_study(path: Path) -> bool:
    """Whether a folder was described, or lost its description but not its journal."""
    if (path / DESCRIPTION).is_file():
        return True
    journal = path / JOURNAL
    return journal.is_file() and journal.stat().st_size > 0
