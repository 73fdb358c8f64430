"""The arrays of every split, on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from headway.contracts import CHUNK, POSITION, ROW, TARGET, WEIGHT, Column, Dataset, Feed, Schema, Source, labels

from headway_tabular.features.ahead import ahead
from headway_tabular.features.arrays import write_arrays
from headway_tabular.features.columns import BATCH
from headway_tabular.splits.balance import Balance, balanced

TRAIN = "train"
"""The split that is learnt from."""


class Transforming(Protocol):
    """Rows → arrays, by an open graph.

    Attributes:
        raw: The columns that the graph takes.
        schema: Of the data.
    """

    @property
    def raw(self) -> Sequence[Column]: ...  # noqa: D102
    @property
    def schema(self) -> Schema: ...  # noqa: D102

    def feeds(self, rows: pl.DataFrame) -> dict[str, Feed]:
        """What the graph is given of raw rows."""

    def pieces(self, rows: pl.DataFrame, given: Mapping[str, Feed], *, train: bool) -> Iterator[dict[str, np.ndarray]]:
        """What the graph gives of raw rows and their `feeds`, some rows at a time."""


@dataclass(frozen=True)
class Sources:
    """Writes what a transformation gives.

    Attributes:
        transformation: Rows → arrays.
        folder: Where the files go; they must stay until the features are saved.
    """

    transformation: Transforming
    folder: Path

    def write(self, data: Dataset, told: Callable[[int, int], None]) -> dict[str, Source]:
        """Every split, in batches; after each, `told` hears how many rows are done, and of how many."""
        rows = {name: frame.select(pl.len()).collect(engine="streaming").item() for name, frame in data.splits.items()}
        total, before, sources = sum(rows.values()), 0, {}
        for name, frame in data.splits.items():
            pieces = self._pieces(frame, rows[name], partial(_onwards, told, before, total), train=name == TRAIN)
            sources[name] = Source(write_arrays(self.folder / name, rows[name], pieces), rows[name])
            before += rows[name]
        return sources

    def _pieces(
        self, frame: pl.LazyFrame, rows: int, told: Callable[[int], None], *, train: bool
    ) -> Iterator[dict[str, np.ndarray]]:
        """Arrays, targets and weights; those of a batch come after each other, each in its own pieces."""
        schema, columns = self.transformation.schema, self.transformation.raw
        roles = [name for name in (schema.group, schema.weight, schema.target.column) if name is not None]
        names = dict.fromkeys([ROW, *(column.name for column in columns), *roles])
        # The target of a forecast lies in later rows, which may be in the next batch.
        later = None if schema.target.horizon is None else labels(frame.select(roles).collect(), schema)
        start = 0
        read = batches(frame.select(list(names)), rows)
        for batch, given in ahead((batch, self.transformation.feeds(batch)) for batch in read):
            own = slice(start, start := start + batch.height)
            yield labels(batch, schema) if later is None else {name: array[own] for name, array in later.items()}
            yield from self.transformation.pieces(batch, given, train=train)
            told(start)

    def balance(self, source: Source, method: Balance, seed: int) -> Source:
        """Training rows so that classes count alike; the files of the given ones may be reused."""
        positions, weights = balanced(np.asarray(source.arrays[TARGET]), method, seed)
        folder = self.folder / "balanced"
        if weights is not None:
            own = source.arrays.get(WEIGHT, np.ones(1, np.float32))
            weighted = write_arrays(folder, len(source), [{WEIGHT: (own * weights).astype(np.float32)}])
            return Source({**source.arrays, **weighted}, len(source))
        if positions is None:
            return source
        given = {**source.arrays, POSITION: np.arange(len(source))}
        return Source(write_arrays(folder, len(positions), _gathered(given, positions)), len(positions))


def _onwards(told: Callable[[int, int], None], before: int, total: int, rows: int) -> None:
    told(before + rows, total)


def batches(frame: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """All rows in their order, `BATCH` at a time; one empty batch if there are none.

    A slice of a file is one row group that `Dataset.save` wrote. Whoever reads the file in one go has polars read ahead
    of them, by 100 MB and more in a long one.
    """
    for start in range(0, max(rows, 1), BATCH):
        yield frame.slice(start, BATCH).collect(engine="streaming")


def _gathered(arrays: Mapping[str, np.ndarray], positions: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    for start in range(0, max(len(positions), 1), CHUNK):
        chosen = positions[start : start + CHUNK]
        yield {name: array[chosen] for name, array in arrays.items()}
