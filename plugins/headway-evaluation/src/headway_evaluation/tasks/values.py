"""Values of a number."""

from __future__ import annotations

import numpy as np
import polars as pl
from headway.contracts import Dataset, Output, Table, Target

from headway_evaluation.evaluation import Evaluation
from headway_evaluation.figures.groups import quantiles
from headway_evaluation.figures.values import figures
from headway_evaluation.scoring import Rows, Scored
from headway_evaluation.tasks import Findings, Task, in_order, other_task, unfit

WITHIN = (0.5, 0.9, 0.99)
"""Shares of the rows whose largest absolute error is told."""


class Numbers(Task):
    """A target that is a number."""

    def target(self, data: Dataset) -> Target:
        """The target, if it is one number a row."""
        target = data.schema.target
        if target.task != "regression" or target.horizon is not None:
            raise other_task(target, "regression")
        return target

    def values(self, column: pl.Series, target: Target, split: str) -> np.ndarray:
        """The numbers, float64."""
        numbers = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        strange = int((~np.isfinite(numbers)).sum())
        if strange:
            what = f"{strange} row(s) of '{split}' have a target that is missing or not finite"
            raise unfit(what, f"mend '{target.column}', or leave rows without it out: data.drop_missing_target=true")
        return numbers


class Values(Numbers):
    """A number, and its prediction."""

    title = "Regression"
    metrics = "regression"
    example = "rmse, mae, r2"
    advice = "model and data must have the same target; models of quantiles have an evaluation of their own: quantile"

    def fits(self, output: Output, target: Target) -> bool:
        """Whether it holds values."""
        return output.kind == "value"

    def wanted(self, target: Target) -> str:
        """Values."""
        return f"values of '{target.column}'"

    def errors(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """Absolute errors."""
        return np.abs(output - target)

    def show(self, stage: Evaluation, data: Dataset, scored: Scored) -> Findings:
        """Predictions and residuals, how large errors are, and the target by split."""
        split = stage.splits[-1]
        rows, outputs = scored.rows[split], scored.outputs[split]
        errors = Table(
            f"Errors, {split}",
            ("model", "mean error", *(f"{share:.0%} of rows within" for share in WITHIN), "largest error"),
            tuple((name, *_errors(rows, output)) for name, output in outputs.items()),
        )
        pictures = figures(scored.target.column, rows, outputs, split)
        return Findings((errors, balance(data, scored.target)), pictures)


def _errors(rows: Rows, output: np.ndarray) -> tuple[float, ...]:
    """The mean of predicted minus actual, and absolute errors that shares of the rows do not exceed."""
    error = output.astype(np.float64) - rows.target
    mass = np.ones(len(rows)) if rows.weight is None else rows.weight
    counted, size = mass > 0, np.abs(error)
    within = quantiles(size[counted], mass[counted], WITHIN)
    return float(np.average(error, weights=mass)), *within, float(size.max())


def balance(data: Dataset, target: Target) -> Table:
    """The target in each split, those not scored too; rows without one are not counted."""
    rows = []
    for split in in_order(data):
        values = data.split(split).select(pl.col(target.column).cast(pl.Float64)).collect()[target.column]
        known = values.filter(values.is_finite()).to_numpy()
        rows.append((split, len(values), *(_described(known) if len(known) else (None,) * 5)))
    columns = ("split", "rows", "mean", "standard deviation", "lowest", "median", "highest")
    return Table(f"Rows and {target.column}", columns, tuple(rows))


def _described(values: np.ndarray) -> tuple[float | None, ...]:
    deviation = float(values.std(ddof=1)) if len(values) > 1 else None
    return float(values.mean()), deviation, float(values.min()), float(np.median(values)), float(values.max())
