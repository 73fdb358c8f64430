"""Streaming passes over a frame: what is kept does not grow with the rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

BATCH = 65_536
"""Rows a batch."""


def batches(frame: pl.LazyFrame, batch: int = BATCH) -> Iterator[pl.DataFrame]:
    """The rows in order, some at a time."""
    return iter(frame.collect_batches(chunk_size=batch, maintain_order=True, engine="streaming"))


def height(frame: pl.LazyFrame) -> int:
    """How many rows there are."""
    return int(frame.select(pl.len()).collect(engine="streaming").item())


def sizes(frame: pl.LazyFrame, column: str) -> pl.DataFrame:
    """The distinct values of a column with their numbers of rows (``rows``), sorted by value, missing first."""
    counted = frame.select(_plain(frame, column)).group_by(column).agg(rows=pl.len())
    return counted.collect(engine="streaming").sort(column)


def looked_up(
    frame: pl.LazyFrame, column: str, table: pl.DataFrame, name: str, batch: int = BATCH
) -> Iterator[np.ndarray]:
    """For the rows in order, some at a time, what a table says of the value of a column.

    Args:
        frame: The rows.
        column: The column.
        table: Each distinct value of the column, as `sizes` gives them, and in the column `name` what is asked for.
        name: The column of the table.
        batch: Rows at a time.
    """
    told = table.select(column, pl.col(name).alias("__told__")).lazy()
    joined = frame.select(_plain(frame, column)).join(
        told, on=column, how="left", maintain_order="left", nulls_equal=True
    )
    for part in batches(joined.select("__told__"), batch):
        yield part["__told__"].to_numpy()


def _plain(frame: pl.LazyFrame, column: str) -> pl.Expr:
    """The column; categories as text, since those of two tables cannot be compared."""
    dtype = frame.select(column).collect_schema()[column]
    return pl.col(column).cast(pl.String) if dtype in (pl.Categorical, pl.Enum) else pl.col(column)
