"""What headway-tabular registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_tabular.quality.command import Data
from headway_tabular.shift import Shift
from headway_tabular.table import Query, Table
from headway_tabular.tabular import Tabular
from headway_tabular.tensor import Tensor
from headway_tabular.transforms import TRANSFORMS


def headway_register(registry: Registry) -> None:
    """Registers the data and features stages, what their fields choose, and the command ``data``."""
    registry.add("data", "table", Table)
    registry.add("data", "query", Query)
    registry.add("features", "tabular", Tabular)
    registry.add("features", "tensor", Tensor)
    registry.add("augmentation", "shift", Shift)
    registry.add("command", Data.name, Data)
    for name, transform in TRANSFORMS:
        registry.add("transform", name, transform)
