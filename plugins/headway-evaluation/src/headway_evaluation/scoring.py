"""Scores the splits of a dataset with predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from headway.contracts import Dataset, Output, Predictions, Predictor, Target, score_split
from headway.contracts.artifact import Lookup

from headway_evaluation.tasks import Task, unfit

MODEL = "model"
"""The name of the predictor in question among all that are scored."""


@dataclass(frozen=True)
class Rows:
    """What is known of the rows of one split.

    Attributes:
        target: Shape (rows,): positions in the classes (int64), or numbers (float64); of labels shape (rows, labels):
            0 or 1 (float64).
        weight: Sample weights, shape (rows,), or None.
        group: Codes of the groups whose rows depend on each other, shape (rows,), int64, or None.
    """

    target: np.ndarray
    weight: np.ndarray | None
    group: np.ndarray | None

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class Scored:
    """Everything that was scored.

    Attributes:
        target: What was predicted.
        output: What the model gives of it.
        rows: Split name to what is known of its rows.
        outputs: Split name to model name to that output, rows first.
        predictions: Model name to its predictions on all splits.
    """

    target: Target
    output: Output
    rows: Mapping[str, Rows]
    outputs: Mapping[str, Mapping[str, np.ndarray]]
    predictions: Mapping[str, Predictions]


def score(
    task: Task, lookup: Lookup, data: Dataset, predictors: Mapping[str, Predictor], splits: Sequence[str]
) -> Scored:
    """Scores several splits with several predictors.

    Args:
        task: What is evaluated.
        lookup: The registry.
        data: The dataset.
        predictors: Name to what scores it, with one called `MODEL`.
        splits: Which splits.

    Raises:
        DataError: The target is of another task, a split is empty or unknown, targets are missing or unfit,
            or a predictor does not give what is evaluated.
    """
    target = task.target(data)
    known = {split: rows_of(task, data, split) for split in splits}
    given = {name: task.output(predictor, target, name) for name, predictor in predictors.items()}
    task.agree(given)
    outputs: dict[str, dict[str, np.ndarray]] = {split: {} for split in splits}
    predictions = {}
    for name, predictor in predictors.items():
        scorer = predictor.open(lookup)
        parts = {split: score_split(scorer, data, split) for split in splits}
        for split, part in parts.items():
            outputs[split][name] = part.output(given[name].name)
        frame = pl.concat([part.frame for part in parts.values()])
        predictions[name] = Predictions(frame, target, predictor.outputs, predictor.digest)
    return Scored(target, given[MODEL], known, outputs, predictions)


def rows_of(task: Task, data: Dataset, split: str) -> Rows:
    """What is known of the rows of a split; raises `DataError` if there are none, or targets are missing or unfit."""
    frame, target, schema = data.split(split).collect(), task.target(data), data.schema
    if not frame.height:
        raise unfit(f"the split '{split}' has no rows", "every split that is scored needs rows: see evaluation.splits")
    values = task.values(frame[target.column], target, split)
    weight = frame[schema.weight].to_numpy().astype(np.float64) if schema.weight else None
    return Rows(values, weight, _codes(frame[schema.group]) if schema.group else None)


def _codes(group: pl.Series) -> np.ndarray:
    """Numbers from 0 for the groups; a row without one depends on no other, and is a group of its own."""
    lacks = group.is_null().to_numpy()
    codes: np.ndarray = group.rank("dense").fill_null(0).to_numpy().astype(np.int64) - 1
    codes[lacks] = codes.max() + 1 + np.arange(lacks.sum())
    return codes
