"""Probabilities of classes."""

from __future__ import annotations

import numpy as np
import polars as pl
from headway.contracts import Dataset, Output, Table, Target

from headway_evaluation.evaluation import Evaluation
from headway_evaluation.figures.classes import figures
from headway_evaluation.scoring import MODEL, Scored
from headway_evaluation.tasks import Findings, Task, in_order, other_task, unfit

CONFUSION = "Confusion matrix"
BALANCE = "Rows and class balance"


class Classes(Task):
    """A target of classes, and their probabilities."""

    title = "Classification"
    metrics = "classification"
    example = "auroc, accuracy, log_loss, brier"
    advice = "model and data must have the same target and classes"

    def target(self, data: Dataset) -> Target:
        """The target, if it has classes."""
        target = data.schema.target
        if target.task != "classification" or target.classes is None:
            raise other_task(target, "classification")
        return target

    def values(self, column: pl.Series, target: Target, split: str) -> np.ndarray:
        """Positions in the classes, int64."""
        values = column.to_list()
        code = {value: index for index, value in enumerate(target.classes or ())}
        strange = [value for value in values if value not in code]
        if strange:
            what = f"{len(strange)} row(s) of '{split}' have a target that is no class, such as {strange[0]!r}"
            raise unfit(what, f"the classes of '{target.column}' are {', '.join(map(str, code))}")
        return np.array([code[value] for value in values], dtype=np.int64)

    def fits(self, output: Output, target: Target) -> bool:
        """Whether it holds probabilities of the target's classes."""
        return output.kind == "probability" and output.classes == target.classes

    def wanted(self, target: Target) -> str:
        """Probabilities."""
        return f"probabilities of {target.classes}"

    def errors(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The probability of the other classes."""
        return 1 - output[np.arange(len(output)), target]

    def show(self, stage: Evaluation, data: Dataset, scored: Scored) -> Findings:
        """The ROC curve, reliability, the confusion matrix and the balance of classes."""
        split = stage.splits[-1]
        pictures = figures(scored.target, scored.rows[split], scored.outputs[split], split, stage.level)
        return Findings((_confusion(scored, split), _balance(data, scored.target)), pictures)


def _confusion(scored: Scored, split: str) -> Table:
    """Rows by true class and most probable class."""
    classes = scored.target.classes or ()
    codes, chosen = scored.rows[split].target, scored.outputs[split][MODEL].argmax(axis=1)
    counts = np.bincount(codes * len(classes) + chosen, minlength=len(classes) ** 2).reshape(len(classes), -1)
    columns = ("true class", *(f"predicted {name}" for name in classes), "recalled")
    rows = tuple(
        (str(name), *line.tolist(), float(line[index] / line.sum()) if line.sum() else None)
        for index, (name, line) in enumerate(zip(classes, counts, strict=True))
    )
    return Table(f"{CONFUSION}, {split}", columns, rows)


def _balance(data: Dataset, target: Target) -> Table:
    """Rows of each class in each split, those not scored too."""
    classes = target.classes or ()
    rows = []
    for split in in_order(data):
        values = data.split(split).select(pl.col(target.column)).collect()[target.column]
        counts = [int((values == name).sum()) for name in classes]
        rows.append((split, len(values), *(item for n in counts for item in (n, n / max(len(values), 1)))))
    columns = ("split", "rows", *(item for name in classes for item in (str(name), f"share of {name}")))
    return Table(BALANCE, columns, tuple(rows))
