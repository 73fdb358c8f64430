"""Values of any type read as one type of a table: by the same expressions in training and when rows are scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

EXACT = 2**53
"""Integers up to this size are exact in float64; larger ones are refused, not rounded."""

YES, NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
"""What says so in a column of booleans, in any case."""

WORDS = ("true", "false")
"""Booleans as texts."""

ISO = "ISO 8601"
"""Among the formats of a column: ISO dates and times, with T or a space, seconds or none, an offset or none."""

UNIX = {"unix_s": 1, "unix_ms": 1_000, "unix_us": 1_000_000, "unix_ns": 1_000_000_000}
"""Among the formats of a column: numbers that count since 1970 in UTC. How many of what they count are a second."""

MICRO = 1_000_000
"""Microseconds, which moments are held in, of a second."""
LAST = 253_402_300_799
"""The last second of the year 9999. What counts further was counted in another unit, and is no moment."""


def plain(value: pl.Expr, given: pl.DataType) -> tuple[pl.Expr, pl.DataType]:
    """The same values in the type that only says what they are, not how they are stored.

    Int64, Float64, Boolean, String, and Datetime in microseconds, in UTC without a zone. Durations are seconds,
    decimals are floats, times of the day are texts. Integers that may not fit Int64 stay, as do types no table holds.
    """
    import polars as pl

    moment = pl.Datetime("us")
    if isinstance(given, pl.Datetime):
        local = value.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if given.time_zone else value
        return local.cast(moment), moment
    if given == pl.Duration:
        return value.dt.total_microseconds() / 1e6, pl.Float64()
    target = _plain_type(given)
    return (value, given) if target == given else (value.cast(target), target)


def _plain_type(given: pl.DataType) -> pl.DataType:
    import polars as pl

    if given == pl.Decimal or given.is_float():
        return pl.Float64()
    if given.is_integer() and given not in (pl.UInt64, pl.Int128, pl.UInt128):
        return pl.Int64()
    if given in (pl.Categorical, pl.Enum, pl.Null, pl.Time):
        return pl.String()
    return pl.Datetime("us") if given == pl.Date else given


def read(
    value: pl.Expr, given: pl.DataType, wanted: pl.DataType, formats: Sequence[str] = (), spells: str | None = None
) -> pl.Expr:
    """Values as another type; null where one cannot be read without losing something.

    Args:
        value: The values.
        given: Their type.
        wanted: The type they get.
        formats: How texts and numbers say moments, see `headway.contracts.Column`.
        spells: What texts spell, see there.
    """
    import polars as pl

    value, given = plain(value, given)
    if given.is_nested() or given in (pl.Binary, pl.Object):
        return _none(value, wanted)
    if wanted == pl.String:
        return as_text(value, given) if spells is None else respelled(as_text(value, given), spells)
    if wanted in (pl.Datetime, pl.Date):
        return _moment(value, given, formats).cast(wanted)
    if given.is_temporal() or not (wanted.is_numeric() or wanted == pl.Boolean):
        return _none(value, wanted)
    if wanted == pl.Boolean:
        return _boolean(value, given)
    return _integer(value, given, wanted) if wanted.is_integer() else value.cast(wanted, strict=False)


def lost(value: pl.Expr, given: pl.DataType, wanted: pl.DataType, result: pl.Expr) -> pl.Expr:
    """Which values are there, but could not be read; NaN is missing where no float is wanted."""
    present = value.is_not_null()
    if given.is_float() and not wanted.is_float():
        present = present & value.is_not_nan()
    return present & result.is_null()


def as_text(value: pl.Expr, given: pl.DataType) -> pl.Expr:
    """Values as text, NaN as missing; a whole number is written the same whether it came as an integer or a float.

    Categories that are numbers become floats in many libraries as soon as one of them is missing.
    """
    import polars as pl

    if not given.is_float():
        return value.cast(pl.String, strict=False)
    known = value.cast(pl.Float64).fill_nan(None)
    whole = known.cast(pl.Int64, strict=False)
    return pl.when(whole.cast(pl.Float64) == known).then(whole.cast(pl.String)).otherwise(known.cast(pl.String))


def respelled(text: pl.Expr, spells: str) -> pl.Expr:
    """Texts that spell booleans or numbers, as `as_text` writes these: ``True`` is true, ``2.0`` is 2, ``1.50`` 1.5."""
    import polars as pl

    if spells == "boolean":
        lower = text.str.to_lowercase()
        return pl.when(lower.is_in(WORDS)).then(lower).otherwise(text)
    whole = r"^(-?(?:0|[1-9]\d*))"
    number = text.str.replace(rf"{whole}\.0+$", "${1}").str.replace(rf"{whole}(\.\d*[1-9])0+$", "${1}${2}")
    return number.str.replace(r"^-0$", "0")


def _moment(value: pl.Expr, given: pl.DataType, formats: Sequence[str]) -> pl.Expr:
    import polars as pl

    if given == pl.String:
        return as_moment(value, formats)
    units = [written for written in formats if written in UNIX]
    if given.is_numeric() and units:
        return since_1970(value, given, units[0])
    # A number is no moment where nobody says whether it counts seconds or days.
    return value if given.is_temporal() else _none(value, pl.Datetime("us"))


def as_moment(text: pl.Expr, formats: Sequence[str]) -> pl.Expr:
    """Texts as moments in UTC without a zone: by the first format that fits; without formats, ISO ones."""
    import polars as pl

    tried: list[pl.Expr] = []
    for written in formats or (ISO,):
        if written in UNIX:
            tried += [since_1970(text.cast(kind, strict=False), kind, written) for kind in (pl.Int64(), pl.Float64())]
        else:
            tried += [iso_local(text), iso_zoned(text)] if written == ISO else [_parsed(text, written)]
    return pl.coalesce(tried)


def since_1970(number: pl.Expr, given: pl.DataType, unit: str) -> pl.Expr:
    """Numbers that count a unit of `UNIX` as moments in microseconds; null beyond the year 9999.

    Whole ones are exact, but for nanoseconds, of which the last three digits are lost; others are rounded.
    """
    import polars as pl

    least, most = (min(max(sign * LAST * UNIX[unit], -(2**63)), 2**63 - 1) for sign in (-1, 1))
    known: pl.Expr = pl.when(number.is_between(least, most)).then(number)
    if given.is_integer():
        known = known.cast(pl.Int64, strict=False)
        counted = known * (MICRO // UNIX[unit]) if UNIX[unit] <= MICRO else known // (UNIX[unit] // MICRO)
    else:
        counted = (known * (MICRO / UNIX[unit])).round().cast(pl.Int64, strict=False)
    return counted.cast(pl.Datetime("us"))


def iso_local(text: pl.Expr) -> pl.Expr:
    """ISO dates and times without an offset; a date is its midnight, seconds may be left out."""
    import polars as pl

    spaced, size = text.str.replace("T", " ", literal=True), text.str.len_bytes()
    is_day, is_minute = size == len("2024-01-31"), size == len("2024-01-31 10:00")
    whole = pl.when(is_day).then(spaced + " 00:00:00").when(is_minute).then(spaced + ":00").otherwise(spaced)
    return _parsed(whole, "%Y-%m-%d %H:%M:%S%.f")


def iso_zoned(text: pl.Expr) -> pl.Expr:
    """ISO times with an offset, which is undone."""
    import polars as pl

    tight = text.str.replace("T", " ", literal=True).str.replace(r"\s([Z+-])", "${1}")
    return pl.coalesce(_parsed(tight, written) for written in ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"))


def _parsed(text: pl.Expr, written: str) -> pl.Expr:
    return text.str.to_datetime(written, strict=False, time_unit="us").dt.replace_time_zone(None)


def _boolean(value: pl.Expr, given: pl.DataType) -> pl.Expr:
    import polars as pl

    if given == pl.Boolean:
        return value
    if given == pl.String:
        lower = value.str.to_lowercase()
        return pl.when(lower.is_in([*YES, *NO])).then(lower.is_in(YES))
    return pl.when((value == 0) | (value == 1)).then(value == 1)


def _integer(value: pl.Expr, given: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    """Whole numbers; ``3.0`` is one too, in texts as long as float64 holds it for certain."""
    import polars as pl

    if given == pl.String:
        number = value.cast(pl.Float64, strict=False)
        exact = (number == number.floor()) & (number.abs() <= EXACT)
        return value.cast(wanted, strict=False).fill_null(pl.when(exact).then(number.cast(wanted, strict=False)))
    whole = value.cast(wanted, strict=False)
    return pl.when(value == value.floor()).then(whole) if given.is_float() else whole


def _none(value: pl.Expr, wanted: Any) -> pl.Expr:
    import polars as pl

    return pl.lit(None, dtype=wanted).alias(value.meta.output_name())
