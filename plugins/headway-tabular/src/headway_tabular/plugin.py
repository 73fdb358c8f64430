"""What headway-tabular registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_tabular.command_data import Data
from headway_tabular.table import Table
from headway_tabular.tabular import Tabular


def headway_register(registry: Registry) -> None:
    """Registers ``data=table``, ``features=tabular`` and the command ``data``."""
    registry.add("data", "table", Table)
    registry.add("features", "tabular", Tabular)
    registry.add("command", Data.name, Data)
