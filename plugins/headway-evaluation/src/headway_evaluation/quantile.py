"""The evaluation stage for predicted quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway_evaluation.evaluation import Evaluation, Metrics

if TYPE_CHECKING:
    from headway_evaluation.tasks.quantiles import Quantiles


@dataclass(frozen=True)
class Quantile(Evaluation):
    """Evaluates predicted quantiles of a number; all models must give the same levels."""

    metrics: Metrics = ("pinball", "interval_coverage", "interval_width")
    """What is measured; the first decides whether the model is called better than a baseline."""

    def task(self) -> Quantiles:
        """Quantiles."""
        from headway_evaluation.tasks.quantiles import Quantiles

        return Quantiles()
