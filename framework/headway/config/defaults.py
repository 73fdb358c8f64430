"""The defaults of stages, as plain values beneath what a config says."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from headway.config.model import Runner
from headway.fields import SeedMarker

if TYPE_CHECKING:
    from headway.config.tree import Tree
    from headway.plugins import Registry

MISSING = "???"
"""Hydra's word for a value that has to be given."""
TRACKERS = "trackers"
"""The top-level key that holds a node for each tracker, by its registered name."""
RESERVED = ("use", "inputs")
"""Keys of a stage's node that are no fields."""


def add_defaults(tree: Tree, kinds: Mapping[str, str], registry: Registry) -> None:
    """Fills in what the config leaves out, so that interpolations may refer to it."""
    if isinstance(tree.root.get("runner"), dict):
        fill(tree.root["runner"], Runner)
    trackers = tree.root.get(TRACKERS)
    for name, node in trackers.items() if isinstance(trackers, dict) else ():
        if isinstance(node, dict) and name in registry.names("tracker"):
            fill(node, registry.get("tracker", name))
    for name, node in tree.root.items():
        if isinstance(node, dict) and isinstance(node.get("use"), str):
            kind = kinds.get(name, name)
            if node["use"] in registry.names(kind):
                fill(node, registry.get(kind, node["use"]))


def fill(node: dict[str, Any], cls: type) -> None:
    """Puts the defaults of a dataclass under the values of a node; none for fields without one."""
    for name, default in defaults_of(cls).items():
        inner = nested(cls, name)
        if isinstance(node.get(name), dict) and inner is not None:
            fill(node[name], inner)
        else:
            node.setdefault(name, default)


def defaults_of(cls: type) -> dict[str, Any]:
    """Field name to its default in JSON types; `MISSING` where there is none, the run's seed for seeds."""
    hints = hints_of(cls)
    return {field.name: _default(field, hints[field.name]) for field in dataclasses.fields(cls)}


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """The annotations of a class, markers included."""
    found: dict[str, Any] = typing.get_type_hints(cls, include_extras=True)
    return found


def _default(field: dataclasses.Field[Any], hint: Any) -> Any:
    if any(isinstance(marker, SeedMarker) for marker in getattr(hint, "__metadata__", ())):
        return "${seed}"
    if field.default is not dataclasses.MISSING:
        return plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return plain(field.default_factory())
    return MISSING


def plain(value: Any) -> Any:
    """A default in the types that YAML has."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def nested(cls: type, name: str) -> type | None:
    """The dataclass that a field holds, if it holds one."""
    options = members(hints_of(cls)[name])
    return next((o for o in options if isinstance(o, type) and dataclasses.is_dataclass(o)), None)


def members(hint: Any) -> Iterator[Any]:
    """The members of a union, markers taken off; anything else is its only member."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        yield from members(typing.get_args(hint)[0])
    elif origin in (typing.Union, types.UnionType):
        for option in typing.get_args(hint):
            yield from members(option)
    else:
        yield hint
