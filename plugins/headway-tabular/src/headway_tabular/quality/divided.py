"""A divided table as the checks look at it: bounded samples and one pass of statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl
from headway.contracts import NUMBERS, ROW, STRINGS, Column, Schema

SAMPLE = 100_000
"""Rows that are looked at one by one; of larger tables, a sample."""
KEYS = 1_000_000
"""Rows, groups and categories that are compared between splits; of larger tables, those whose hash is chosen."""


@dataclass(frozen=True)
class Seen:
    """What the training rows hold of one column.

    Attributes:
        rows: How many rows there are.
        missing: How many of them are missing or NaN.
        distinct: About how many different values there are (HyperLogLog, off by up to some 10 %).
        is_constant: Whether all that is not missing is one value.
    """

    rows: int
    missing: int
    distinct: int
    is_constant: bool


@dataclass(frozen=True)
class Divided:
    """A table with its splits.

    Attributes:
        schema: The columns.
        splits: Split name to rows; read several times, so better a scan of files than a long computation.
    """

    schema: Schema
    splits: Mapping[str, pl.LazyFrame]

    @property
    def train(self) -> pl.LazyFrame:
        """The training rows."""
        return self.splits["train"]

    @property
    def others(self) -> Mapping[str, pl.LazyFrame]:
        """The other splits."""
        return {name: frame for name, frame in self.splits.items() if name != "train"}

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """The columns that a model may see, of kinds that hold one value a row."""
        known = (*NUMBERS, *STRINGS, "timestamp")
        return tuple(c for c in self.schema.inputs if c.kind in known)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Rows of each split."""
        return {
            name: int(frame.select(pl.len()).collect(engine="streaming").item()) for name, frame in self.splits.items()
        }

    @cached_property
    def seen(self) -> dict[str, Seen]:
        """Statistics of the inputs in the training rows, from one streaming pass."""
        rows = self.rows["train"]
        if not self.inputs:
            return {}
        parts = [part for at, column in enumerate(self.inputs) for part in _statistics(column, at)]
        row = self.train.select(parts).collect(engine="streaming").row(0, named=True)
        return {
            column.name: Seen(rows, row[f"{at}.missing"], row[f"{at}.distinct"], row[f"{at}.constant"])
            for at, column in enumerate(self.inputs)
        }

    @cached_property
    def sample(self) -> pl.DataFrame:
        """Training rows in their order: all of them, or about `SAMPLE`."""
        step = -(-self.rows["train"] // SAMPLE)
        frame = self.train if step == 1 else self.train.filter(chosen(pl.col(ROW), step))
        return frame.collect(engine="streaming").sort(ROW)

    def uniqueness(self, name: str) -> float:
        """Different values of a column as a share of those that are not missing, in the training rows.

        Of large tables, all rows are counted whose values have a chosen hash.
        """
        values = self.train.select(pl.col(name).drop_nulls())
        if self.is_sampled:
            values = values.filter(chosen(pl.col(name).hash(1), -(-self.rows["train"] // SAMPLE)))
        column = values.collect(engine="streaming")[name]
        return column.n_unique() / column.len() if column.len() else 0.0

    @property
    def is_sampled(self) -> bool:
        """Whether `sample` is not all training rows."""
        return self.rows["train"] > SAMPLE

    @property
    def sampled(self) -> str:
        """What a finding says of the sample."""
        return f" (in a sample of {self.sample.height:,} rows)" if self.is_sampled else ""


def chosen(whole: pl.Expr, step: int) -> pl.Expr:
    """About one in `step` of the whole numbers, spread evenly whatever their order (Knuth's multiplicative hash)."""
    return ((whole.cast(pl.UInt64) * pl.lit(11400714819323198485, pl.UInt64)) // 2**32) % step == 0


def _statistics(column: Column, at: int) -> list[pl.Expr]:
    value = pl.col(column.name)
    known = value.fill_nan(None) if column.dtype.startswith("Float") else value
    return [
        known.null_count().alias(f"{at}.missing"),
        known.approx_n_unique().alias(f"{at}.distinct"),
        (known.min() == known.max()).fill_null(value=False).alias(f"{at}.constant"),
    ]
