"""A config as a plain tree, and the origin of everything in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headway.config.origins import Key, Origin


@dataclass
class Tree:
    """A nested dict that remembers who set what. Mappings merge, all else replaces.

    Attributes:
        root: The values.
        origins: Path to origin, for every mapping entry and list.
    """

    root: dict[str, Any] = field(default_factory=dict)
    origins: dict[Key, Origin] = field(default_factory=dict)

    def merge(self, value: Any, at: Key, origin: Origin) -> None:
        """Lays `value` over what is at a path."""
        if isinstance(value, Mapping) and at:
            self._ensure(at, origin)
        if not isinstance(value, Mapping):
            self.set(value, at, origin)
            return
        for key, item in value.items():
            self.merge(item, (*at, str(key)), replace(origin, path=(*origin.path, key)))

    def _ensure(self, at: Key, origin: Origin) -> None:
        if not isinstance(self.get(at), Mapping):
            self.set({}, at, origin)

    def set(self, value: Any, at: Key, origin: Origin) -> None:
        """Puts a value at a path; what is missing on the way becomes mappings."""
        node = self.root
        for length, key in enumerate(at[:-1], 1):
            if not isinstance(node.get(str(key)), dict):
                node[str(key)] = {}
                self.origins.setdefault(at[:length], origin)
            node = node[str(key)]
        node[str(at[-1])] = value
        self._forget(at)
        self.origins[at] = origin

    def delete(self, at: Key) -> bool:
        """Removes a path; whether there was one."""
        parent = self.get(at[:-1])
        if not isinstance(parent, dict) or at[-1] not in parent:
            return False
        del parent[at[-1]]
        self._forget(at)
        return True

    def _forget(self, at: Key) -> None:
        self.origins = {path: origin for path, origin in self.origins.items() if path[: len(at)] != at}

    def get(self, at: Key) -> Any:
        """The value at a path, or None."""
        node: Any = self.root
        for key in at:
            if not isinstance(node, dict) or key not in node:
                return None
            node = node[key]
        return node

    def origin(self, at: Key) -> Origin | None:
        """Who set the value at a path, or the nearest one above it; list items lie in their list's origin."""
        for length in range(len(at), 0, -1):
            origin = self.origins.get(at[:length])
            if origin is not None:
                return replace(origin, path=(*origin.path, *at[length:])) if origin.file else origin
        return None


def leaves(value: Any, at: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value that is no mapping or list, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*at, index))
    else:
        yield at, value
