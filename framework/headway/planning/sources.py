"""The files that the fields of a stage name, however deep they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.config.tree import leaves
from headway.fields import SourceMarker, Uncached, is_url
from headway.paths import resolve_source

if TYPE_CHECKING:
    from headway.config import StageConfig
    from headway.config.origins import Key
    from headway.stage import Stage


def sources(stage: StageConfig) -> Iterator[tuple[Key, str]]:
    """Every file, folder, glob or URL that decides the result: the path of the value, and the value."""
    uncached = [at for at, _, _ in stage.marked(Uncached)]
    for at, text in _named(stage):
        if not any(at[: len(above)] == above for above in uncached):
            yield at, text


def source_values(stage: StageConfig, project: Path) -> dict[str, Any]:
    """A stage's field values with its source paths made absolute; URLs stay as they are."""
    paths = dict(_named(stage))
    return {name: _absolute(value, (name,), paths, project) for name, value in stage.values.items()}


def located(stage: StageConfig, project: Path) -> Stage:
    """The stage with its source paths made absolute, ready to be asked or used outside a run.

    Raises:
        UsageError: A file that it names does not exist.
    """
    from headway.config.schema import build

    made: Stage = build(type(stage.stage), source_values(stage, project))[0]
    return made


def _named(stage: StageConfig) -> Iterator[tuple[Key, str]]:
    for found, _, held in stage.marked(SourceMarker):
        yield from ((at, text) for at, text in leaves(held, found) if isinstance(text, str) and text)


def _absolute(value: Any, at: Key, paths: Mapping[Key, str], project: Path) -> Any:
    if isinstance(value, Mapping):
        return {key: _absolute(item, (*at, key), paths, project) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_absolute(item, (*at, index), paths, project) for index, item in enumerate(value)]
    return str(resolve_source(value, project)) if at in paths and not is_url(value) else value
