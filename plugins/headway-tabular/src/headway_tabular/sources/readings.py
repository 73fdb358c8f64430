"""The ways in which the values of a column can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl
from headway import DataError
from headway.contracts import values
from headway.contracts.values import ISO, UNIX, as_moment, iso_local, iso_zoned, respelled

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
LONG = (pl.UInt64, pl.Int128, pl.UInt128)
"""Types whose whole numbers may not fit Int64; such stay whole as texts."""
HELD = (pl.Int64, pl.Float64, pl.Boolean, pl.String, pl.Datetime, *LONG)
"""Types that tables hold."""
SHORT = r"^-?(0|[1-9]\d{0,14})(\.\d+)?$"
"""A number that is written in one way only, but for zeros after its point."""
UNLIKE_ISO = re.compile(r"(%[YG]|(%\w){2,})-(?!%m-%d)")
"""A format for texts that look like ISO dates and may mean other days."""


@dataclass(frozen=True)
class Reading:
    """One way to read a column.

    Attributes:
        name: Such as ``integer``.
        value: The values so read.
        fits: Per row, whether the value can be so read without loss; null where it is missing.
        also: A fact about the whole column that must hold besides.
        is_last: Whether it always fits.
        formats: How texts say moments, see `headway.contracts.Column`.
        spells: What texts spell, see there.
    """

    name: str
    value: pl.Expr
    fits: pl.Expr
    also: pl.Expr | None = None
    is_last: bool = False
    formats: tuple[str, ...] = ()
    spells: Literal["boolean", "numeric"] | None = None

    @property
    def none_odd(self) -> pl.Expr:
        """Whether no value of some rows speaks against it."""
        return self.fits.all()

    @property
    def all_fit(self) -> pl.Expr:
        """Whether it is the reading of all rows; a column without values has none but the last."""
        found = self.none_odd & _raw(self.fits).is_not_null().any()
        return found if self.also is None else found & self.also


def plain(name: str, dtype: pl.DataType) -> tuple[pl.Expr, pl.DataType]:
    """The values of a column in the plain type of the same values, where no look at them is needed."""
    return values.plain(pl.col(name), dtype)


def refuse_types(schema: pl.Schema) -> None:
    """Raises `DataError` that names all columns of types for which there is no plain one."""
    odd = {name: dtype for name, dtype in schema.items() if plain(name, dtype)[1] not in HELD}
    if not odd:
        return
    held = [f"'{name}' holds {dtype}" for name, dtype in odd.items()]
    more = f" and {len(held) - 8} others" if len(held) > 8 else ""
    raise DataError(
        f"column {', '.join(held[:8])}{more}, which tables do not take",
        hint=f"leave {'them' if len(held) > 1 else 'it'} out with data.drop",
        code="column-type",
    )


def readings(value: pl.Expr, dtype: pl.DataType, options: ReadOptions) -> tuple[Reading, ...]:
    """The readings that plain values of a column stored as that type could have, the narrowest first.

    The last fits always.
    """
    if dtype in LONG:
        whole = value.cast(pl.Int64, strict=False)
        return Reading("integer", whole, whole.is_not_null() | value.is_null()), _stay(value.cast(pl.String))
    if dtype != pl.String:
        return (_stay(value),)
    return _integer(value), _number(value, options.decimal), _boolean(value), *_times(value, options), _stay(value)


def _stay(value: pl.Expr) -> Reading:
    return Reading("text", value, value.is_not_null(), is_last=True)


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
    written = [form for form in options.dates if form not in UNIX]
    own = [_time(text, as_moment(text, (form,)), form, None, _tried(form)) for form in written]
    return *own, _time(text, iso_local(text), "time", TIME), _time(text, iso_zoned(text), "zoned", ZONED)


def _tried(written: str) -> tuple[str, ...]:
    """How rows to be scored may say what was written so: in ISO 8601 too, unless that would be taken for other days."""
    return (written,) if UNLIKE_ISO.match(written) else (written, ISO)


def _time(
    text: pl.Expr, value: pl.Expr, name: str, pattern: str | None = None, formats: tuple[str, ...] = ()
) -> Reading:
    fits = pl.when(text.is_not_null()).then(value.is_not_null())
    return Reading(name, value, fits if pattern is None else fits & text.str.contains(pattern), formats=formats)


def as_kind(value: pl.Expr, dtype: pl.DataType, kind: str, options: ReadOptions) -> tuple[Reading, ...]:
    """How values of a plain type are read where a column was given its kind; what none of them fits is not of it."""
    if kind not in TYPES:
        return _spelled(value, dtype)
    wanted, formats = TYPES[kind], (*options.dates, ISO) if options.dates and kind == "timestamp" else ()
    is_comma = dtype == pl.String and options.decimal == "," and wanted.is_numeric()
    result = values.read(_with_point(value) if is_comma else value, dtype, wanted, formats)
    return (Reading(kind, result, ~values.lost(value, dtype, wanted, result), formats=formats),)


def _spelled(value: pl.Expr, dtype: pl.DataType) -> tuple[Reading, ...]:
    """As texts; what are booleans or numbers is written alike, whatever kind of file it comes from."""
    text = values.read(value, dtype, pl.String())
    if dtype == pl.String:
        boolean = Reading("boolean", respelled(text, "boolean"), _boolean(text).fits, spells="boolean")
        number = Reading("numeric", respelled(text, "numeric"), text.str.contains(SHORT), spells="numeric")
        return boolean, number, _stay(text)
    spells: Literal["boolean", "numeric"] | None = "boolean" if dtype == pl.Boolean else None
    return (replace(_stay(text), spells="numeric" if dtype.is_numeric() else spells),)


TYPES: dict[str, pl.DataType] = {
    "numeric": pl.Float64(), "integer": pl.Int64(), "boolean": pl.Boolean(), "timestamp": pl.Datetime("us"),
}  # fmt: skip
"""Kind to the type of a column that is given it; one of any other kind holds texts."""
