"""Order statistics of more rows than fit into memory, exact, by passes that count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

BUCKETS = 1 << 16
FEW = 1 << 17
"""So many values are sorted in memory instead of counted once more."""
_SIGN = np.uint64(1 << 63)

Values = Callable[[], Iterable[np.ndarray]]
"""A pass over the values: int64 or float64 arrays without NaN, some at a time."""


@dataclass(frozen=True)
class Ranked:
    """The value at a rank.

    Attributes:
        value: The value: of the type of the values.
        below: How many values are less.
        equal: How many are the same.
    """

    value: int | float
    below: int
    equal: int


@dataclass(frozen=True)
class Ranking:
    """All values, sorted, without sorting them.

    Every pass counts the values in 65,536 equal intervals of where the answer lies and goes on in one of them,
    so a few passes find it, whatever the distribution, in constant memory.

    Attributes:
        values: Gives the values anew at every call.
    """

    values: Values

    @property
    def count(self) -> int:
        """How many values there are."""
        return self._extent.count

    def __getitem__(self, rank: int) -> Ranked:
        """The value that has `rank` values before it, from 0."""
        low, high, below = self._extent.low, self._extent.high, 0
        while True:
            shift = max((high - low).bit_length() - 16, 0)
            counts = self._counts(low, high, shift)
            ends = below + np.cumsum(counts)
            bucket = int(np.searchsorted(ends, rank, side="right"))
            inside = int(counts[bucket])
            below = int(ends[bucket]) - inside
            low, high = low + (bucket << shift), min(low + ((bucket + 1) << shift) - 1, high)
            if shift == 0:
                return Ranked(self._value(low), below, inside)
            if inside <= FEW:
                return self._among_few(low, high, rank - below, below)

    def next(self, value: float) -> int | float:
        """The least value above one that is not the greatest."""
        return min(part[above].min().item() for part in self.values() if (above := part > value).any())

    def below(self, value: float) -> int:
        """How many values are less."""
        return sum(int((part < value).sum()) for part in self.values())

    def _counts(self, low: int, high: int, shift: int) -> np.ndarray:
        counts = np.zeros(BUCKETS, dtype=np.int64)
        for keys in self._within(low, high):
            buckets = ((keys - np.uint64(low)) >> np.uint64(shift)).astype(np.int64)
            counts += np.bincount(buckets, minlength=BUCKETS)
        return counts

    def _among_few(self, low: int, high: int, rank: int, below: int) -> Ranked:
        keys, counts = np.unique(np.concatenate([*self._within(low, high)]), return_counts=True)
        place = int(np.searchsorted(np.cumsum(counts), rank, side="right"))
        return Ranked(self._value(int(keys[place])), below + int(counts[:place].sum()), int(counts[place]))

    def _within(self, low: int, high: int) -> Iterator[np.ndarray]:
        for part in self.values():
            keys = _keys(part)
            yield keys[(keys >= np.uint64(low)) & (keys <= np.uint64(high))]

    def _value(self, key: int) -> int | float:
        return _value(np.array([key], dtype=np.uint64), self._extent.kind)

    @cached_property
    def _extent(self) -> _Extent:
        kind, low, high, count = np.dtype(np.int64), (1 << 64) - 1, 0, 0
        for part in self.values():
            if len(part):
                keys = _keys(part)
                kind, low, high = part.dtype, min(low, int(keys.min())), max(high, int(keys.max()))
                count += len(part)
        return _Extent(kind, low, high, count)


@dataclass(frozen=True)
class _Extent:
    kind: np.dtype
    low: int
    high: int
    count: int


def _keys(values: np.ndarray) -> np.ndarray:
    """Unsigned integers in the order of the values."""
    if values.dtype == np.int64:
        return values.view(np.uint64) ^ _SIGN
    bits = (values + 0.0).view(np.int64)  # so that -0.0 and 0.0 are one value
    return np.where(bits < 0, ~bits, bits ^ np.int64(-(1 << 63))).view(np.uint64)


def _value(keys: np.ndarray, kind: np.dtype) -> int | float:
    if kind == np.int64:
        return int((keys ^ _SIGN).view(np.int64)[0])
    bits = keys.view(np.int64)
    return float(np.where(bits < 0, bits ^ np.int64(-(1 << 63)), ~bits).view(np.float64)[0])
