"""The boundary between tables and graphs: checked columns in, named arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headway.contracts.schema import NUMBERS, STRINGS, Column, Schema, Target
from headway.contracts.strings import Feed, strings_of
from headway.contracts.values import EXACT, as_text
from headway.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

MISSING = "\N{SYMBOL FOR NULL}"
"""Stands for a missing string in a graph, whose string tensors know no null (U+2400)."""

TARGET = "target"
"""The array of the target in a batch: int64 class codes in the order of the classes, or float32."""

WEIGHT = "weight"
"""The array of sample weights in a batch (float32), where the data have them."""


def conform(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """The named columns in order, cast to the types of the schema.

    Args:
        frame: Rows; columns that are not asked for are ignored.
        columns: What is needed.

    Raises:
        DataError: Columns are missing, or values cannot be read as the column's type; all of them
            are named at once, with a count and an example.
    """
    import polars as pl

    faults = []
    series = []
    for column in columns:
        if column.name not in frame.columns:
            faults.append(f"column '{column.name}' ({column.kind}) is missing")
            continue
        given = frame[column.name]
        if type(given.dtype) is getattr(pl, column.dtype) and column.kind in (*NUMBERS, *STRINGS):
            series.append(given)  # most rows come as they should; a cast of each column would be most of a row's time
            continue
        wanted = getattr(pl, column.dtype)
        is_text = wanted == pl.String
        cast = (
            pl.select(as_text(pl.lit(given), given.dtype)).to_series() if is_text else given.cast(wanted, strict=False)
        )
        lost = given.filter(_lost(given, cast))
        if lost.len():
            faults.append(
                f"column '{column.name}' must be {column.dtype}: {lost.len()} value(s) are not, such as {lost[0]!r}"
            )
        series.append(cast)
    if faults:
        raise DataError("; ".join(faults), hint="give the columns the model was trained on", code="columns")
    return pl.DataFrame(series)


def _lost(given: pl.Series, cast: pl.Series) -> pl.Series:
    """Which values a cast changed: those that became null, and numbers that are no longer equal."""
    lost = cast.is_null() & given.is_not_null()
    if given.dtype.is_float() and cast.dtype.is_integer():
        lost = lost | (cast.cast(given.dtype) != given).fill_null(value=False)
    return lost


def feeds(frame: pl.DataFrame, columns: Sequence[Column]) -> dict[str, Feed]:
    """One array a column, each of shape (rows,), as a graph takes them.

    Numbers and booleans become float64 with NaN for missing, strings object arrays with `MISSING`, or
    `headway.contracts.Strings` where many rows share few of them, timestamps int64 microseconds since 1970
    with the smallest int64 for missing. Columns of other kinds (tensor, image, sequence) keep their shape
    after the first axis.

    A column with a history becomes an array of shape (rows, history + 1): the values of the rows before,
    oldest first, then the row's own; missing before the first row. It is a view: nothing is copied.
    Strings are an object array there.

    Raises:
        DataError: An integer cannot be represented exactly.
    """
    arrays = {column.name: _feed(frame[column.name], column) for column in columns}
    return arrays | {c.name: _windows(arrays[c.name], c) for c in columns if c.history}


def labels(frame: pl.DataFrame, schema: Schema) -> dict[str, np.ndarray]:
    """The target of every row as `TARGET`, and its weight as `WEIGHT` where the data have one.

    Classes become int64 codes of shape (rows,), numbers float32 of shape (rows,). A target with a horizon
    has shape (rows, horizon): the values in the rows that follow, NaN after the last; a view of the series.

    Raises:
        DataError: There is no target or several, or a value is no class.
    """
    import polars as pl

    target = schema.target
    found = {TARGET: _target(frame[target.column], target)}
    if schema.weight is not None:
        found[WEIGHT] = frame[schema.weight].cast(pl.Float32).to_numpy()
    return found


def _target(values: pl.Series, target: Target) -> np.ndarray:
    import numpy as np
    import polars as pl

    if target.classes is not None:
        strange = values.filter(~values.is_in(list(target.classes)).fill_null(value=False))
        if strange.len():
            raise DataError(
                f"{strange.len()} target value(s) of '{target.column}' are no class, such as {strange[0]!r}",
                hint=f"the classes are {', '.join(map(str, target.classes))}",
                code="target-class",
            )
        codes = range(len(target.classes))
        return values.replace_strict(list(target.classes), list(codes), return_dtype=pl.Int64).to_numpy()
    numbers = values.cast(pl.Float32).to_numpy()
    if target.horizon is None:
        return numbers
    after = np.full(target.horizon + 1, np.nan, np.float32)
    steps = np.lib.stride_tricks.sliding_window_view(np.concatenate([numbers[1:], after]), target.horizon)
    return steps[: len(numbers)]


def _windows(feed: Feed, column: Column) -> np.ndarray:
    import numpy as np

    array = np.asarray(feed)
    blank = np.broadcast_to(_blank(column), (column.history, *array.shape[1:])).astype(array.dtype)
    joined = np.concatenate([blank, array, blank[:1]])
    steps = np.lib.stride_tricks.sliding_window_view(joined, column.history + 1, axis=0)
    return np.moveaxis(steps, -1, 1)[: len(array)]


def _blank(column: Column) -> Any:
    """What stands for a missing value in the feed of a column."""
    import numpy as np

    if column.kind in STRINGS:
        return np.array(MISSING, dtype=object)
    return np.iinfo(np.int64).min if column.kind == "timestamp" else np.nan


def _feed(series: pl.Series, column: Column) -> Feed:
    import numpy as np
    import polars as pl

    if column.kind in STRINGS:
        return strings_of(_filled(series, pl.String(), MISSING))
    if column.kind == "timestamp":
        return series.cast(pl.Datetime("us")).cast(pl.Int64).fill_null(_blank(column)).to_numpy()
    if column.kind in NUMBERS:
        _refuse_inexact(series, column)
        return _filled(series, pl.Float64(), float("nan")).to_numpy()
    return np.ascontiguousarray(np.stack(series.to_list())) if series.len() else series.to_numpy()


def _filled(series: pl.Series, dtype: pl.DataType, missing: Any) -> pl.Series:
    """As `dtype`, without nulls; what is so already is not touched."""
    cast = series if series.dtype == dtype else series.cast(dtype)
    return cast.fill_null(missing) if cast.null_count() else cast


def _refuse_inexact(series: pl.Series, column: Column) -> None:
    if not series.dtype.is_integer():
        return
    low, high = series.min(), series.max()
    if low is not None and (low < -EXACT or high > EXACT):  # type: ignore[operator]  # integers
        raise DataError(
            f"column '{column.name}' holds integers beyond 2^53, which float64 would round",
            hint="declare it as an identifier or a category",
            code="inexact-integer",
        )
