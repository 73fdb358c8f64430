"""A plugin with a node, for tests; nothing of it is ever run."""

SWEEPS = '''
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Ge

from headway import Secret, Seed
from headway.fields import Uses


@dataclass(frozen=True)
class Tpe:
    """Parzen estimators."""

    startup: Annotated[int, Ge(1)] = 10
    """Random trials before the first modelled one."""
    seed: Seed = 0


@dataclass(frozen=True)
class Random:
    """Independent draws."""


@dataclass(frozen=True)
class Search:
    """What is searched."""

    space: Mapping[str, Any] = field(default_factory=dict)
    """Key to a text in the sweep grammar."""
    trials: Annotated[int, Ge(1)] = 20
    """Trials to finish."""
    sampler: Annotated[str | Mapping[str, Any], Uses("searcher")] = "tpe"
    """What chooses the next point."""
    url: Secret = ""
    points: tuple[Mapping[str, Any], ...] = ()


def headway_register(registry):
    registry.add("node", "search", Search)
    registry.add("searcher", "tpe", Tpe)
    registry.add("searcher", "random", Random)
'''
