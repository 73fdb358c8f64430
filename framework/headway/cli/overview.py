"""`headway --help`: all commands, with those of plugins.

Plugins are loaded to learn their commands, which costs more than the help itself. What was learnt is
remembered in the user's cache folder, under a key that changes when a distribution is installed, removed or
updated, or a plugin of the project is edited.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress


def overview(core: dict[str, str], project: str | None) -> str:
    """The help text.

    Args:
        core: The commands of the core: name to one line.
        project: The folder given by ``--project``, if there was one.
    """
    commands = core | _offered(project)
    width = max(map(len, commands))
    lines = [f"  {name:<{width}}  {text}" for name, text in commands.items()]
    return "\n".join(
        [
            "usage: headway [--project FOLDER] COMMAND [ARGUMENTS] [key=value ...]",
            "",
            "From one config to a model that is deployed and can be trusted.",
            "",
            *lines,
            "",
            "headway COMMAND --help says more; HEADWAY_TRACEBACK=1 shows tracebacks.",
        ]
    )


def _offered(project: str | None) -> dict[str, str]:
    stamp = "\n".join([sys.prefix, os.environ.get("HEADWAY_BLOCK", ""), *_stamps(project or os.getcwd())])
    file = os.path.join(_cache(), "commands.json")
    with suppress(OSError, ValueError, KeyError, TypeError):
        with open(file, encoding="utf-8") as stream:
            known = json.load(stream)
        if known["stamp"] == stamp:
            return dict(known["commands"])
    commands = _ask(project)
    with suppress(OSError):
        _remember(file, {"stamp": stamp, "commands": commands})
    return commands


def _ask(project: str | None) -> dict[str, str]:
    from pathlib import Path

    from headway.session import Session

    registry = Session.open(Path(project) if project else None).plugins.registry
    return {name: str(registry.get("command", name).help) for name in registry.names("command")}


def _remember(file: str, content: dict[str, object]) -> None:
    os.makedirs(os.path.dirname(file), exist_ok=True)
    beside = f"{file}.{os.getpid()}"
    with open(beside, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
    os.replace(beside, file)


def _cache() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "headway")


def _stamps(folder: str) -> Iterator[str]:
    """Names and times of what decides which plugins there are: installed distributions, the project's own files."""
    for entry in sys.path:
        with suppress(OSError), os.scandir(entry or ".") as items:
            yield from sorted(f"{i.path} {i.stat().st_mtime_ns}" for i in items if i.name.endswith(".dist-info"))
    while True:
        if os.path.isdir(os.path.join(folder, "configs")):
            yield folder
            with suppress(OSError), os.scandir(os.path.join(folder, "plugins")) as items:
                yield from sorted(f"{i.path} {i.stat().st_mtime_ns}" for i in items if i.name.endswith(".py"))
            return
        if os.path.dirname(folder) == folder:
            return
        folder = os.path.dirname(folder)
