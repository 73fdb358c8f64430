"""Scores the splits of a dataset with predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from headway.contracts import Dataset, Output, Predictions, Predictor, Target, score_split
from headway.contracts.artifact import Lookup
from headway.errors import DataError

from headway_evaluation.dependence import block_length
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
        order: The rows' positions in the order of time, shape (rows,), int64, or None. Groups have none.
        block: How many rows in that order depend on each other.
    """

    target: np.ndarray
    weight: np.ndarray | None
    group: np.ndarray | None
    order: np.ndarray | None = None
    block: int = 1

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
    task: Task,
    lookup: Lookup,
    data: Dataset,
    predictors: Mapping[str, Predictor],
    splits: Sequence[str],
    block: int | None = None,
) -> Scored:
    """Scores several splits with several predictors.

    Args:
        task: What is evaluated.
        lookup: The registry.
        data: The dataset.
        predictors: Name to what scores it, with one called `MODEL`.
        splits: Which splits.
        block: How many rows in the order of time depend on each other; by default what the models' errors say.

    Raises:
        DataError: The target is of another task, a split is empty or unknown, targets are missing or unfit,
            a predictor does not give what is evaluated, or blocks cannot be drawn.
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
    rows = {split: _in_blocks(task, split, known[split], outputs[split], block) for split in splits}
    return Scored(target, given[MODEL], rows, outputs, predictions)


def _in_blocks(task: Task, split: str, rows: Rows, outputs: Mapping[str, np.ndarray], block: int | None) -> Rows:
    """The rows, and how many in the order of time depend on each other."""
    if rows.order is None and block is not None:
        what = f"blocks of {block:,} rows are to be drawn, and nothing says in which order they come"
        hint = "name data.time, without data.group, whose groups are drawn whole; or leave evaluation.block out"
        raise DataError(what, hint=hint, code="evaluation-block")
    if rows.order is None:
        return rows
    if block is None:
        block = block_length({name: task.errors(rows.target, out)[rows.order] for name, out in outputs.items()})
    elif 2 * block > len(rows):
        what = f"blocks of {block:,} rows are to be drawn, and '{split}' has {len(rows):,}: not two of them"
        raise DataError(what, hint="lower evaluation.block, or leave it out", code="evaluation-block")
    return replace(rows, block=block)


def rows_of(task: Task, data: Dataset, split: str) -> Rows:
    """What is known of the rows of a split; raises `DataError` if there are none, or targets are missing or unfit."""
    frame, target, schema = data.split(split).collect(), task.target(data), data.schema
    if not frame.height:
        raise unfit(f"the split '{split}' has no rows", "every split that is scored needs rows: see evaluation.splits")
    values = task.values(frame[target.column], target, split)
    weight = frame[schema.weight].to_numpy().astype(np.float64) if schema.weight else None
    if schema.group:
        return Rows(values, weight, _codes(frame[schema.group]))
    return Rows(values, weight, None, _order(frame[schema.time]) if schema.time else None)


def _order(time: pl.Series) -> np.ndarray:
    """Positions by time; rows of one time as they are, rows without one first."""
    ordered = pl.DataFrame({"time": time}).with_row_index("row").sort("time", maintain_order=True)
    return ordered["row"].to_numpy().astype(np.int64)


def _codes(group: pl.Series) -> np.ndarray:
    """Numbers from 0 for the groups; a row without one depends on no other, and is a group of its own."""
    lacks = group.is_null().to_numpy()
    codes: np.ndarray = group.rank("dense").fill_null(0).to_numpy().astype(np.int64) - 1
    codes[lacks] = codes.max() + 1 + np.arange(lacks.sum())
    return codes
