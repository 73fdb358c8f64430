"""Columns of a file as the types that training saw, strictly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.contracts.feeds import EXACT, as_text
from headway.contracts.schema import Column
from headway.errors import DataError

if TYPE_CHECKING:
    import polars as pl

YES, NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
"""What says so, in any case."""

_ROW = "__number__"
MOMENT = "%Y-%m-%d %H:%M:%S%.f"


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

    Booleans are true, t, yes, y or 1, and false, f, no, n or 0, in any case. Moments are ISO dates and times, with T
    or a space; those with an offset or a zone become UTC. NaN is missing where a whole number is needed.
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
        wrong = _lost(schema[column.name], column)
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
    import polars as pl

    wanted: Any = getattr(pl, column.dtype)
    return bool(given == wanted and (wanted != pl.Datetime or given == pl.Datetime("us")))


def _keeps(given: pl.DataType, column: Column) -> bool:
    """Whether a cast never loses anything, whatever the values."""
    import polars as pl

    wanted: Any = getattr(pl, column.dtype)
    if given == pl.Null or _fits(given, column):
        return True
    if not _is_possible(given, wanted()):
        return False
    if wanted == pl.Int64:
        return given in (pl.Boolean, pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)
    return bool(wanted == pl.String or (wanted == pl.Datetime and given.is_temporal())
                or (wanted == pl.Float64 and given.is_numeric()))  # fmt: skip


def _cast(given: pl.DataType, column: Column) -> pl.Expr:
    import polars as pl

    wanted: Any = getattr(pl, column.dtype)
    value = pl.col(column.name)
    if given == pl.String:
        return _of_text(value, wanted())
    if not _is_possible(given, wanted()):
        return pl.lit(None, dtype=wanted).alias(column.name)
    if isinstance(given, pl.Datetime) and given.time_zone:
        value = value.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if given == pl.Duration and wanted == pl.Float64:
        return value.dt.total_microseconds() / 1e6
    return as_text(value, given).alias(column.name) if wanted == pl.String else value.cast(wanted, strict=False)


def _of_text(text: pl.Expr, wanted: pl.DataType) -> pl.Expr:
    import polars as pl

    if wanted == pl.Boolean:
        lower = text.str.to_lowercase()
        return pl.when(lower.is_in([*YES, *NO])).then(lower.is_in(YES))
    if wanted in (pl.Datetime, pl.Date):
        return _moment(text).cast(wanted)
    if wanted.is_temporal():
        return pl.lit(None, dtype=wanted).alias(text.meta.output_name())
    if wanted.is_integer():
        return text.cast(wanted, strict=False).fill_null(_whole(text.cast(pl.Float64, strict=False), wanted))
    return text.cast(wanted, strict=False)


def _whole(number: pl.Expr, wanted: pl.DataType) -> pl.Expr:
    """``3.0`` is a whole number too, as long as float64 holds it exactly."""
    import polars as pl

    return pl.when((number == number.floor()) & (number.abs() <= EXACT)).then(number.cast(wanted, strict=False))


def _is_possible(given: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether values could be read: a number is no moment, for nobody says whether it counts seconds or days."""
    import polars as pl

    if given == pl.Null:
        return True
    if given.is_nested() or given in (pl.Binary, pl.Object):
        return False
    if given == pl.Duration and wanted == pl.Float64:
        return True
    if wanted.is_temporal():
        return given.is_temporal() and (given in (pl.Date, pl.Datetime)) == (wanted in (pl.Date, pl.Datetime))
    return not given.is_temporal() or wanted == pl.String


def _moment(value: pl.Expr) -> pl.Expr:
    """Text as a moment without zone: dates are midnights, seconds may be left out, offsets are undone."""
    full = value.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00:00").str.replace("T", " ", literal=True)
    full = full.str.replace(r"^(\S+ \d{2}:\d{2})\s?(Z|[+-]\d{2}:?\d{0,2})?$", "${1}:00${2}")
    full = full.str.replace(r"\s([Z+-])", "$1")
    plain = full.str.to_datetime(MOMENT, time_unit="us", strict=False)
    zoned = full.str.to_datetime(MOMENT + "%#z", time_unit="us", time_zone="UTC", strict=False)
    return plain.fill_null(zoned.dt.replace_time_zone(None))


def _lost(given: pl.DataType, column: Column) -> pl.Expr:
    """Whether a value became missing or another one."""
    import polars as pl

    value, cast = pl.col(column.name), _cast(given, column)
    present = value.is_not_null()
    if given.is_float() and not cast_is_float(column):
        present = present & value.is_not_nan()
    changed = pl.lit(value=False)
    if given.is_numeric() and (column.dtype == "Boolean" or (given.is_float() and not cast_is_float(column))):
        changed = cast.cast(given) != value  # such as 39.5, which a cast cuts down to 39
    return present & (cast.is_null() | changed).fill_null(value=True)


def cast_is_float(column: Column) -> bool:
    """Whether a column holds floating-point numbers (or text, which takes all of them as they are)."""
    return column.dtype.startswith("Float") or column.dtype == "String"
