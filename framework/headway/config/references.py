"""Where an interpolation got its value from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from headway.config.origins import Key
from headway.config.tree import Tree

if TYPE_CHECKING:
    from headway.config.model import Config

REFERENCE = re.compile(r"(?<!\\)\$\{([^${}]+)\}")


def reference(tree: Tree, at: Key) -> Key | None:
    """The path of the interpolation that a value comes from: its own, or that of something around it."""
    return next((at[:length] for length in range(len(at), 0, -1) if at[:length] in tree.written), None)


def came_from(config: Config, at: Key) -> str | None:
    """A sentence about the values that an interpolation names, such as ``its value comes from seed (a.yaml:3:7)``.

    Args:
        config: The composed config.
        at: The path of a value.
    """
    found = reference(config.tree, at)
    if found is None:
        return None
    parts = [_told(config, target, at[len(found) :], ()) for target in _targets(config.tree, found)]
    return f"its value comes from {' and '.join(parts)}" if parts else None


def _told(config: Config, target: str | Key, inside: Key, seen: tuple[Key, ...]) -> str:
    if isinstance(target, str):
        return target
    path = (*target, *inside)
    name = ".".join(map(str, path))
    further = reference(config.tree, path)
    if further is not None and further not in seen:
        rest = path[len(further) :]
        parts = [_told(config, t, rest, (*seen, further)) for t in _targets(config.tree, further)]
        return f"{name}, which comes from {' and '.join(parts)}" if parts else name
    listed = isinstance(config.tree.get(path[:-1]), list)
    return f"{name} ({(config.place(path) if listed else config.written(path)) or 'a default'})"


def _targets(tree: Tree, at: Key) -> Iterator[str | Key]:
    """What an interpolation names: paths of the config, or environment variables in words."""
    for text in REFERENCE.findall(tree.written[at]):
        resolver, colon, argument = text.partition(":")
        if not colon:
            yield _path(text.strip(), at)
        elif resolver.strip() == "oc.env":
            yield f"the environment variable {argument.partition(',')[0].strip()}"


def _path(text: str, at: Key) -> Key:
    """An absolute path for ``a.b[0]``, and for ``.b`` and ``..b``, which start at the value's own place."""
    dots = len(text) - len(text.lstrip("."))
    keys: list[str | int] = [int(k) if k.isdigit() else k for k in re.findall(r"[^.\[\]]+", text)]
    return (*(at[:-dots] if dots else ()), *keys)
