"""The evaluation stage for classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway_evaluation.evaluation import Evaluation, Metrics

if TYPE_CHECKING:
    from headway_evaluation.tasks.classes import Classes


@dataclass(frozen=True)
class Classification(Evaluation):
    """Evaluates probabilities of classes."""

    metrics: Metrics = ("auroc", "accuracy", "log_loss", "brier")
    """What is measured; the first decides whether the model is called better than a baseline."""

    def task(self) -> Classes:
        """Classes."""
        from headway_evaluation.tasks.classes import Classes

        return Classes()
