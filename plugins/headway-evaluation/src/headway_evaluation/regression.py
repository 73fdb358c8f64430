"""The evaluation stage for predicted values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway_evaluation.evaluation import Evaluation, Metrics

if TYPE_CHECKING:
    from headway_evaluation.tasks.values import Values


@dataclass(frozen=True)
class Regression(Evaluation):
    """Evaluates predicted values of a number."""

    metrics: Metrics = ("rmse", "mae", "r2")
    """What is measured; the first decides whether the model is called better than a baseline."""

    def task(self) -> Values:
        """Values."""
        from headway_evaluation.tasks.values import Values

        return Values()
