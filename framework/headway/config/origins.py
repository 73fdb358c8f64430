"""Where each value of a config was written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from headway.errors import Place

Key = tuple[str | int, ...]
"""A path into a config, such as ``("model", "layers", 0)``."""


@dataclass(frozen=True)
class Origin:
    """Where a value was set.

    Attributes:
        file: The file, or None for the command line.
        path: The value's path inside the file.
        text: The override, for the command line.
        option: Whether the file is a choice of a config group, placed at its package.
    """

    file: Path | None
    path: Key = ()
    text: str = ""
    option: bool = False

    def place(self, project: Path, *, of_key: bool = False) -> Place:
        """The position of the value, or of its key."""
        if self.file is None:
            return _in_override(self.text, of_key)
        mark = _nearest_mark(_marks(self.file), self.path, of_key)
        lines = self.file.read_text(encoding="utf-8").splitlines()
        text = lines[mark.line] if mark.line < len(lines) else ""
        width = max(1, (mark.end if mark.end > mark.column else len(text)) - mark.column)
        return Place(_shown(self.file, project), mark.line + 1, mark.column + 1, text, width)


def _in_override(text: str, of_key: bool) -> Place:
    key, sign, value = text.partition("=")
    if of_key or not value:
        return Place("command line", None, 1, text, max(1, len(key)))
    return Place("command line", None, len(key + sign) + 1, text, len(value))


def _shown(file: Path, project: Path) -> str:
    """The path as people know it: from the project, or from where the package is installed."""
    folders = [project, *(Path(entry) for entry in sys.path if entry)]
    return next((file.relative_to(f).as_posix() for f in folders if file.is_relative_to(f)), str(file))


@dataclass(frozen=True)
class Mark:
    """A range on one line, from 0; an `end` of 0 means the rest of the line."""

    line: int
    column: int
    end: int


@dataclass(frozen=True)
class Marks:
    """The positions of the keys and values of one file."""

    keys: dict[Key, Mark] = field(default_factory=dict)
    values: dict[Key, Mark] = field(default_factory=dict)


def _nearest_mark(marks: Marks, path: Key, of_key: bool) -> Mark:
    """The mark of the path, or of the longest part of it that was written."""
    first = marks.keys if of_key else marks.values
    for length in range(len(path), -1, -1):
        part = path[:length]
        for found in (first if length == len(path) else marks.keys, marks.values):
            if part in found:
                return found[part]
    return Mark(0, 0, 0)


@cache
def _marks_of(file: Path, stamp: int) -> Marks:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    root = yaml.compose(file.read_text(encoding="utf-8"), Loader=loader)
    marks = Marks()
    if root is not None:
        _walk(root, (), marks)
    return marks


def _marks(file: Path) -> Marks:
    return _marks_of(file, file.stat().st_mtime_ns)


def _walk(node: Any, path: Key, marks: Marks) -> None:
    marks.values[path] = _mark(node)
    value = node.value
    if node.id == "mapping":
        for key, item in value:
            marks.keys[(*path, key.value)] = _mark(key)
            _walk(item, (*path, key.value), marks)
    elif node.id == "sequence":
        for index, item in enumerate(value):
            marks.keys[(*path, index)] = _mark(item)
            _walk(item, (*path, index), marks)


def _mark(node: Any) -> Mark:
    same = node.start_mark.line == node.end_mark.line
    return Mark(node.start_mark.line, node.start_mark.column, node.end_mark.column if same else 0)


def defaults_place(files: Mapping[str, Path], group: str, option: str) -> Origin | None:
    """Where a defaults list names an option of a group, in any of the files."""
    for file in files.values():
        import yaml

        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        items = content.get("defaults", []) if isinstance(content, dict) else []
        for index, item in enumerate(items if isinstance(items, list) else []):
            for key, value in item.items() if isinstance(item, dict) else ():
                name = str(key).split(" ")[-1].strip("/").partition("@")[0]
                if name == group and value == option:
                    return Origin(file, ("defaults", index, key))
    return None
