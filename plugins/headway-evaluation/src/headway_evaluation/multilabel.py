"""The evaluation stage for targets of several labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway_evaluation.evaluation import Evaluation, Metrics

if TYPE_CHECKING:
    from headway_evaluation.tasks.labels import Labels


@dataclass(frozen=True)
class Multilabel(Evaluation):
    """Evaluates probabilities of labels, any number of which a row may have."""

    metrics: Metrics = ("macro_auroc", "macro_average_precision", "micro_f1", "subset_accuracy", "binary_cross_entropy")
    """What is measured; the first decides whether the model is called better than a baseline."""

    def task(self) -> Labels:
        """Labels."""
        from headway_evaluation.tasks.labels import Labels

        return Labels()
