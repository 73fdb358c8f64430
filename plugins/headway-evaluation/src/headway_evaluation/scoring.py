"""Scores the splits of a dataset with predictors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from headway.contracts import Dataset, Output, Predictions, Predictor, Target, score_split
from headway.contracts.artifact import Lookup
from headway.errors import DataError


@dataclass(frozen=True)
class Rows:
    """What is known of the rows of one split.

    Attributes:
        codes: The target as positions in the classes, shape (rows,), int64.
        weight: Sample weights, shape (rows,), or None.
        group: Codes of the groups whose rows depend on each other, shape (rows,), int64, or None.
    """

    codes: np.ndarray
    weight: np.ndarray | None
    group: np.ndarray | None

    def __len__(self) -> int:
        return len(self.codes)


def target_of(data: Dataset) -> Target:
    """The target, if it is one to classify; raises `DataError` otherwise."""
    target = data.schema.target
    if target.task != "classification" or target.classes is None:
        raise DataError(
            f"the target '{target.column}' is a {target.task}, not a classification",
            hint="choose the evaluation that fits: evaluation=…",
            code="evaluation-task",
        )
    return target


def rows_of(data: Dataset, split: str) -> Rows:
    """What is known of the rows of a split.

    Raises:
        DataError: The split is empty, or a target is missing or none of the classes.
    """
    frame = data.split(split).collect()
    target = target_of(data)
    values = frame[target.column].to_list()
    code = {value: index for index, value in enumerate(target.classes or ())}
    strange = [value for value in values if value not in code]
    if not values:
        raise _unfit(f"the split '{split}' has no rows", "every split that is scored needs rows: see evaluation.splits")
    if strange:
        what = f"{len(strange)} row(s) of '{split}' have a target that is no class, such as {strange[0]!r}"
        raise _unfit(what, f"the classes of '{target.column}' are {', '.join(map(str, code))}")
    weight = frame[data.schema.weight].to_numpy().astype(np.float64) if data.schema.weight else None
    group = frame[data.schema.group].rank("dense").to_numpy().astype(np.int64) - 1 if data.schema.group else None
    return Rows(np.array([code[value] for value in values], dtype=np.int64), weight, group)


def _unfit(what: str, hint: str) -> DataError:
    return DataError(what, hint=hint, code="evaluation-target")


def output_of(predictor: Predictor, target: Target, name: str) -> Output:
    """The probabilities of the target's classes among a predictor's outputs; raises `DataError` if there are none."""
    for output in predictor.outputs:
        if output.kind == "probability" and output.classes == target.classes and output.horizon is None:
            return output
    given = ", ".join(f"{o.name} ({o.kind} of {o.classes})" if o.classes else f"{o.name} ({o.kind})"
                      for o in predictor.outputs)  # fmt: skip
    raise DataError(
        f"'{name}' gives no probabilities of {target.classes}: it gives {given or 'nothing'}",
        hint="model and data must have the same target and classes",
        code="evaluation-output",
    )


def score(
    data: Dataset, predictor: Predictor, lookup: Lookup, splits: Iterable[str], name: str
) -> tuple[Predictions, dict[str, np.ndarray]]:
    """Scores several splits with one predictor.

    Args:
        data: The dataset.
        predictor: What scores it.
        lookup: The registry.
        splits: Which splits.
        name: What errors call the predictor.

    Returns:
        The predictions of all splits, and split name to probabilities of shape (rows, classes).
    """
    target = target_of(data)
    output = output_of(predictor, target, name)
    scorer = predictor.open(lookup)
    scored = {split: score_split(scorer, data, split) for split in splits}
    frame = pl.concat([predictions.frame for predictions in scored.values()])
    predictions = Predictions(frame, target, predictor.outputs, predictor.digest)
    return predictions, {split: found.output(output.name) for split, found in scored.items()}
