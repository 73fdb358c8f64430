"""Why a stage runs: its key's components beside those of the last time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.planning.graph import Vertex

    Parts = Mapping[str, Any]


def reasons(
    vertex: Vertex, before: Mapping[str, Any], experiment: Experiment, files: Mapping[str, Path]
) -> tuple[str, ...]:
    """What changed since a stage last succeeded, the most telling first.

    Args:
        vertex: The stage as it is now.
        before: The components it had.
        experiment: Whose config says where a value was set.
        files: First-party module name to its file.
    """
    now = vertex.components
    if before["stage"] != now["stage"]:
        return (f"{before['stage']} → {now['stage']}", *_inputs(before, now))
    found = [
        *_version(before, now),
        *_config(vertex, before, now, experiment),
        *_content(vertex, before, now),
        *_source(before, now, files, experiment.config.project),
        *_libraries(before, now),
        *_inputs(before, now),
    ]
    return tuple(found) or ("its source cannot say whether it changed",)


def _version(before: Parts, now: Parts) -> Iterator[str]:
    if before["cache_version"] != now["cache_version"]:
        yield f"cache_version {before['cache_version']} → {now['cache_version']}"


def _config(vertex: Vertex, before: Parts, now: Parts, experiment: Experiment) -> Iterator[str]:
    for name in _changed(before["config"], now["config"]):
        place = experiment.config.written((vertex.stage.name, *name.split(".")))
        where = f" ({place.source}{f':{place.line}' if place.line else ''})" if place else ""
        old, new = _show(before["config"], name), _show(now["config"], name)
        yield f"{vertex.stage.name}.{name} {old} → {new}{where}"


def _show(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "unset"
    text = str(values[name])
    return text if len(text) <= 40 else text[:37] + "…"


def _content(vertex: Vertex, before: Parts, now: Parts) -> Iterator[str]:
    for name in _changed(before["content"], now["content"]):
        value = vertex.stage.values.get(name)
        files = value if isinstance(value, str) else ", ".join(value or ())
        yield f"{files} changed ({vertex.stage.name}.{name})"


def _source(before: Parts, now: Parts, files: Mapping[str, Path], project: Path) -> Iterator[str]:
    for module in _changed(before["source"], now["source"]):
        verb = "is new" if module not in before["source"] else "changed" if module in now["source"] else "is gone"
        yield f"{_file(module, files.get(module), project)} {verb}"


def _file(module: str, path: Path | None, project: Path) -> str:
    if path is None:
        return module
    if path.is_relative_to(project / "plugins") and module.startswith("_"):
        return path.relative_to(project).as_posix()
    parts = module.count(".") + (2 if path.name == "__init__.py" else 1)
    return "/".join(path.parts[-parts:])


def _libraries(before: Parts, now: Parts) -> Iterator[str]:
    for name in _changed(before["libraries"], now["libraries"]):
        yield f"{name} {_show(before['libraries'], name)} → {_show(now['libraries'], name)}"


def _inputs(before: Parts, now: Parts) -> Iterator[str]:
    for name in _changed(before["inputs"], now["inputs"]):
        old, new = before["inputs"].get(name), now["inputs"].get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from (f"{name}.{item} changed" for item in _changed(old, new))
        else:
            yield f"{name} changed"


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted({*before, *now}) if before.get(name, ...) != now.get(name, ...)]
