"""Rows to try a graph on: real ones, and generated ones that real data have too rarely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headway.contracts import MISSING, NUMBERS, STRINGS, Column, Dataset, Strings, conform, feeds

if TYPE_CHECKING:
    import numpy as np
    from headway.contracts import Feed

    Arrays = dict[str, np.ndarray]
    Feeds = dict[str, Feed]

MIXED = 256
"""Generated rows in which every column is drawn from its special values."""

_UNSEEN = ("never seen before", "", " ", "?", "nan", "\N{SNOWMAN}", "x" * 1000)
_MISSING_TIME = -(2**63)
_TIMES = (_MISSING_TIME, 0, -1, 1, -62_135_596_800_000_000, 253_402_300_799_999_999)  # years 1 and 9999, in µs
_EXACT = 2.0**53


def real_rows(data: Dataset, split: str, columns: Sequence[Column]) -> Feeds:
    """The rows of one split as a graph takes them."""
    return feeds(conform(data.split(split).collect(), columns), columns)


def generated_rows(real: Mapping[str, Feed], columns: Sequence[Column]) -> Arrays:
    """Rows with missing, infinite, extreme, denormal, unseen and borderline values.

    Each special value of each column appears once in an otherwise real row; `MIXED` rows then combine
    special values of all columns at random (the same ones every time). Special values of a number are
    the smallest and largest of the real rows, some others of them, and the floats next to each:
    thresholds that were fitted lie there. Integer columns get whole numbers only, and columns that are
    neither numbers, strings nor times get real values. In a column with a history, a special value first
    fills the whole window, then each of its places is drawn.

    Args:
        real: The rows the graph was fitted on, as feeds; at least one row.
        columns: What the feeds are.

    Returns:
        Feeds of the same names and types.
    """
    import numpy as np

    own = {c.name: real[c.name][:, -1] if c.history else real[c.name] for c in columns}
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


def _specials(real: np.ndarray, column: Column) -> np.ndarray:
    import numpy as np

    if column.kind in STRINGS:
        known = [str(category) for category in column.categories or ()][:16]
        return np.array([MISSING, *_UNSEEN, *known], dtype=object)
    if column.kind == "timestamp":
        given = real[real != _MISSING_TIME]
        edges = [int(edge) + step for edge in (given.min(), given.max()) for step in (-1, 0, 1)] if len(given) else []
        return np.array([*_TIMES, *edges], dtype=np.int64)
    if column.kind == "boolean":
        return np.array([0.0, 1.0, np.nan])
    if column.kind in NUMBERS:
        return _whole(real) if column.kind == "integer" else _borders(real)
    return real[:0]


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
