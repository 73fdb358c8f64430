"""Where each value of a config was written."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, replace
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
            return _in_override(self.text, self.path, of_key)
        mark = _nearest_mark(_marks(self.file), self.path, of_key)
        return position(self.file, project, mark.line, mark.column, mark.end)


def position(file: Path, project: Path, line: int, column: int, end: int = 0) -> Place:
    """A place in a file, its numbers from 0; an `end` of 0 means the rest of the line."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    text = lines[line] if line < len(lines) else ""
    width = max(1, (end if end > column else len(text)) - column)
    return Place(shown(file, project), line + 1, column + 1, text, width)


def within(place: Place, value: str, start: int, width: int) -> Place:
    """The place of a part of a text, if it stands there as it is, bare or in quotes; otherwise that of the text.

    Args:
        place: Where the text stands.
        value: The text.
        start: Where the part begins in the text, from 0.
        width: Its length.
    """
    first = (place.column or 1) - 1
    line = (place.text or "")[first:]
    quote = line[:1] if line[:1] in "'\"" and not value.startswith(line[:1]) else ""
    if not line.startswith(f"{quote}{value}{quote}"):
        return place
    return replace(place, column=first + len(quote) + start + 1, width=max(1, min(width, len(value) - start)))


def package_header(file: Path, project: Path) -> Place | None:
    """Where the first lines of a file name its package, as in ``# @package _global_``."""
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines()):
        if found := re.match(r"\s*#\s*@package\s+(\S+)", line):
            return position(file, project, number, *found.span(1))
        if line.strip() and not re.match(r"\s*#\s*@", line):
            return None
    return None


def _in_override(text: str, path: Key, of_key: bool) -> Place:
    from headway.config.spans import span

    key, sign, value = text.partition("=")
    if not value or (of_key and not path):
        return Place("command line", None, 1, text, max(1, len(key)))
    start, end = span(text, path, len(key + sign), of_key=of_key)
    if of_key and start == len(key + sign):  # the key is in the word's own
        return Place("command line", None, 1, text, max(1, len(key)))
    return Place("command line", None, start + 1, text, max(1, end - start))


def shown(file: Path, project: Path) -> str:
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


def _nodes(file: Path) -> Any:
    """A file's nodes with their positions; None if it is no YAML, which composing tells."""
    import yaml

    # The loader in C is ten times as fast, but stricter, and PyYAML can be built without it.
    for loader in (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader):
        try:
            return yaml.compose(file.read_text(encoding="utf-8"), Loader=loader)
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
    return None


@cache
def _marks_of(file: Path, stamp: int) -> Marks:
    root = _nodes(file)
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
            name = _name(key)
            marks.keys[(*path, name)] = _mark(key)
            _walk(item, (*path, name), marks)
    elif node.id == "sequence":
        for index, item in enumerate(value):
            marks.keys[(*path, index)] = _mark(item)
            _walk(item, (*path, index), marks)


def _name(key: Any) -> str:
    """A key as the merged config has it: ``yes`` and ``0x10`` are read before they become text."""
    import yaml

    if key.id != "scalar" or key.tag == "tag:yaml.org,2002:str":
        return str(key.value)
    return str(yaml.safe_load(key.value))


def _mark(node: Any) -> Mark:
    same = node.start_mark.line == node.end_mark.line
    return Mark(node.start_mark.line, node.start_mark.column, node.end_mark.column if same else 0)
