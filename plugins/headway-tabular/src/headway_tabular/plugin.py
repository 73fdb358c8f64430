"""What headway-tabular registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_tabular.table import Table
from headway_tabular.tabular import Tabular
from headway_tabular.transforms import TRANSFORMS


def headway_register(registry: Registry) -> None:
    """Registers ``data=table``, ``features=tabular`` and the transforms of columns."""
    registry.add("data", "table", Table)
    registry.add("features", "tabular", Tabular)
    for name, transform in TRANSFORMS:
        registry.add("transform", name, transform)
