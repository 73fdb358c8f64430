"""Headway: from raw rows to a deployed model that can be trusted, in one config.

This module and `headway.contracts`, `headway.errors`, `headway.fields`, `headway.testing` are the public
surface. Importing them is light: no torch, polars, hydra or scikit-learn.
"""

from __future__ import annotations

from headway.errors import DataError, HeadwayError, Pruned
from headway.fields import Registered, Secret, Seed, SourcePath, Uncached
from headway.stage import Context, Stage

__version__ = "0.1.0"

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
