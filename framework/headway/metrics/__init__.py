"""The standard metrics, registered by name (kind ``metric``).

A metric is a class, made without arguments unless it needs the output's description (`Metric.of`). Its
call takes the target, the output and, if the rows have them, weights, and gives one number in float64.
Where a metric is undefined (the AUROC of one class, the R² of a constant) the number is NaN, and `compute`
leaves the metric out of its answer, so that no record, report or tracker ever holds a NaN.

A plugin adds a metric by subclassing `Metric`, or `RowMetric` where it is the mean of a loss a row::

    class Hinge(RowMetric):
        name, task, maximize = "hinge", "classification", False

        def per_row(self, target, output): ...

    def headway_register(registry):
        registry.add("metric", Hinge.name, Hinge)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from headway.metrics.base import Metric, RowMetric
from headway.metrics.classification import Accuracy, Auroc, Brier, LogLoss
from headway.metrics.multilabel import (
    BinaryCrossEntropy,
    MacroAuroc,
    MacroAveragePrecision,
    MicroF1,
    SubsetAccuracy,
)
from headway.metrics.regression import R2, Mae, Pinball, Rmse

if TYPE_CHECKING:
    import numpy as np

    from headway.contracts.artifact import Lookup
    from headway.contracts.model import Output

STANDARD: tuple[type[Metric], ...] = (
    *(Accuracy, Auroc, LogLoss, Brier),
    *(Rmse, Mae, R2, Pinball),
    *(MacroAuroc, MacroAveragePrecision, MicroF1, SubsetAccuracy, BinaryCrossEntropy),
)
"""What the core registers."""


def standard(task: str) -> tuple[str, ...]:
    """The names of the standard metrics of a task: classification, regression or quantile; else none."""
    return tuple(metric.name for metric in STANDARD if metric.task == task)


def compute(
    lookup: Lookup,
    names: Iterable[str],
    target: np.ndarray,
    output: np.ndarray,
    weight: np.ndarray | None = None,
    described: Output | None = None,
) -> dict[str, float]:
    """Several metrics by their registered names.

    Args:
        lookup: The registry, as in ``context.registry``.
        names: Registered names, such as ``standard(features.target.task)``.
        target: As in `Metric.__call__`.
        output: As in `Metric.__call__`.
        weight: As in `Metric.__call__`.
        described: The output's description, for metrics that need it.

    Returns:
        Name to finite value, in the order of `names`; a metric that is undefined for these rows is
        left out.

    Raises:
        HeadwayError: A name is not registered, or target and output do not fit the metric.
    """
    import math

    values: dict[str, float] = {}
    for name in names:
        cls: type[Metric] = lookup.get("metric", name)
        metric = cls() if described is None else cls.of(described)
        value = metric(target, output, weight)
        if not math.isnan(value):
            values[name] = value
    return values


__all__ = [
    "R2",
    "STANDARD",
    "Accuracy",
    "Auroc",
    "BinaryCrossEntropy",
    "Brier",
    "LogLoss",
    "MacroAuroc",
    "MacroAveragePrecision",
    "Mae",
    "Metric",
    "MicroF1",
    "Pinball",
    "Rmse",
    "RowMetric",
    "SubsetAccuracy",
    "compute",
    "standard",
]
