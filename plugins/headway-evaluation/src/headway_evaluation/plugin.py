"""What headway-evaluation registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_evaluation.classification import Classification
from headway_evaluation.metrics import INTERVAL
from headway_evaluation.quantile import Quantile
from headway_evaluation.regression import Regression


def headway_register(registry: Registry) -> None:
    """Registers the evaluations by what is predicted, and the metrics of intervals."""
    registry.add("evaluation", "classification", Classification)
    registry.add("evaluation", "regression", Regression)
    registry.add("evaluation", "quantile", Quantile)
    for metric in INTERVAL:
        registry.add("metric", metric.name, metric)
