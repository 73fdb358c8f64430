"""Statistics of the events in each row's window.

Each window is summed up by itself, so that a result depends on nothing but the events in it: running sums that add
what enters and take away what leaves would carry the rounding of all that went before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from headway.contracts.steps.durations import parse_duration
from headway.contracts.steps.keys import Codes
from headway.contracts.steps.timeline import Timeline
from headway.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

Take = Literal["last", "count", "mean", "sum", "min", "max", "std"]

AT_ONCE = 1 << 22
"""Values of windows that are held at a time."""


class Summary(Protocol):
    """The part of a window that decides what is summed up."""

    @property
    def take(self) -> Take:
        """The statistic."""

    @property
    def over(self) -> str | None:
        """How far back."""

    @property
    def delay(self) -> str:
        """How much later an event could be used."""


def result_type(take: Take, values: pl.DataType, what: str) -> pl.DataType:
    """The type of the column; raises `DataError` if there is no such statistic of such values."""
    import polars as pl

    if take == "count":
        return pl.Int64()
    if take == "last":
        return values
    fits = values.is_numeric() or values in (pl.Boolean, pl.Null)
    if not fits and not (take in ("min", "max") and values.is_temporal()):
        raise DataError(f"{what}: there is no {take} of values of type {values}", hint="last and count take any type",
                        code="window-of")  # fmt: skip
    return values if take in ("min", "max") else pl.Float64()


@dataclass(frozen=True)
class Events:
    """Events sorted by key and the moment from which on they are known.

    Attributes:
        summary: What is made of them.
        codes: The keys.
        line: When they became known.
        order: The position of each one in the table.
        values: What is summed up, in this order.
    """

    summary: Summary
    codes: Codes
    line: Timeline
    order: np.ndarray
    values: pl.Series

    @classmethod
    def of(cls, summary: Summary, table: pl.DataFrame) -> Self:
        """Sorts events: the columns of `key_columns`, ``time``, ``known`` and ``value``."""
        import numpy as np
        import polars as pl

        numbered = table.with_row_index("__at__")
        if table.schema["value"].is_float():
            numbered = numbered.with_columns(pl.col("value").fill_nan(None))
        there = numbered.drop_nulls()
        keys = there.select(pl.exclude("__at__", "time", "known", "value"))
        codes = Codes(keys)
        numbers, times = codes.of(keys), there["time"].cast(pl.Int64).to_numpy()
        known = there["known"].cast(pl.Int64).to_numpy() + parse_duration(summary.delay)
        order = np.lexsort((times, known, numbers))
        at = there["__at__"].to_numpy()[order]
        return cls(summary, codes, Timeline.of(numbers[order], known[order]), at, there["value"].gather(order))

    def sum_up(self, rows: pl.DataFrame, own: np.ndarray | None = None) -> pl.Series:
        """The statistic for each row.

        Args:
            rows: The columns of `key_columns` and ``time``.
            own: The position of each row among the events of the table, if rows are events: none is its own.
        """
        import numpy as np
        import polars as pl

        codes = self.codes.of(rows.drop("time"))
        given = rows["time"].cast(pl.Int64)
        codes = np.where(given.is_null().to_numpy(), -1, codes)
        times = given.fill_null(0).to_numpy()
        last = self.line.before(codes, times)
        first = self.line.start(codes)
        if self.summary.over is not None:
            first = self.line.before(codes, times - parse_duration(self.summary.over))
        last = np.where(codes < 0, first, last)
        return self._without(first, last, own) if own is not None else self._taken(first, last)

    def _without(self, first: np.ndarray, last: np.ndarray, own: np.ndarray) -> pl.Series:
        """As `_taken`; a row that was known before its own time is left out of its own window."""
        import numpy as np
        import polars as pl

        where = np.full(own.max(initial=-1) + 1, -1)
        where[self.order] = np.arange(len(self.order))
        mine = where[own]
        inside = np.flatnonzero((mine >= first) & (mine < last))
        found = self._taken(first, last)
        if not len(inside):
            return found
        others = [self._others(int(first[i]), int(last[i]), int(mine[i])) for i in inside]
        return found.scatter(inside, pl.concat(others))

    def _others(self, first: int, last: int, mine: int) -> pl.Series:
        """The statistic of one window without one of its events."""
        import numpy as np

        values = self.values[first:mine].append(self.values[mine + 1 : last])
        alone = Events(self.summary, self.codes, self.line, self.order, values)
        return alone._windows(np.array([0]), np.array([len(values)]))

    def _taken(self, first: np.ndarray, last: np.ndarray) -> pl.Series:
        if self.summary.over is None and self.summary.take not in ("count", "last"):
            return self._since_ever(first, last)
        return self._windows(first, last)

    def _windows(self, first: np.ndarray, last: np.ndarray) -> pl.Series:
        """Each window by itself: events from `first` up to `last`, without it."""
        import numpy as np
        import polars as pl

        counts = last - first
        if self.summary.take == "count":
            return pl.Series(counts, dtype=pl.Int64)
        if self.summary.take == "last":
            places = pl.Series(last - 1, dtype=pl.Int64)
            return self.values.gather(pl.select(pl.when(pl.Series(counts > 0)).then(places)).to_series())
        both, which = np.unique(first * (len(self.values) + 1) + last, return_inverse=True)
        return self._statistics(*np.divmod(both, len(self.values) + 1)).gather(which)

    def _statistics(self, first: np.ndarray, last: np.ndarray) -> pl.Series:
        """Of windows that are all different, by their beginnings."""
        import numpy as np

        numbers, counts = self._numbers(), last - first
        found = _reduced(_ufunc(self.summary.take), numbers, first, last)
        with np.errstate(all="ignore"):
            if self.summary.take in ("mean", "std"):
                found = found / counts
            if self.summary.take == "std":
                found = np.sqrt(_squares(numbers, found, first, last) / (counts - 1))
        return self._column(found, counts)

    def _since_ever(self, first: np.ndarray, last: np.ndarray) -> pl.Series:
        """All events of the key up to `last`: one pass over each key's events."""
        import numpy as np

        numbers, counts = self._numbers(), last - first
        starts = np.unique(first[counts > 0])
        ends = np.append(starts, len(numbers))[1:]
        running = np.zeros(len(numbers), numbers.dtype)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            with np.errstate(all="ignore"):
                running[start:end] = _running(self.summary.take, numbers[start:end])
        found = np.zeros(len(first), numbers.dtype)
        found[counts > 0] = running[last[counts > 0] - 1]
        return self._column(found, counts)

    def _numbers(self) -> np.ndarray:
        import polars as pl

        values = self.values
        if self.summary.take in ("min", "max"):
            plain = values.cast(pl.UInt8) if values.dtype in (pl.Boolean, pl.Null) else values.to_physical()
            return plain.to_numpy()
        return values.cast(pl.Float64).to_numpy()

    def _column(self, found: np.ndarray, counts: np.ndarray) -> pl.Series:
        """The statistic in its type, missing where there are too few events or it is no number."""
        import polars as pl

        least = 2 if self.summary.take == "std" else 1
        there = pl.Series(counts >= least)
        made = pl.select(pl.when(there).then(pl.Series(found))).to_series()
        if self.summary.take not in ("min", "max"):
            return made.fill_nan(None)
        physical = made if self.values.dtype in (pl.Boolean, pl.Null) else made.cast(self.values.to_physical().dtype)
        return physical.cast(self.values.dtype)


def _reduced(ufunc: Any, values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The reduction of each slice, in the order of their beginnings; anything where a slice is empty."""
    import numpy as np

    if not len(first):
        return np.zeros(0, values.dtype)
    # What lies between two slices is reduced too, and thrown away: little, as they come by their beginnings.
    bounds = np.stack([first, np.maximum(last, first)], axis=1).ravel()
    padded = np.append(values, values[-1:] if len(values) else np.zeros(1, values.dtype))
    with np.errstate(all="ignore"):
        found: np.ndarray = ufunc.reduceat(padded, bounds)[::2]
    return found


def _squares(values: np.ndarray, means: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The sum of the squared distances of each window from its mean, some windows at a time."""
    import numpy as np

    ends = np.cumsum(last - first)
    found = np.zeros(len(first))
    start = 0
    while start < len(first):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + AT_ONCE, side="right")))
        found[start:stop] = _squares_of(values, means[start:stop], first[start:stop], last[start:stop])
        start = stop
    return found


def _squares_of(values: np.ndarray, means: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    import numpy as np

    counts = last - first
    ends = np.cumsum(counts)
    inside = np.repeat(first - (ends - counts), counts) + np.arange(int(counts.sum()))
    squares = (values[inside] - np.repeat(means, counts)) ** 2
    return _reduced(np.add, squares, ends - counts, ends)


def _running(take: Take, values: np.ndarray) -> np.ndarray:
    """The statistic of the first value, the first two, and so on."""
    import numpy as np

    if take in ("min", "max"):
        running: np.ndarray = _ufunc(take).accumulate(values)
        return running
    sums = np.cumsum(values)
    counts = np.arange(1, len(values) + 1)
    if take == "sum":
        return sums
    means = sums / counts
    return means if take == "mean" else _running_std(values, means, counts)


def _running_std(values: np.ndarray, means: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Welford's recurrence (Technometrics 4(3), 1962): no term is negative, so nothing cancels."""
    import numpy as np

    earlier = np.concatenate([means[:1], means[:-1]])
    found: np.ndarray = np.sqrt(np.cumsum((values - earlier) * (values - means)) / (counts - 1))
    return found


def _ufunc(take: Take) -> Any:
    import numpy as np

    return {"min": np.minimum, "max": np.maximum}.get(take, np.add)
