"""A config as a plain tree, and the origin of everything in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from headway.config.origins import Key, Origin

DELETED = object()
"""What the history says of an entry that was taken away."""


@dataclass
class Tree:
    """A nested dict that remembers who set what. Mappings merge, all else replaces.

    Attributes:
        root: The values.
        origins: Path to origin, for every mapping entry and list.
        history: Path to every value that was set there and by whom, the first one first.
        written: Path to the text of each value that was an interpolation.
    """

    root: dict[str, Any] = field(default_factory=dict)
    origins: dict[Key, Origin] = field(default_factory=dict)
    history: dict[Key, list[tuple[Any, Origin]]] = field(default_factory=dict)
    written: dict[Key, str] = field(default_factory=dict)

    def copy(self) -> Tree:
        """A tree that can be changed without this one."""
        history = {path: list(values) for path, values in self.history.items()}
        return Tree(deepcopy(self.root), dict(self.origins), history, dict(self.written))

    def merge(self, value: Any, at: Key, origin: Origin) -> None:
        """Lays `value` over what is at a path.

        Raises:
            LookupError: The path leads through a list that has no such item.
        """
        if not isinstance(value, Mapping):
            self.set(value, at, origin)
            return
        if at and not isinstance(self.get(at), Mapping):
            self.set({}, at, origin)
        for key, item in value.items():
            self.merge(item, (*at, str(key)), replace(origin, path=(*origin.path, str(key))))

    def set(self, value: Any, at: Key, origin: Origin) -> None:
        """Puts a value at a path; what is missing on the way becomes mappings.

        Raises:
            LookupError: The path leads through a list that has no such item.
        """
        node: Any = self.root
        path: Key = ()
        for key in at[:-1]:
            step = _step(node, key)
            path = (*path, step)
            if not isinstance(_child(node, step), dict | list):
                node[step] = {}
                self.origins[path] = origin
            node = node[step]
        step = _step(node, at[-1])
        node[step] = value
        path = (*path, step)
        self._forget(path)
        self.origins[path] = origin
        self.history.setdefault(path, []).append((value, origin))

    def delete(self, at: Key, origin: Origin) -> bool:
        """Removes an entry of a mapping; whether there was one. Who removed it is remembered."""
        parent = self.get(at[:-1])
        if not isinstance(parent, dict) or at[-1] not in parent:
            return False
        del parent[str(at[-1])]
        self._forget(at)
        self.origins[at] = origin
        self.history.setdefault(at, []).append((DELETED, origin))
        return True

    def _forget(self, at: Key) -> None:
        for path in [path for path in self.origins if path[: len(at)] == at]:
            del self.origins[path]

    def get(self, at: Key) -> Any:
        """The value at a path, or None."""
        node: Any = self.root
        for key in at:
            node = _child(node, key)
        return node

    def origin(self, at: Key) -> Origin | None:
        """Who set the value at a path, or the nearest one above it; list items lie in their list's origin."""
        for length in range(len(at), 0, -1):
            origin = self.origins.get(at[:length])
            if origin is not None:
                return replace(origin, path=(*origin.path, *at[length:]))
        return None


def _step(node: Any, key: str | int) -> str | int:
    """The key as this node counts: lists by number, mappings by name."""
    if not isinstance(node, list):
        return str(key)
    if not str(key).isdigit() or int(key) >= len(node):
        raise LookupError(key)
    return int(key)


def _child(node: Any, key: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(key)
    if isinstance(node, list) and str(key).isdigit() and int(key) < len(node):
        return node[int(key)]
    return None


def models_in(root: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Every item of the lists of a config that name models, with its path: baselines, and members of ensembles."""
    lists: list[tuple[Key, Any]] = [(("baselines",), root.get("baselines"))]
    lists += [((name, "members"), node.get("members")) for name, node in root.items() if isinstance(node, Mapping)]
    for at, items in lists:
        yield from (((*at, index), item) for index, item in enumerate(items if isinstance(items, list) else ()))


def leaves(value: Any, at: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value that is no mapping or list, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*at, index))
    else:
        yield at, value


def keys(value: Any, at: Key = ()) -> Iterator[Key]:
    """The path of every entry of every mapping, also of those that hold nothing."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*at, key)
            yield from keys(item, (*at, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from keys(item, (*at, index))
