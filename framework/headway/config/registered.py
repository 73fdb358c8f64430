"""Fields that name something registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from headway.config.hints import Chosen
from headway.config.schema import Problem
from headway.config.tree import leaves
from headway.config.walking import marked, spread
from headway.fields import Registered
from headway.naming import unknown

if TYPE_CHECKING:
    from headway.plugins import Registry


def unregistered(cls: type, values: Mapping[str, Any], registry: Registry, chosen: Chosen) -> Iterator[Problem]:
    """A problem for each name in the values, and in the fields of what they choose, that is not registered."""
    for inner, owner, held in spread(cls, values, chosen):
        for path, marker, value in marked(owner, held, Registered):
            names = [*marker.also, *registry.names(marker.kind)]
            for at, name in leaves(value, path):
                if isinstance(name, str) and name not in names:
                    yield Problem(at, unknown(marker.kind, name, names), None, "unknown-name").within(inner)
