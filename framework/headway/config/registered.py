"""Fields that name something registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from headway.config.schema import Problem, marked
from headway.config.tree import leaves
from headway.fields import Registered
from headway.naming import unknown

if TYPE_CHECKING:
    from headway.plugins import Registry


def unregistered(cls: type, values: Mapping[str, Any], registry: Registry) -> Iterator[Problem]:
    """A problem for each name in the values that is not registered."""
    for path, marker, value in marked(cls, values, Registered):
        names = registry.names(marker.kind)
        for at, name in leaves(value, path):
            if isinstance(name, str) and name not in names:
                yield Problem(at, unknown(marker.kind, name, names), None, "unknown-name")
