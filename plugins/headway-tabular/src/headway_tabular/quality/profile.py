"""What a table holds, in aggregates: few streaming passes, memory that does not grow with the rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from headway.contracts import NUMBERS

from headway_tabular.data.kinds import kind_of
from headway_tabular.data.mixed import NUMBER
from headway_tabular.quality.divided import KEYS, SAMPLE, chosen

BINS = 30
TOP = 10
CATEGORIES = 50
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
FEW = 10_000
"""Different values of a column of a large table are counted if they are no more than about this many."""
LONGEST = 60
"""Longer texts are cut in lists of values."""
POSITION = "__position__"


@dataclass(frozen=True)
class Numbers:
    """A column of numbers or booleans; finite values only, except for the counts.

    Attributes:
        low, high: The least and the greatest value.
        mean, sd: Mean and standard deviation (n - 1); None where they are not finite.
        quantiles: `QUANTILES`, of the sample.
        zeros, negatives, infinite: How many there are.
        edges, counts: A histogram of the sample. Values further out than its ends are in the end bins.
    """

    low: float
    high: float
    mean: float | None
    sd: float | None
    quantiles: tuple[float, ...]
    zeros: int
    negatives: int
    infinite: int
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Times:
    """A column of timestamps.

    Attributes:
        first, last: The range.
        step: The median distance of successive different times.
        gap: The greatest one.
        after: The time before that gap.
        counts: How many rows of the sample lie in each of equal parts of the range.
    """

    first: datetime
    last: datetime
    step: timedelta
    gap: timedelta
    after: datetime
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Texts:
    """A column of texts: lengths in characters, and how many of them read as numbers."""

    shortest: int
    mean: float
    longest: int
    numeric: int


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    Attributes:
        name: Its name.
        kind: numeric, integer, boolean, categorical, text, timestamp or identifier.
        dtype: Its polars type.
        missing: How many values are missing or NaN.
        distinct: How many different values there are.
        is_exact: Whether they were counted; else HyperLogLog's estimate, off by up to some 10 %.
        numbers, times, texts: What is particular to such a column, unless all is missing.
        top: The most frequent values of categories, booleans and a target of classes, and how often they occur.
        rest: How many rows have other values.
        categories: All values of a column of categories, sorted, if they are at most `CATEGORIES`.
        warnings: What a reader should look at.
    """

    name: str
    kind: str
    dtype: str
    missing: int
    distinct: int
    is_exact: bool = True
    numbers: Numbers | None = None
    times: Times | None = None
    texts: Texts | None = None
    top: tuple[tuple[str, int], ...] = ()
    rest: int = 0
    categories: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """A table.

    Attributes:
        rows: How many rows there are.
        columns: The columns in their order.
        target: The column to predict, if it is known.
        sample: How many rows quantiles, histograms and gaps are taken from; all others count every row.
    """

    rows: int
    columns: tuple[ColumnProfile, ...]
    target: str | None
    sample: int

    @property
    def is_sampled(self) -> bool:
        """Whether the sample is not all rows."""
        return self.sample < self.rows


def profile(frame: pl.LazyFrame, kinds: Mapping[str, str] | None = None, target: str | None = None) -> Profile:
    """Describes a table.

    One pass counts, one takes a sample of at most about `SAMPLE` rows, and one a column of texts counts values; those
    of columns with more than `KEYS` different values are counted in the sample.

    Args:
        frame: Typed rows; read several times.
        kinds: Column to kind, where it is not what the type says.
        target: The column to predict.
    """
    schema = frame.collect_schema()
    chosen_kinds = {name: (kinds or {}).get(name) or kind_of(name, dtype) for name, dtype in schema.items()}
    counted = frame.select(pl.len(), *_counts(schema)).collect(engine="streaming").row(0, named=True)
    rows = counted["len"]
    sample = _sample(frame, rows)
    counts = {name: _of(counted, at) for at, name in enumerate(schema)}
    exact = _distinct(frame, sample if sample.height == rows else None, counts)
    made = [
        _column(
            _Part(frame, sample[name], chosen_kinds[name], rows, counts[name] | {"exact": exact.get(name)}),
            is_target=name == target,
        )
        for name in schema
    ]
    return Profile(rows, tuple(made), target, sample.height)


@dataclass(frozen=True)
class _Part:
    """What is known of one column: all rows, its sample, its kind, the number of rows, and counts by name."""

    frame: pl.LazyFrame
    sample: pl.Series
    kind: str
    rows: int
    counts: Mapping[str, Any]

    @property
    def present(self) -> int:
        return int(self.rows - self.counts["missing"])

    @property
    def distinct(self) -> int:
        exact = self.counts["exact"]
        return min(self.counts["distinct"], self.present) if exact is None else int(exact)


def _sample(frame: pl.LazyFrame, rows: int) -> pl.DataFrame:
    step = max(1, -(-rows // SAMPLE))
    if step > 1:
        frame = frame.with_row_index(POSITION).filter(chosen(pl.col(POSITION), step)).drop(POSITION)
    return frame.collect(engine="streaming")


def _counts(schema: pl.Schema) -> Iterator[pl.Expr]:
    for at, (name, dtype) in enumerate(schema.items()):
        value = pl.col(name)
        known = value.fill_nan(None) if dtype.is_float() else value
        found = {
            "missing": known.null_count(),
            "distinct": known.approx_n_unique() - (known.null_count() > 0).cast(pl.UInt32),
        }
        if dtype.is_numeric():
            finite = pl.when(known.is_finite()).then(known).cast(pl.Float64) if dtype.is_float() else known
            found |= {"low": finite.min(), "high": finite.max(), "mean": finite.mean(), "sd": finite.std()}
            found |= {"zeros": (known == 0).sum(), "negatives": (known < 0).sum()}
            found["infinite"] = known.is_infinite().sum() if dtype.is_float() else pl.lit(0)
        elif dtype.is_temporal():
            found |= {"low": value.min(), "high": value.max()}
        elif dtype == pl.String:
            length = value.str.len_chars()
            found |= {"low": length.min(), "mean": length.mean(), "high": length.max()}
            found["numeric"] = value.str.contains(NUMBER).sum()
        yield from (expression.alias(f"{at}.{label}") for label, expression in found.items())


def _of(counted: Mapping[str, Any], at: int) -> dict[str, Any]:
    start = f"{at}."
    return {label.removeprefix(start): value for label, value in counted.items() if label.startswith(start)}


def _distinct(
    frame: pl.LazyFrame, whole: pl.DataFrame | None, counts: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    """Column to its number of different values, where it can be counted in little memory."""
    few = [name for name, found in counts.items() if whole is not None or found["distinct"] <= FEW]
    source = frame if whole is None else whole.lazy()
    found = {name: source.select(name).drop_nulls().unique().collect(engine="streaming")[name] for name in few}
    return {
        name: int((values.drop_nans() if values.dtype.is_float() else values).len()) for name, values in found.items()
    }


def _column(part: _Part, *, is_target: bool) -> ColumnProfile:
    dtype, counts = part.sample.dtype, part.counts
    numbers = times = texts = None
    if part.present and dtype.is_numeric() and counts["low"] is not None:
        numbers = _numbers(part)
    elif part.present and dtype in (pl.Date, pl.Datetime):
        times = _times(part)
    elif part.present and dtype == pl.String:
        texts = Texts(counts["low"], counts["mean"], counts["high"], counts["numeric"])
    is_open = part.kind in ("text", "identifier")  # whose values are rows, or as good as rows
    is_listed = (dtype in (pl.String, pl.Boolean) and not is_open) or (
        is_target and dtype.is_integer() and part.distinct <= BINS
    )
    top, categories = _values(part) if part.present and is_listed else ((), ())
    found = ColumnProfile(
        part.sample.name, part.kind, type(dtype).__name__, counts["missing"], part.distinct,
        counts["exact"] is not None, numbers, times, texts, top,
        part.present - sum(count for _, count in top) if top else 0,
        categories if dtype == pl.String else (),
    )  # fmt: skip
    return _warned(found, part)


def _numbers(part: _Part) -> Numbers:
    values = part.sample.cast(pl.Float64).drop_nulls().to_numpy()
    values = values[np.isfinite(values)]
    if not len(values):  # a large column with few values, none of them in the sample
        values = np.array([part.counts["low"], part.counts["high"]], dtype=float)
    half = 1 if math.isfinite(float(values.max()) - float(values.min())) else 2  # or interpolation would overflow
    quantiles = tuple(float(value) * half for value in np.quantile(values / half, QUANTILES))
    edges, counts = _histogram(values, quantiles, is_whole=part.sample.dtype.is_integer())
    named = {name: part.counts[name] for name in ("zeros", "negatives", "infinite")}
    return Numbers(
        part.counts["low"], part.counts["high"], _finite(part.counts["mean"]),
        _finite(part.counts["sd"]), quantiles, **named, edges=edges, counts=counts,
    )  # fmt: skip


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _histogram(
    values: np.ndarray, quantiles: tuple[float, ...], *, is_whole: bool
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """At most `BINS` bins over the bulk of the values: a few far ones must not squeeze all others into one bin."""
    low, high = float(values.min()), float(values.max())
    bulk_low, bulk_high = quantiles[0], quantiles[-1]
    margin = bulk_high - bulk_low
    if math.isfinite(margin) and margin > 0:
        low, high = max(low, bulk_low - margin), min(high, bulk_high + margin)
    bins = BINS
    if is_whole and high - low < BINS:
        low, high, bins = low - 0.5, high + 0.5, int(high - low) + 1
    if not high > low or not math.isfinite(high - low):
        return (low, high), (len(values),)
    edges = low + (high - low) * (np.arange(bins + 1) / bins)  # linspace may overflow
    edges[-1] = high
    counts = np.histogram(np.clip(values, low, high), edges)[0]
    return tuple(map(float, edges)), tuple(map(int, counts))


def _times(part: _Part) -> Times:
    first, last = part.counts["low"], part.counts["high"]
    name = part.sample.name
    different = part.sample.unique()
    if part.counts["distinct"] <= KEYS:
        different = part.frame.select(name).unique().collect(engine="streaming")[name]
    moments = different.drop_nulls().cast(pl.Datetime("us")).sort()
    steps = moments.diff().drop_nulls()
    gap, after = timedelta(0), moments[0]
    if steps.len():
        gap, after = steps.max(), moments[int(steps.arg_max() or 0)]  # type: ignore[assignment]
    micro = part.sample.drop_nulls().cast(pl.Datetime("us")).cast(pl.Int64).to_numpy()
    counts = np.histogram(micro - micro.min(), BINS)[0].tolist() if len(micro) else []  # of far times floats are coarse
    step = steps.median() if steps.len() else timedelta(0)
    return Times(_moment(first), _moment(last), step, gap, after, tuple(counts))  # type: ignore[arg-type]


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)


def _values(part: _Part) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """The most frequent values, equally frequent ones by their names, and all values if they are few.

    They are counted in the sample if there are too many.
    """
    name = part.sample.name
    few = part.counts["distinct"] <= KEYS
    rows = (part.frame if few else part.sample.to_frame().lazy()).select(pl.col(name)).drop_nulls()
    counted = rows.group_by(name).len().collect(engine="streaming")
    best = counted.sort(["len", name], descending=[True, False]).head(TOP)
    scale = 1 if few else part.rows / max(part.sample.len(), 1)
    top = tuple((_short(value), round(count * scale)) for value, count in best.iter_rows())
    is_closed = few and counted.height <= CATEGORIES
    return top, tuple(map(str, counted[name].sort())) if is_closed else ()


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _warned(column: ColumnProfile, part: _Part) -> ColumnProfile:
    from dataclasses import replace

    return replace(column, warnings=tuple(_warnings(column, part)))


def _warnings(column: ColumnProfile, part: _Part) -> Iterator[str]:
    present = part.present
    if not present:
        yield "all missing" if part.rows else "no rows"
        return
    if column.missing > 0.5 * part.rows:
        yield f"{column.missing / part.rows:.0%} missing"
    if column.distinct == 1 and present > 1:
        yield "constant"
    if (
        column.kind in ("integer", "categorical")
        and present >= 50
        and column.distinct >= (0.95 if column.is_exact else 0.85) * present
    ):
        yield "nearly unique"
    elif column.kind == "categorical" and column.distinct > 1000:
        yield "many categories"
    if column.texts and 0.5 * present <= column.texts.numeric < present:
        yield f"mixed: {present - column.texts.numeric:,} of {present:,} are no numbers"
    if part.counts.get("infinite"):
        yield "infinite values"
    if column.numbers:
        yield from _odd(column.numbers, column, present)


def _odd(numbers: Numbers, column: ColumnProfile, present: int) -> Iterator[str]:
    if column.kind in NUMBERS and is_skewed(numbers.quantiles) and column.distinct > BINS:
        yield "skewed"
    if numbers.zeros > 0.9 * present and column.distinct > 2:
        yield "mostly zero"


def is_skewed(quantiles: Sequence[float]) -> bool:
    """Whether one tail (median to 1 % or 99 %) is more than five times as long as the other."""
    below, above = quantiles[3] - quantiles[0], quantiles[-1] - quantiles[3]
    return max(below, above) > 5 * min(below, above) and max(below, above) > 0
