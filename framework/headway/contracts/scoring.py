"""From a dataset's rows to predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headway.contracts.dataset import Dataset
from headway.contracts.feeds import TARGET, labels
from headway.contracts.predictions import Predictions, tabulate
from headway.contracts.predictor import Scorer
from headway.contracts.schema import ROW

if TYPE_CHECKING:
    import polars as pl


def score_split(scorer: Scorer, data: Dataset, split: str, past: str | None = None) -> Predictions:
    """Scores all rows of a split, and puts beside them what is known of them.

    Args:
        scorer: An open predictor.
        data: The dataset.
        split: Which of its splits.
        past: The split right before it in time, where columns have a history. What is known of a row then
            depends on it; without it, the first rows of the split have none.

    Returns:
        The predictions. Where the target has a horizon, steps after the split's last row are NaN.

    Raises:
        DataError: A split is unknown, the data have no target or several, or the rows do not fit.
    """
    import polars as pl

    frame = data.split(split).collect()
    given = scorer(frame, None if past is None else data.split(past).collect())
    outputs = scorer.predictor.outputs
    known = frame.select(pl.col(ROW), pl.lit(split).alias("split"), *_roles(data, frame))
    return Predictions(known.hstack(tabulate(outputs, given)), data.schema.target, outputs, scorer.predictor.digest)


def _roles(data: Dataset, frame: pl.DataFrame) -> list[pl.Series]:
    schema = data.schema
    roles = {"weight": schema.weight, "group": schema.group, "time": schema.time}
    target = frame[schema.target.column]
    if schema.target.horizon is not None:
        target = type(target)(labels(frame, schema)[TARGET])
    return [target.alias("target"), *(frame[column].alias(role) for role, column in roles.items() if column)]
