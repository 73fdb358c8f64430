"""Rows → train, validation and test."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from headway import DataError
from headway.contracts import ROW
from headway.errors import Place
from headway.naming import unknown

from headway_tabular.sources.streams import slices, streamed
from headway_tabular.splits.at_random import at_random, by_fold
from headway_tabular.splits.by_group import by_group
from headway_tabular.splits.by_time import LEFT_OUT, by_time
from headway_tabular.splits.passes import BATCH, looked_up, sizes
from headway_tabular.splits.split import Split

NAMES = ("train", "validation", "test")
"""The splits in the order of their codes."""

CODES = {name: code for code, name in enumerate(NAMES)} | {"val": 1}
"""What a split column may say; published splits often say val."""


def assign(
    frame: pl.LazyFrame,
    split: Split,
    seed: int,
    *,
    target: str,
    is_classification: bool,
    time: str | None = None,
    group: str | None = None,
    batch: int = BATCH,
) -> np.ndarray:
    """Divides rows in streaming passes; memory is a byte a row, a batch, the classes and the groups.

    Equal rows and seeds give equal codes on every machine, whatever the batch.

    Args:
        frame: The rows; only the columns that matter are read.
        split: How they are divided.
        seed: Seed of random splits.
        target: The target's column.
        is_classification: Whether the target has classes.
        time: The column of the times, for splits by time.
        group: The column of the groups, for splits by group.
        batch: Rows at a time.

    Returns:
        The code of each row of the frame in order, uint8: 0 train, 1 validation, 2 test, 255 left out.

    Raises:
        DataError: A column that is needed is not named or does not fit, a class or the number of groups is too
            small, a split would be empty, or training would lack a class.
    """
    if split.by == "group":
        found = by_group(frame, split, seed, _named(group, split, "group"), batch)
    elif split.by == "time":
        found = by_time(frame, split, _named(time, split, "time"), batch)
    elif split.by == "column":
        found = _by_column(frame, _named(split.column, split, "split.column"), batch)
        if split.keep_test:
            found = by_fold(found, split, seed)
    else:
        found = at_random(frame, split, seed, target if is_classification and split.stratify else None, batch)
    codes = _gathered(found)
    _check_rows(codes, split)
    if is_classification and not (split.by == "random" and split.stratify):  # which gives every split every class
        _check_classes(frame, target, codes)
    return codes


def divided(frame: pl.LazyFrame, codes: np.ndarray) -> dict[str, pl.LazyFrame]:
    """The splits that have rows, lazy; rows keep their order.

    Args:
        frame: The rows that were divided, a scan of a Parquet file.
        codes: The code of each row of the frame.
    """
    present = _present(codes)
    return {name: _coded(frame, codes, code) for code, name in enumerate(NAMES) if present[code]}


def _coded(frame: pl.LazyFrame, codes: np.ndarray, code: int) -> pl.LazyFrame:
    """The rows of one code."""

    def batches(columns: list[str] | None) -> Iterator[pl.DataFrame]:
        start = 0
        for batch in slices(frame, columns):
            yield batch.filter(pl.Series(codes[start : start + batch.height] == code))
            start += batch.height

    return streamed(batches, frame.collect_schema())


def absent(frame: pl.LazyFrame, target: str, codes: np.ndarray) -> list[tuple[str, object]]:
    """Classes that a split lacks: (split, class), for the splits that have rows.

    Args:
        frame: The rows that were divided.
        target: The target's column.
        codes: The code of each row of the frame.
    """
    code = _looked_up(codes)
    rows = frame.select(pl.col(target).alias("class")).with_row_index(ROW).select("class", code.alias("code"))
    seen = rows.drop_nulls().unique().collect(engine="streaming")
    there = set(seen.iter_rows())
    return [
        (name, value)
        for code, name in enumerate(NAMES)
        if _present(codes)[code]
        for value in seen["class"].unique().sort()
        if (value, code) not in there
    ]


def _looked_up(codes: np.ndarray) -> pl.Expr:
    """The codes of the rows whose numbers the column `ROW` holds."""

    def looked_up(numbers: pl.Series) -> pl.Series:
        return pl.Series(codes[numbers.to_numpy()])

    return pl.col(ROW).map_batches(looked_up, return_dtype=pl.UInt8, is_elementwise=True)


def _named(column: str | None, split: Split, field: str) -> str:
    if column is None:
        what = f"data.split.by={split.by} needs a column"
        raise DataError(what, hint=f"name it: data.{field}=…", code="split-column")
    return column


def _gathered(found: Iterator[np.ndarray]) -> np.ndarray:
    codes = bytearray()  # it grows in place
    for part in found:
        codes += part.astype(np.uint8, copy=False).tobytes()
    return np.frombuffer(codes, dtype=np.uint8)


def _present(codes: np.ndarray) -> np.ndarray:
    """Rows of each code, counted in batches, since NumPy makes words of eight bytes of what it counts."""
    parts = (codes[start : start + BATCH] for start in range(0, len(codes), BATCH))
    return sum((np.bincount(part, minlength=LEFT_OUT + 1) for part in parts), np.zeros(LEFT_OUT + 1, dtype=np.int64))


def _by_column(frame: pl.LazyFrame, column: str, batch: int) -> Iterator[np.ndarray]:
    frame = frame.select(pl.col(column).cast(pl.String))
    table = sizes(frame, column)
    for value, rows in table.iter_rows():
        if value is None:
            what = f"the split column '{column}' is missing in {rows} rows"
            raise DataError(what, hint="every row needs train, validation or test", code="split-column")
        if value not in CODES:
            what = f"data.split.column: {unknown('split', value, NAMES)}"
            raise DataError(what, where=Place("data.split.column"), code="split-column")
    codes = pl.Series([CODES[value] for value in table[column]], dtype=pl.UInt8)
    yield from looked_up(frame, column, table.with_columns(code=codes), "code", batch)


def _check_rows(codes: np.ndarray, split: Split) -> None:
    present = _present(codes)
    for code in split.wanted:
        if not present[code]:
            hint = "every split needs some"
            if split.by == "time":
                hint = "look at the times, the moments of data.split and its gap: equal times are never divided"
            raise DataError(f"the split '{NAMES[code]}' has no rows", hint=hint, code="empty-split")


def _check_classes(frame: pl.LazyFrame, target: str, codes: np.ndarray) -> None:
    lacking = [value for name, value in absent(frame, target, codes) if name == "train"]
    if lacking:
        more = f" and {len(lacking) - 1} other class(es)" if len(lacking) > 1 else ""
        raise DataError(
            f"no row of 'train' is of class {lacking[0]!r}{more} of '{target}'",
            hint="nothing can learn a class it never sees: divide otherwise, or leave these rows out",
            code="absent-class",
        )
