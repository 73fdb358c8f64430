"""Rows to try a graph on: real ones, and generated ones that real data have too rarely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headway.contracts import MISSING, NUMBERS, STRINGS, Column, Dataset, Strings, conform, feeds

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from headway.contracts import Feed

    Arrays = dict[str, np.ndarray]
    Feeds = dict[str, Feed]

SOME = 4096
"""Real rows that are searched for strings that were seen."""

MIXED = 256
"""Generated rows in which every column is drawn from its special values."""

KNOWN = 16
"""Strings of a column that are taken as seen, if it has so many."""

_INDEX = "__position__"
_UNSEEN = ("never seen before", "", " ", "?", "nan", "\N{SNOWMAN}", "x" * 1000)
_MISSING_TIME = -(2**63)
_DAYS = ("0001-01-01", "1900-03-01", "1969-12-31", "1970-01-01", "2000-02-29", "2000-03-01", "2023-12-31", "2024-03-01")
"""Midnights where calendars are got wrong; the microseconds beside each are tried too."""
_LAST_TIME = 253_402_300_799_999_999  # of the year 9999, in µs
_EXACT = 2.0**53


def real_rows(data: Dataset, split: str, columns: Sequence[Column], positions: np.ndarray) -> Feeds:
    """Rows of one split as a graph takes them; no others are held, but as many before each as its history needs.

    Args:
        data: The dataset.
        split: Which of its splits.
        columns: What the graph takes.
        positions: Which rows, in this order; a row may be there more than once. Shape (rows,).
    """
    import numpy as np

    reach = max((column.history for column in columns), default=0)
    needed = np.unique(positions[:, None] - np.arange(reach + 1))
    needed = needed[needed >= 0]
    # What lies between two rows that are far apart is left out: no window reaches over such a gap.
    rows = feeds(conform(_collected(data.split(split), columns, needed), columns), columns)
    return take(rows, np.searchsorted(needed, positions))


def _collected(frame: pl.LazyFrame, columns: Sequence[Column], positions: np.ndarray) -> pl.DataFrame:
    """The rows at the given positions, which are sorted; read as a stream."""
    import polars as pl

    given = frame.collect_schema().names()
    rows = frame.select(column.name for column in columns if column.name in given).with_row_index(_INDEX)
    chosen = rows.filter(pl.col(_INDEX).cast(pl.Int64).is_in(pl.Series(positions).implode()))
    return chosen.drop(_INDEX).collect(engine="streaming")


def generated_rows(real: Mapping[str, Feed], columns: Sequence[Column]) -> Arrays:
    """Rows with missing, infinite, extreme, denormal, unseen and borderline values.

    Each special value of each column appears once in an otherwise real row; `MIXED` rows then combine
    special values of all columns at random (the same ones every time). Special values of a number are
    the smallest and largest of the real rows, some others of them, and the floats next to each:
    thresholds that were fitted lie there. Integer columns get whole numbers only, strings both seen and
    unseen ones, times the microseconds beside midnights and ends of months, and columns that are neither
    numbers, strings nor times real values. In a column with a history, a special value first
    fills the whole window, then each of its places is drawn.

    Args:
        real: The rows the graph was fitted on, as feeds; at least one row.
        columns: What the feeds are.

    Returns:
        Feeds of the same names and types.
    """
    import numpy as np

    own = {c.name: np.asarray(real[c.name])[:, -1] if c.history else real[c.name] for c in columns}
    specials = {column.name: _specials(own[column.name], column) for column in columns}
    single = sum(len(values) for values in specials.values())
    rows = np.arange(single + MIXED) % len(next(iter(real.values())))
    made = {name: np.array(feed[rows]) for name, feed in real.items()}
    random = np.random.default_rng(0)
    start = 0
    for name, values in specials.items():
        if len(values):
            shape = (MIXED, *made[name].shape[1:])
            made[name][start : start + len(values)].T[...] = values
            made[name][single:] = values[random.integers(0, len(values), shape)]
        start += len(values)
    return made


def take(rows: Mapping[str, Feed], positions: np.ndarray | slice) -> Feeds:
    """The rows at the given positions, in that order."""
    return {name: feed[positions] for name, feed in rows.items()}


def plain(rows: Mapping[str, Feed]) -> Arrays:
    """The same rows with every string by itself, as single rows come."""
    import numpy as np

    return {name: np.asarray(feed) for name, feed in rows.items()}


def distinct(rows: Mapping[str, Feed]) -> Feeds:
    """The same rows with columns of strings as `Strings`, as many rows come."""
    import numpy as np

    found: Feeds = {}
    for name, feed in rows.items():
        strings = feed.dtype == object and feed.ndim == 1
        found[name] = Strings(*np.unique(np.asarray(feed), return_inverse=True)) if strings else feed
    return found


def join(parts: Sequence[Mapping[str, np.ndarray]]) -> Arrays:
    """The rows of all parts, one after the other."""
    import numpy as np

    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def count(rows: Mapping[str, Feed]) -> int:
    """How many rows there are."""
    return len(next(iter(rows.values())))


def _specials(real: Feed, column: Column) -> np.ndarray:
    import numpy as np

    if column.kind in STRINGS:
        return np.array([MISSING, *_UNSEEN, *_known(real, column)], dtype=object)
    array = np.asarray(real)
    if column.kind == "timestamp":
        return _times(array)
    if column.kind == "boolean":
        return np.array([0.0, 1.0, np.nan])
    if column.kind in NUMBERS:
        return _whole(array) if column.kind == "integer" else _borders(array)
    return array[:0]


def _known(real: Feed, column: Column) -> list[str]:
    """Strings that were seen: categories, where the column has a closed set of them, or some of the real rows."""
    import numpy as np

    words = [str(category) for category in column.categories or ()]
    if not words:
        some = np.asarray(real[:: max(len(real) // SOME, 1)]).tolist()
        words = sorted(set(some) - {MISSING})
    return [words[i] for i in np.linspace(0, len(words) - 1, min(len(words), KNOWN)).astype(int)]


def _times(real: np.ndarray) -> np.ndarray:
    """Midnights and first days of months, fixed ones and those around some real times, and the times beside each."""
    import numpy as np

    known = _sample(real[real != _MISSING_TIME])
    borders = [np.array(_DAYS, "datetime64[us]").astype(np.int64), known]
    for unit in ("D", "M"):
        start = known.astype("datetime64[us]").astype(f"datetime64[{unit}]")
        borders += [edge.astype("datetime64[us]").astype(np.int64) for edge in (start, start + 1)]
    joined = np.concatenate(borders)
    beside = np.concatenate([joined - 1, joined, joined + 1, [_LAST_TIME]])
    return np.concatenate([[_MISSING_TIME], np.unique(beside)])


def _whole(real: np.ndarray) -> np.ndarray:
    import numpy as np

    known = _sample(real)
    return np.unique(np.concatenate([known - 1, known, known + 1, [0.0, -1.0, -_EXACT, _EXACT, np.nan]]))


def _borders(real: np.ndarray) -> np.ndarray:
    import numpy as np

    known = _sample(real)
    beside = [np.nextafter(known, -np.inf), known, np.nextafter(known, np.inf)]
    far = [np.nan, np.inf, -np.inf, 1e300, -1e300, 3.5e38, -3.5e38, 5e-324, -5e-324, 1e-310, 1e-40, 0.0, -0.0]
    return np.concatenate([*beside, far])


def _sample(real: np.ndarray) -> np.ndarray:
    """The smallest, the largest and a few values between them."""
    import numpy as np

    known = np.unique(real[np.isfinite(real)])
    return known[np.linspace(0, len(known) - 1, min(len(known), 5)).astype(int)] if len(known) else known
