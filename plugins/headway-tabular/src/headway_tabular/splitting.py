"""Rows → train, validation and test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from headway import DataError
from headway.contracts import Target
from headway.naming import unknown

if TYPE_CHECKING:
    from headway_tabular.table import Split, Table

NAMES = ("train", "validation", "test")


def divide(frame: pl.DataFrame, table: Table, target: Target) -> dict[str, pl.DataFrame]:
    """Divides rows by a column, or at random; rows keep their order inside a split.

    Raises:
        DataError: The fractions do not add up, the column holds other values, a split would be empty, or a
            class has too few rows to be in every split.
    """
    split = table.split
    parts = _by_column(frame[split.column]) if split.column else _at_random(frame, split, target, table.seed)
    splits = {name: frame[np.sort(rows)] for name, rows in parts.items()}
    for name, rows in splits.items():
        if not rows.height and (split.column or getattr(split, name)):
            raise DataError(f"the split '{name}' has no rows", hint="every split needs some", code="empty-split")
    return {name: rows for name, rows in splits.items() if rows.height}


def _by_column(values: pl.Series) -> dict[str, np.ndarray]:
    given = values.cast(pl.String)
    for value in given.unique().drop_nulls().sort():
        if value not in NAMES:
            raise DataError(f"data.split.column: {unknown('split', value, NAMES)}", code="split-column")
    if given.null_count():
        raise DataError(
            f"the split column '{values.name}' is missing in {given.null_count()} rows", code="split-column"
        )
    return {name: np.flatnonzero((given == name).to_numpy()) for name in NAMES}


def _at_random(frame: pl.DataFrame, split: Split, target: Target, seed: int) -> dict[str, np.ndarray]:
    fractions = [split.train, split.validation, split.test]
    if abs(sum(fractions) - 1) > 1e-9 or split.train == 0:
        raise DataError(
            f"the fractions of data.split are {' + '.join(map(str, fractions))} = {sum(fractions):g}",
            hint="they must add up to 1, with rows to train on",
            code="split-fractions",
        )
    generator = np.random.Generator(np.random.PCG64(seed))
    strata = [np.arange(frame.height)]
    if split.stratify and target.task == "classification":
        strata = _strata(frame[target.column], sum(fraction > 0 for fraction in fractions))
    pieces = [_cut(generator.permutation(rows), fractions) for rows in strata]
    return {name: np.concatenate([piece[i] for piece in pieces]) for i, name in enumerate(NAMES)}


def _strata(values: pl.Series, least: int) -> list[np.ndarray]:
    strata = []
    for value in values.unique().sort():
        rows = np.flatnonzero((values == value).to_numpy())
        if len(rows) < least:
            raise DataError(
                f"class {value!r} of '{values.name}' has {len(rows)} row(s), too few to be in {least} splits",
                hint="data.split.stratify=false divides without regard to classes",
                code="small-class",
            )
        strata.append(rows)
    return strata


def _cut(rows: np.ndarray, fractions: list[float]) -> list[np.ndarray]:
    """Contiguous pieces; a wanted piece of a small class gets one row at least."""
    ends = np.round(np.cumsum(fractions) * len(rows)).astype(int)
    for i, fraction in enumerate(fractions):
        if fraction and ends[i] <= (ends[i - 1] if i else 0):
            ends[i:] = np.maximum(ends[i:], (ends[i - 1] if i else 0) + 1)
    for i in range(len(fractions) - 2, -1, -1):  # leave a row for each wanted piece after this one
        ends[i] = min(ends[i], len(rows) - sum(f > 0 for f in fractions[i + 1 :]))
    return np.split(rows, ends[:-1])
