"""Columns of a file as the types that training saw, strictly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.contracts.schema import Column
from headway.contracts.values import lost, read
from headway.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_ROW = "__number__"


@dataclass(frozen=True)
class Misread:
    """Values of one column that cannot be read as its type.

    Attributes:
        column: The column.
        count: How many there are.
        row: The first of them, counted from 1.
        example: Its value.
    """

    column: Column
    count: int
    row: int
    example: object

    def __str__(self) -> str:
        what = f"column '{self.column.name}' must be {self.column.dtype}"
        return f"{what}: {self.count:,} value(s) are not, the first in row {self.row:,}: {self.example!r}"


def cast_columns(frame: pl.LazyFrame, columns: Iterable[Column]) -> pl.LazyFrame:
    """The frame with those of the columns that it has in their types; what cannot be read is null.

    Booleans are true, t, yes, y or 1, and false, f, no, n or 0, in any case. Moments are written as the column's
    formats say; those with an offset or a zone become UTC. NaN is missing where no float is needed.
    """
    schema = frame.collect_schema()
    there = [column for column in columns if column.name in schema and not _fits(schema[column.name], column)]
    return frame.with_columns(_cast(schema[column.name], column) for column in there)


def misread(frame: pl.LazyFrame, columns: Iterable[Column]) -> list[Misread]:
    """What `cast_columns` could not read without losing something, in one streaming pass.

    Frames whose columns have their types already, or types that fit into them, are not read.
    """
    import polars as pl

    schema = frame.collect_schema()
    there = [column for column in columns if column.name in schema and not _keeps(schema[column.name], column)]
    if not there:
        return []
    counts = []
    for at, column in enumerate(there):
        given = schema[column.name]
        wrong = lost(pl.col(column.name), given, _wanted(column), _cast(given, column))
        # Of equal values arg_max may take any when rows are streamed; the least number is the first.
        counts += [wrong.sum().alias(f"{at}n"), pl.col(_ROW).filter(wrong).min().alias(f"{at}row")]
    found = frame.with_row_index(_ROW).select(counts).collect(engine="streaming").row(0, named=True)
    return [
        Misread(column, found[f"{at}n"], found[f"{at}row"] + 1, _value(frame, column.name, found[f"{at}row"]))
        for at, column in enumerate(there)
        if found[f"{at}n"]
    ]


def _value(frame: pl.LazyFrame, column: str, row: int) -> Any:
    return frame.select(column).slice(row, 1).collect(engine="streaming").row(0)[0]


def refuse_misread(faults: Sequence[Misread], of: str = "") -> None:
    """Raises `DataError` that names every column, with its count, first row and example; nothing without faults."""
    if faults:
        raise DataError(
            of + "; ".join(map(str, faults)),
            hint="mend the values, or leave them empty: missing values are fine",
            code="columns",
        )


def _fits(given: pl.DataType, column: Column) -> bool:
    """Whether the values have their type, and texts the spelling of it."""
    import polars as pl

    wanted: Any = getattr(pl, column.dtype)
    is_us = wanted != pl.Datetime or given == pl.Datetime("us")
    return bool(given == wanted and is_us and column.spells is None)


def _keeps(given: pl.DataType, column: Column) -> bool:
    """Whether a cast never loses anything, whatever the values."""
    import polars as pl

    if given == pl.Null or _fits(given, column):
        return True
    wanted = _wanted(column)
    if given.is_nested() or given in (pl.Binary, pl.Object):
        return False
    if wanted == pl.Int64:
        return given in (pl.Boolean, pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)
    if wanted == pl.Float64:
        return given.is_numeric() or given in (pl.Boolean, pl.Duration)
    return wanted == pl.String or (wanted == pl.Datetime and given in (pl.Date, pl.Datetime))


def _cast(given: pl.DataType, column: Column) -> pl.Expr:
    import polars as pl

    return read(pl.col(column.name), given, _wanted(column), column.formats, column.spells).alias(column.name)


def _wanted(column: Column) -> pl.DataType:
    import polars as pl

    dtype: Any = getattr(pl, column.dtype)
    return pl.Datetime("us") if dtype == pl.Datetime else dtype()
