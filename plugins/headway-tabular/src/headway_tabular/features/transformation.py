"""Rows through the fitted graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from headway import DataError
from headway.contracts import CHUNK, Column, Feed, Runtime, Schema, feeds

from headway_tabular.features.assembly import ARRAYS, array_name, finished
from headway_tabular.features.columns import Columns
from headway_tabular.features.fitting import EXACT, FittedBranch, by_fold
from headway_tabular.features.folds import folds


@dataclass(frozen=True)
class Transformation:
    """Rows → arrays.

    Attributes:
        columns: What goes in.
        branches: What becomes of it.
        schema: Of the data.
        runtime: The graph, open.
    """

    columns: Columns
    branches: Sequence[FittedBranch]
    schema: Schema
    runtime: Runtime = field(repr=False)

    @property
    def raw(self) -> Sequence[Column]:
        """The columns that the graph takes."""
        return self.columns.layout.columns

    def feeds(self, rows: pl.DataFrame) -> dict[str, Feed]:
        """What the graph is given of raw rows; raises `DataError` if an integer would be rounded."""
        for name in self._watched:
            _refuse_rounded(rows[name])
        return feeds(rows, self.columns.layout.columns)

    def pieces(self, rows: pl.DataFrame, given: Mapping[str, Feed], *, train: bool) -> Iterator[dict[str, np.ndarray]]:
        """What the graph gives, `CHUNK` rows at a time.

        Args:
            rows: Raw rows.
            given: The `feeds` of them.
            train: Whether they are training rows: then, what transforms learnt of the target, they learnt without the
                fold of the row.
        """
        learnt = train and any(fitted.folds for fitted in self.branches)
        for start in range(0, max(rows.height, 1), CHUNK):
            arrays = self.runtime.run({name: feed[start : start + CHUNK] for name, feed in given.items()})
            yield self._out_of_fold(rows.slice(start, CHUNK), arrays) if learnt else arrays

    def _out_of_fold(self, rows: pl.DataFrame, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        fold, arrays = folds(rows, self.schema), {name: array.copy() for name, array in arrays.items()}
        names = {kind: array_name(kind, (column.name for column in self.columns.layout.columns)) for kind in ARRAYS}
        for fitted, places in self._placed():
            if fitted.folds:
                given = by_fold(fitted.folds, self.columns.values(fitted.branch, rows), fold)
                for block, values, place in zip(fitted.blocks, given, places, strict=True):
                    arrays[names[block.kind]][:, place] = finished(values, block.kind, bounded=False).numpy()
        return arrays

    def _placed(self) -> Iterator[tuple[FittedBranch, list[slice]]]:
        """Each branch, and where its blocks lie in their arrays."""
        ends = dict.fromkeys(ARRAYS, 0)
        for fitted in self.branches:
            places = []
            for block in fitted.blocks:
                start, ends[block.kind] = ends[block.kind], ends[block.kind] + len(block.names)
                places.append(slice(start, ends[block.kind]))
            yield fitted, places

    @cached_property
    def _watched(self) -> list[str]:
        """Integers that the graph only casts."""
        whole = {column.name for column in self.columns.layout.of("integer")}
        return [name for fitted in self.branches for name in fitted.unscaled if name in whole]


def _refuse_rounded(values: pl.Series) -> None:
    large = values.filter((values > EXACT) | (values < -EXACT))
    rounded = large.filter(large.cast(pl.Float32).cast(pl.Float64) != large.cast(pl.Float64))
    if rounded.len():
        raise DataError(
            f"column '{values.name}' holds {rounded.len()} integer(s) beyond 2^24 that float32 would round, such as "
            f"{rounded[0]}",
            hint="scale or bin it in features.columns, or declare it in data.kinds: categorical",
            code="rounded-integer",
        )
