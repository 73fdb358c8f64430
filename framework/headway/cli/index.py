"""What help and completion need to know, looked up without loading a plugin or composing a config.

The index is kept under a stamp of the names and times of all that decides it: installed distributions, the files
that define stages, the project's plugins and configs. When the stamp differs it is made again, which loads the plugins.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from headway.cached import cached, stamp_of, times


def index(project: str | None) -> dict[str, Any]:
    """The index of a project, or of none.

    Args:
        project: The folder given by ``--project``; by default the nearest one that has a ``configs`` folder.

    Returns:
        ``commands`` (name → one line), ``flags`` (command → flag → one line), ``groups`` (config group → options),
        ``uses`` (``group/option`` → stage), ``choices`` (experiment → group → option), ``pipelines`` (experiment →
        stages), ``fields`` (``kind/stage`` → dotted field → its values, if they can be listed),
        ``nodes`` (the same of ``runner`` and the nodes of plugins).
    """
    folder = _project(project or os.getcwd())
    made = cache(lambda: _build(folder))
    installed = stamp_of(_own(folder))
    watched = cached("watched", folder or "", installed, lambda: made()["watched"])
    stamp = stamp_of(line for path in [*watched, *_folders(folder)] for line in times(path))
    return dict(cached("index", folder or "", stamp, made))


def _build(folder: str | None) -> dict[str, Any]:
    from headway.cli.indexing import build

    return build(folder)


def _own(folder: str | None) -> Iterator[str]:
    """The project's own plugins, which decide what else is to be watched."""
    yield from times(os.path.join(folder, "plugins")) if folder else ()


def _folders(folder: str | None) -> list[str]:
    return [os.path.join(folder, name) for name in ("plugins", "configs")] if folder else []


def _project(folder: str) -> str | None:
    while not os.path.isdir(os.path.join(folder, "configs")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder
