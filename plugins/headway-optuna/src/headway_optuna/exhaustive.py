"""Optuna's samplers of finite spaces for ask and tell.

Theirs stop `Study.optimize` when all is tried, and fail outside of it; here the engine sees the end.
"""

from __future__ import annotations

from typing import Any

from optuna import samplers


class GridSampler(samplers.GridSampler):
    """Optuna's, which does not stop the study."""

    def after_trial(self, *told: Any) -> None:
        """Nothing."""


class BruteForceSampler(samplers.BruteForceSampler):
    """Optuna's, which does not stop the study."""

    def after_trial(self, *told: Any) -> None:
        """Nothing."""
