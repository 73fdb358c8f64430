"""Probabilities of labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from headway.contracts import Dataset, Figure, Output, Table, Target
from headway.metrics import MacroAuroc, MacroAveragePrecision, Metric, MicroF1

from headway_evaluation.evaluation import Evaluation
from headway_evaluation.figures.classes import reliability
from headway_evaluation.figures.labels import average_precision
from headway_evaluation.intervals import Estimate, estimates
from headway_evaluation.scoring import MODEL, Rows, Scored
from headway_evaluation.tasks import Findings, Task, in_order, other_task, unfit


class OfLabel(Metric):
    """A metric of one label alone.

    Args:
        metric: A metric of labels.
        position: Of the label.
    """

    name, task, maximize = "of_label", "multilabel", True

    def __init__(self, metric: Metric, position: int) -> None:
        self._metric = metric
        self._own = slice(position, position + 1)

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The metric, given that label."""
        return self._metric.weighted(target[:, self._own], output[:, self._own], weights)


class Labels(Task):
    """A target of several labels, and the probability of each."""

    title = "Multi-label classification"
    metrics = "multilabel"
    example = "macro_auroc, macro_average_precision, micro_f1"
    advice = "model and data must have the same labels; a network (model=mlp) and model=majority predict them"

    def target(self, data: Dataset) -> Target:
        """The target, if it has labels."""
        target = data.schema.target
        if target.task != "multilabel" or target.classes is None:
            raise other_task(target, "multilabel")
        return target

    def values(self, column: pl.Series, target: Target, split: str) -> np.ndarray:
        """0 and 1, float64 of shape (rows, labels)."""
        values: np.ndarray = column.cast(pl.Array(pl.Float64, len(target.classes or ()))).to_numpy()
        strange = int((~np.isin(values, (0, 1))).any(axis=1).sum())
        if strange:
            what = f"{strange} row(s) of '{split}' have a label that is neither true nor false"
            raise unfit(what, "leave rows without labels out: data.drop_missing_target=true")
        return values

    def fits(self, output: Output, target: Target) -> bool:
        """Whether it holds probabilities of the target's labels."""
        return output.kind == "marginal" and output.classes == target.classes

    def wanted(self, target: Target) -> str:
        """Probabilities."""
        return f"probabilities of the labels {target.column}"

    def errors(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The mean over labels of the probability of what is not."""
        return np.asarray(np.abs(output - target).mean(axis=1))

    def show(self, stage: Evaluation, data: Dataset, scored: Scored) -> Findings:
        """How well each label is found, reliability, and how frequent labels are."""
        split, labels = stage.splits[-1], [str(name) for name in scored.target.classes or ()]
        rows, outputs = scored.rows[split], scored.outputs[split]
        metrics: dict[str, Metric] = {name: OfLabel(MacroAveragePrecision(), at) for at, name in enumerate(labels)}
        found = estimates(stage, rows, outputs, metrics)
        precision = {model: [found[model, name] for name in labels] for model in outputs}
        shares = np.average(rows.target, axis=0, weights=rows.weight)
        table = _by_label(split, labels, rows, outputs[MODEL], precision[MODEL])
        pictures = (
            average_precision(labels, precision, shares, stage.level, split),
            _reliability(stage, scored, split),
        )
        return Findings((table, _balance(data, scored.target)), pictures)


def _by_label(
    split: str, labels: Sequence[str], rows: Rows, output: np.ndarray, precision: Sequence[Estimate]
) -> Table:
    """Each label: how frequent it is and is said to be, and how well the model finds it."""
    columns = ("label", "rows with it", "share", "mean probability", "average precision", "low", "high", "AUROC", "F1")
    shares, means = (np.average(array.astype(float), axis=0, weights=rows.weight) for array in (rows.target, output))
    lines = []
    for at, (name, found) in enumerate(zip(labels, precision, strict=True)):
        others = [OfLabel(metric, at)(rows.target, output, rows.weight) for metric in (MacroAuroc(), MicroF1())]
        figures = (shares[at], means[at], found.value, found.low, found.high, *others)
        lines.append((name, int(rows.target[:, at].sum()), *map(_known, figures)))
    return Table(f"Labels, {split}", columns, tuple(lines))


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _reliability(stage: Evaluation, scored: Scored, split: str) -> Figure:
    """Of all labels of all rows."""
    rows, count = scored.rows[split], len(scored.target.classes or ())
    true = rows.target.ravel() > 0
    stated = {name: (output.ravel().astype(np.float64), true) for name, output in scored.outputs[split].items()}
    weight = None if rows.weight is None else np.repeat(rows.weight, count)
    return reliability(stated, weight, ("probability of a label", "labels of rows"), split, stage.level)


def _balance(data: Dataset, target: Target) -> Table:
    """Rows with each label in each split, those not scored too; without any, and how many a row has."""
    labels = [str(name) for name in target.classes or ()]
    rows = []
    for split in in_order(data):
        values = data.split(split).select(target.column).collect()[target.column].to_numpy()
        each, size = values.sum(axis=1), max(len(values), 1)
        shares = (float(share) for share in values.sum(axis=0) / size)
        rows.append((split, len(values), float(each.sum() / size), float((each == 0).sum() / size), *shares))
    columns = ("split", "rows", "labels a row", "share without any", *(f"share of {name}" for name in labels))
    return Table("Rows and labels", columns, tuple(rows))
