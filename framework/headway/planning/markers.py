"""Which fields of a stage carry which marker."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from headway.fields import SourceMarker
from headway.paths import resolve_source

if TYPE_CHECKING:
    from headway.config import StageConfig

M = TypeVar("M")


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def markers_of(cls: type, field: str, marker: type[M]) -> list[M]:
    """The markers of a type anywhere in a field's annotation."""
    return list(_walk(_hints(cls)[field], marker))


def _walk(hint: Any, marker: type[M]) -> typing.Iterator[M]:
    for item in getattr(hint, "__metadata__", ()):
        if isinstance(item, marker):
            yield item
    for argument in typing.get_args(hint):
        yield from _walk(argument, marker)


def marked(cls: type, marker: type) -> set[str]:
    """The names of the fields that carry a marker."""
    return {field.name for field in fields(cls) if markers_of(cls, field.name, marker)}


def source_values(stage: StageConfig, project: Path) -> dict[str, Any]:
    """A stage's field values with its source paths made absolute."""
    paths = marked(type(stage.stage), SourceMarker)
    return {n: _absolute(value, project) if n in paths else value for n, value in stage.values.items()}


def _absolute(value: Any, project: Path) -> Any:
    if isinstance(value, str):
        return str(resolve_source(value, project)) if value else value
    if isinstance(value, list | tuple):
        return [_absolute(item, project) for item in value]
    return value


def strings(value: Any) -> list[str]:
    """Every text in a value that is not empty, in order."""
    if isinstance(value, str):
        return [value] if value else []
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [text for item in items for text in strings(item)]
