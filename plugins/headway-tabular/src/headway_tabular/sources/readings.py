"""The ways in which the values of a column can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
from headway import DataError
from headway.contracts import as_text

from headway_tabular.sources.options import ReadOptions

WHOLE = r"^-?(0|[1-9]\d{0,18})$"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
NO_NUMBER = r"^[+-]?(?i:nan|inf|infinity)$"
LEADING_ZERO = r"^[+-]?0\d"
TOO_LONG = r"^[+-]?\d{16,}$"
"""A whole number that float64 may round."""
DAY = r"\d{4}-\d{2}-\d{2}"
TIME = rf"^{DAY}([T ]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?)?$"
ZONED = rf"^{DAY}[T ]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?\s?(Z|[+-]\d{{2}}(:?\d{{2}})?)$"
MICROSECONDS = pl.Datetime("us")
LONG = (pl.UInt64, pl.Int128, pl.UInt128)
"""Types whose whole numbers may not fit Int64; such stay whole as texts."""
YES, NO = ["true", "t", "yes", "y", "1"], ["false", "f", "no", "n", "0"]
"""What a column of the kind `boolean` may say."""


@dataclass(frozen=True)
class Reading:
    """One way to read a column.

    Attributes:
        name: Such as ``integer``.
        value: The values so read.
        fits: Per row, whether the value can be so read without loss; null where it is missing.
        also: A fact about the whole column that must hold besides.
        is_last: Whether it always fits.
    """

    name: str
    value: pl.Expr
    fits: pl.Expr
    also: pl.Expr | None = None
    is_last: bool = False

    @property
    def none_odd(self) -> pl.Expr:
        """Whether no value of some rows speaks against it."""
        return self.fits.all()

    @property
    def all_fit(self) -> pl.Expr:
        """Whether it is the reading of all rows; a column without values has none but the last."""
        found = self.none_odd & _raw(self.fits).is_not_null().any()
        return found if self.also is None else found & self.also


def plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """The values of a column in the plain type of the same values, where no look at them is needed."""
    values = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        utc = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else values
        return utc.cast(MICROSECONDS)
    if dtype == pl.Duration:
        return values.dt.total_microseconds() / 1e6
    return values.cast(_target(dtype) or dtype, strict=False)


def refuse_types(schema: pl.Schema) -> None:
    """Raises `DataError` that names all columns of types for which there is no plain one."""
    odd = {
        name: dtype for name, dtype in schema.items() if dtype not in (pl.Datetime, pl.Duration) and not _target(dtype)
    }
    if not odd:
        return
    held = [f"'{name}' holds {dtype}" for name, dtype in odd.items()]
    more = f" and {len(held) - 8} others" if len(held) > 8 else ""
    raise DataError(
        f"column {', '.join(held[:8])}{more}, which tables do not take",
        hint=f"leave {'them' if len(held) > 1 else 'it'} out with data.drop",
        code="column-type",
    )


def _target(dtype: pl.DataType) -> pl.DataType | None:
    if dtype == pl.Decimal or dtype.is_float():
        return pl.Float64()
    if dtype.is_integer():
        return pl.Int64()
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null, pl.Time):
        return pl.String()
    return MICROSECONDS if dtype == pl.Date else dtype if dtype == pl.Boolean else None


def readings(value: pl.Expr, dtype: pl.DataType, options: ReadOptions) -> tuple[Reading, ...]:
    """The readings that a column of a type could have, the narrowest first; the last fits always."""
    if dtype in LONG:
        raw = _raw(value)
        text = Reading("text", raw.cast(pl.String), raw.is_not_null(), is_last=True)
        return Reading("integer", value, value.is_not_null() | raw.is_null()), text
    stay = Reading("text", value, value.is_not_null(), is_last=True)
    if dtype != pl.String:
        return (stay,)
    return _integer(value), _number(value, options.decimal), _boolean(value), *_times(value, options), stay


def _raw(value: pl.Expr) -> pl.Expr:
    return pl.col(value.meta.root_names()[0])


def _integer(text: pl.Expr) -> Reading:
    value = text.cast(pl.Int64, strict=False)
    return Reading("integer", value, text.str.contains(WHOLE) & (value.is_not_null() | text.is_null()))


def _number(text: pl.Expr, decimal: str) -> Reading:
    written = text if decimal == "." else _with_point(text)
    known = written.str.contains(NUMBER)
    odd = written.str.contains(LEADING_ZERO) | written.str.contains(TOO_LONG)
    fits = (known & ~odd) | written.str.contains(NO_NUMBER)
    return Reading("number", _float(written), fits, known.any())


def _with_point(text: pl.Expr) -> pl.Expr:
    """Numbers with a decimal comma; those with a point are not numbers."""
    return text.str.replace_many([".", ","], ["?", "."])


def _float(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Float64, strict=False)


def _boolean(text: pl.Expr) -> Reading:
    lower = text.str.to_lowercase()
    return Reading("boolean", lower == "true", lower.is_in(["true", "false"]))


def _times(text: pl.Expr, options: ReadOptions) -> tuple[Reading, ...]:
    own = [_time(text, _parsed(text, written), written) for written in options.dates]
    spaced, size = text.str.replace("T", " ", literal=True), text.str.len_bytes()
    is_day, is_minute = size == len("2024-01-31"), size == len("2024-01-31 10:00")
    whole = pl.when(is_day).then(spaced + " 00:00:00").when(is_minute).then(spaced + ":00").otherwise(spaced)
    local = _parsed(whole, "%Y-%m-%d %H:%M:%S%.f")
    return *own, _time(text, local, "time", TIME), _time(text, _utc(spaced), "zoned", ZONED)


def _utc(spaced: pl.Expr) -> pl.Expr:
    tight = spaced.str.replace(r"\s([Z+-])", "$1")
    formats = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")
    return pl.coalesce(_parsed(tight, written) for written in formats).dt.replace_time_zone(None)


def _parsed(text: pl.Expr, written: str) -> pl.Expr:
    return text.str.to_datetime(written, strict=False, time_unit="us")


def _time(text: pl.Expr, value: pl.Expr, name: str, pattern: str | None = None) -> Reading:
    fits = pl.when(text.is_not_null()).then(value.is_not_null())
    return Reading(name, value, fits if pattern is None else fits & text.str.contains(pattern))


def _as_number(value: pl.Expr, dtype: pl.DataType, options: ReadOptions) -> Reading:
    text = dtype == pl.String
    written = _with_point(value) if text and options.decimal == "," else value
    number = _float(written)
    return Reading("numeric", number, number.is_not_null())


def _as_integer(value: pl.Expr, dtype: pl.DataType, options: ReadOptions) -> Reading:
    number = _as_number(value, dtype, options).value
    whole = value.cast(pl.Int64, strict=False)
    exact = pl.coalesce(whole, number.cast(pl.Int64, strict=False)) if dtype == pl.String else whole
    return Reading("integer", exact, exact.is_not_null() & (number == number.floor()))


def _as_boolean(value: pl.Expr, dtype: pl.DataType, options: ReadOptions) -> Reading:
    if dtype == pl.Boolean:
        return Reading("boolean", value, value.is_not_null())
    lower = value.cast(pl.Int64, strict=False).cast(pl.String) if dtype.is_numeric() else value.cast(pl.String)
    lower = lower.str.to_lowercase()
    fits = lower.is_in(YES + NO)
    return Reading("boolean", pl.when(fits).then(lower.is_in(YES)), fits)


def _as_text(value: pl.Expr, dtype: pl.DataType, options: ReadOptions) -> Reading:
    text = as_text(_raw(value) if dtype in LONG else value, pl.Float64() if dtype == pl.Decimal else dtype)
    return Reading("text", text, text.is_not_null() | value.is_nan() if dtype.is_float() else text.is_not_null())


def _as_time(value: pl.Expr, dtype: pl.DataType, options: ReadOptions) -> Reading:
    if dtype.is_temporal() and dtype != pl.Time:
        return Reading("timestamp", value, value.is_not_null())
    if dtype != pl.String:
        never = pl.lit(None, MICROSECONDS)
        return Reading("timestamp", never, never.is_not_null())
    time = pl.coalesce(reading.value for reading in _times(value, options))
    return Reading("timestamp", time, time.is_not_null())


KINDS: dict[str, Callable[[pl.Expr, pl.DataType, ReadOptions], Reading]] = {
    "numeric": _as_number, "integer": _as_integer, "boolean": _as_boolean, "categorical": _as_text, "text": _as_text,
    "identifier": _as_text, "timestamp": _as_time,
}  # fmt: skip
"""Kind to how a column that is given it is read."""
