"""What help and completion need to know, looked up without loading a plugin or composing a config.

The index is kept in the user's cache folder, under a stamp of the names and times of all that decides it: installed
distributions, the files that define stages, the project's plugins and configs. When the stamp differs it is made
again, which loads the plugins.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha1
from typing import Any


def index(project: str | None) -> dict[str, Any]:
    """The index of a project, or of none.

    Args:
        project: The folder given by ``--project``; by default the nearest one that has a ``configs`` folder.

    Returns:
        ``commands`` (name → one line), ``flags`` (command → flag → one line), ``groups`` (config group → options),
        ``uses`` (``group/option`` → stage), ``choices`` (experiment → group → option), ``pipelines`` (experiment →
        stages), ``fields`` (``kind/stage`` → dotted field → its values, if they can be listed).
    """
    folder = _project(project or os.getcwd())
    name = sha1(f"{sys.prefix}\n{folder}".encode(), usedforsecurity=False).hexdigest()[:16]
    file = os.path.join(_cache(), f"index-{name}.json")
    with suppress(OSError, ValueError, KeyError, TypeError):
        with open(file, encoding="utf-8") as stream:
            known = json.load(stream)
        if known["stamp"] == _stamp(folder, known["watched"]):
            return dict(known)
    from headway.cli.indexing import build

    made = build(folder)
    made["stamp"] = _stamp(folder, made["watched"])
    with suppress(OSError):
        _remember(file, made)
    return made


def _project(folder: str) -> str | None:
    while not os.path.isdir(os.path.join(folder, "configs")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _cache() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "headway")


def _remember(file: str, content: dict[str, Any]) -> None:
    os.makedirs(os.path.dirname(file), exist_ok=True)
    beside = f"{file}.{os.getpid()}"
    with open(beside, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
    os.replace(beside, file)


def _stamp(folder: str | None, watched: Iterable[str]) -> str:
    """A hash of names and times."""
    lines = [os.environ.get("HEADWAY_BLOCK", ""), *_installed()]
    for path in [*watched, *([os.path.join(folder, "plugins"), os.path.join(folder, "configs")] if folder else [])]:
        lines += _times(path)
    return sha1("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


def _installed() -> Iterator[str]:
    for entry in sys.path:
        with suppress(OSError), os.scandir(entry or ".") as items:
            yield from sorted(f"{i.path} {i.stat().st_mtime_ns}" for i in items if i.name.endswith(".dist-info"))


def _times(path: str) -> Iterator[str]:
    """A file and its time, or those of all files below a folder that plugins or configs are made of."""
    with suppress(OSError):
        if not os.path.isdir(path):
            yield f"{path} {os.stat(path).st_mtime_ns}"
            return
        with os.scandir(path) as items:
            for item in sorted(items, key=lambda item: item.name):
                if item.is_dir() and not item.name.startswith((".", "__")):
                    yield from _times(item.path)
                elif item.name.endswith((".py", ".yaml")):
                    yield f"{item.path} {item.stat().st_mtime_ns}"
