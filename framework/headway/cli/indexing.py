"""Makes the index of `headway.cli.index` from the plugins and the config files."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import typing
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from headway.plugins import Registry


def build(folder: str | None) -> dict[str, Any]:
    """The index; see `headway.cli.index.index`.

    Args:
        folder: The project's folder, or None outside any project.
    """
    from headway.cli.main import CORE
    from headway.config.model import Runner
    from headway.plugins import blocked, load

    project = Path(folder) if folder else None
    registry = load(project, blocked()).registry
    commands = {name: registry.get("command", name) for name in registry.names("command")}
    modules = {name: import_module(f"headway.cli.{name}") for name in CORE}
    folders = [*([project / "configs"] if project else []), *map(Path, _config_folders(registry))]
    fields = {f"{e.kind}/{e.name}": dict(_fields(e.target, registry)) for e in registry if e.is_stage}
    trackers = {name: dict(_fields(registry.get("tracker", name), registry)) for name in registry.names("tracker")}
    return {
        "commands": CORE | {name: str(command.help) for name, command in commands.items()},
        "flags": {name: _flags(command) for name, command in (modules | commands).items()},
        "groups": _groups(folders, registry),
        "fields": fields | {f"trackers/{name}": found for name, found in trackers.items()},
        "nodes": {
            "runner": dict(_fields(Runner, registry)),
            **{name: dict(_fields(registry.get("node", name), registry)) for name in registry.names("node")},
        },
        **_configs(folders),
        "watched": sorted({str(folder) for folder in folders} | _sources(registry)),
    }


def _config_folders(registry: Registry) -> list[str]:
    return [str(registry.get("configs", name)) for name in registry.names("configs")]


def _sources(registry: Registry) -> set[str]:
    """The files that define what is registered."""
    modules = {getattr(entry.target, "__module__", None) for entry in registry}
    files = {getattr(sys.modules.get(name or ""), "__file__", None) for name in modules}
    return {str(file) for file in files if file}


def _flags(command: Any) -> dict[str, str]:
    parser = argparse.ArgumentParser(add_help=False)
    command.configure(parser)
    actions = [action for action in parser._actions if action.option_strings]
    return {action.option_strings[-1]: str(action.help or "") for action in actions} | {"--help": "say more"}


def _groups(folders: Sequence[Path], registry: Registry) -> dict[str, list[str]]:
    groups: dict[str, set[str]] = {kind: set(registry.names(kind)) for kind in registry.stage_kinds()}
    groups["trackers"] = set(registry.names("tracker"))
    for folder in folders:
        for file in folder.rglob("*.yaml"):
            path = file.relative_to(folder)
            if len(path.parts) > 1:
                groups.setdefault(path.parent.as_posix(), set()).add(path.stem)
    return {name: sorted(options) for name, options in sorted(groups.items()) if options}


def _configs(folders: Sequence[Path]) -> dict[str, Any]:
    """What the config files choose: which stage an option uses, and what an experiment is made of."""
    found: dict[str, Any] = {"uses": {}, "choices": {}, "pipelines": {}}
    for folder in reversed(folders):
        for file in folder.rglob("*.yaml"):
            content = _content(file)
            name = file.relative_to(folder).with_suffix("").as_posix()
            if isinstance(content.get("use"), str):
                found["uses"][name] = content["use"]
            if name.startswith("experiment/"):
                found["choices"][name.removeprefix("experiment/")] = dict(_chosen(content.get("defaults")))
                if isinstance(content.get("pipeline"), list):
                    found["pipelines"][name.removeprefix("experiment/")] = [str(x) for x in content["pipeline"]]
    return found


def _content(file: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - it is a safe one
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        return {}
    return content if isinstance(content, dict) else {}


def _chosen(defaults: Any) -> Iterator[tuple[str, str]]:
    for entry in defaults if isinstance(defaults, list) else ():
        for key, option in entry.items() if isinstance(entry, dict) else ():
            if isinstance(option, str):
                yield str(key).split()[-1].lstrip("/"), option


def _fields(cls: type, registry: Registry, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """The dotted fields of a dataclass, each with the values that can be listed."""
    from headway.config.hints import dataclasses_of

    hints = typing.get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        inner = next(iter(dataclasses_of(hints[field.name])), None)
        if inner is not None:
            yield from _fields(inner, registry, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", list(_values(hints[field.name], registry))


def _values(hint: Any, registry: Registry) -> Iterator[str]:
    from headway.config.hints import members
    from headway.fields import Registered, Uses

    for marker in getattr(hint, "__metadata__", ()):
        if isinstance(marker, Registered):
            yield from marker.also
        if isinstance(marker, Registered | Uses):
            yield from registry.names(marker.kind)
    for option in members(hint):
        if option is bool:
            yield from ("true", "false")
        elif typing.get_origin(option) is Literal:
            yield from (str(value) for value in typing.get_args(option))
        elif option is type(None):
            yield "null"
