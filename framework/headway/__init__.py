"""Headway: from raw rows to a deployed model that can be trusted, in one config.

This module and `headway.contracts`, `headway.errors`, `headway.fields`, `headway.metrics`, `headway.testing` are the
public surface. Importing them is light: no torch, polars, hydra or scikit-learn. The names below are imported
when they are first asked for, so that a command that needs none of them pays for none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.errors import DataError, HeadwayError, Pruned
    from headway.fields import Registered, Secret, Seed, SourcePath, Uncached
    from headway.stage import Context, Stage

__version__ = "0.1.0"

_HOMES = {
    "errors": ("DataError", "HeadwayError", "Pruned"),
    "fields": ("Registered", "Secret", "Seed", "SourcePath", "Uncached"),
    "stage": ("Context", "Stage"),
}

__all__ = [
    "Context",
    "DataError",
    "HeadwayError",
    "Pruned",
    "Registered",
    "Secret",
    "Seed",
    "SourcePath",
    "Stage",
    "Uncached",
    "__version__",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"headway.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'headway' has no attribute '{name}'")
