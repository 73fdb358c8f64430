"""Fields that name something registered."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from headway.config.schema import Problem
from headway.config.tree import leaves
from headway.fields import Registered
from headway.naming import unknown

if TYPE_CHECKING:
    from headway.plugins import Registry


def unregistered(cls: type, values: Mapping[str, Any], registry: Registry) -> Iterator[Problem]:
    """A problem for each name in the values that is not registered."""
    hints = typing.get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        for marker in find_markers(hints[field.name], Registered):
            names = registry.names(marker.kind)
            for at, name in leaves(values.get(field.name), (field.name,)):
                if isinstance(name, str) and name not in names:
                    yield Problem(at, unknown(marker.kind, name, names), None, "unknown-name")


M = typing.TypeVar("M")


def find_markers(hint: Any, marker: type[M]) -> Iterator[M]:
    """The markers of a type anywhere in an annotation."""
    yield from (item for item in getattr(hint, "__metadata__", ()) if isinstance(item, marker))
    for argument in typing.get_args(hint):
        yield from find_markers(argument, marker)
