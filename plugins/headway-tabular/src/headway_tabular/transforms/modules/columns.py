"""Statistics of one column at a time, so that no copy of the whole training block is made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from headway_tabular.transforms.base import Kind

DTYPES = {"number": np.float64, "code": np.int64, "time": np.int64}
"""What a block of a kind holds."""

_LARGEST = float(np.finfo(np.float64).max)
_WHOLE = 1e15
_SAMPLE = 4_096
"""Values that are looked at first, because all of them would have to be sorted."""
_SAFE = 2.0**400
"""Squares and sums of values within this of 1 neither overflow nor vanish."""


def empty(rows: int, columns: int, kind: Kind) -> np.ndarray:
    """A block of (rows, columns) to be filled; each column lies together, as statistics read it."""
    return np.empty((rows, columns), DTYPES[kind], order="F")


def known(values: np.ndarray) -> Iterator[np.ndarray]:
    """The finite values of each column of (rows, columns): copies, which the caller may reorder."""
    for column in values.T:
        finite = np.isfinite(column)
        yield column.copy() if finite.all() else column[finite]


def mean(column: np.ndarray) -> float:
    """The mean of finite values, however large; of a constant column its very value."""
    if column.min() == column.max():
        return float(column[0])
    unit = _unit(column)
    return float((column * unit).mean() / unit)


def median(column: np.ndarray) -> float:
    """The middle of finite values, or the mean of the two in the middle."""
    # Four times as fast as numpy's partition.
    values = pl.Series(column)
    low, high = (values.quantile(0.5, side) for side in ("lower", "higher"))
    return low if low == high else low / 2 + high / 2  # half of the smallest number is 0


def standard(column: np.ndarray) -> tuple[float, float]:
    """Mean and population standard deviation of finite values; 1 for a constant column."""
    if column.min() == column.max():
        return float(column[0]), 1.0
    unit = _unit(column)
    scaled = column * unit
    return float(scaled.mean() / unit), _positive(scaled.std() / unit)


def robust(column: np.ndarray) -> tuple[float, float]:
    """Median and interquartile range; 1 where that is 0. The column is reordered."""
    low, middle, high = quantiles(column, np.array([0.25, 0.5, 0.75]))
    return float(middle), _positive(high - low)


def minmax(column: np.ndarray) -> tuple[float, float]:
    """Minimum and range; 1 for a constant column."""
    return float(column.min()), _positive(column.max() - column.min())


def most_frequent(column: np.ndarray) -> float:
    """The smallest of the most frequent values."""
    values, counts = np.unique(column, return_counts=True)
    return float(values[counts.argmax()])


def quantiles(column: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles by linear interpolation, never falling; the column is reordered."""
    unit = _half(column)
    if unit != 1.0:
        column = column * unit
    return np.maximum.accumulate(np.quantile(column, shares, overwrite_input=True) / unit)


def few(column: np.ndarray, most: int) -> np.ndarray | None:
    """The distinct values, ascending, unless there are more than `most`."""
    if len(np.unique(column[:_SAMPLE])) > most:
        return None
    values = np.unique(column)
    return values if len(values) <= most else None


def even(column: np.ndarray, count: int) -> np.ndarray:
    """Evenly spaced numbers from the smallest value to the largest."""
    unit = _half(column)
    return np.linspace(column.min() * unit, column.max() * unit, count) / unit


def numerals(numbers: np.ndarray) -> list[str]:
    """Numbers as texts: whole ones in full, others with as few digits as keep distinct ones distinct."""
    distinct, texts = len(np.unique(numbers)), list[str]()
    for digits in range(4, 18):
        texts = [
            f"{n:.0f}" if n.is_integer() and abs(n) < _WHOLE else f"{n:.{digits}g}" for n in (numbers + 0.0).tolist()
        ]
        if len(set(texts)) == distinct:
            break
    return texts


def _half(column: np.ndarray) -> float:
    """1/2 where differences of values would overflow, else 1, since halving would round the smallest numbers."""
    with np.errstate(over="ignore"):
        return 1.0 if np.isfinite(column.max() - column.min()) else 0.5


def _unit(column: np.ndarray) -> float:
    """A power of two that brings extreme columns near 1; what it rounds to 0 would not count beside the others."""
    largest = float(max(-column.min(), column.max()))
    if largest == 0 or 1 / _SAFE < largest < _SAFE:
        return 1.0
    return float(2.0 ** -np.clip(np.frexp(largest)[1], -1000, 1000))


def _positive(scale: float) -> float:
    return min(float(scale), _LARGEST) or 1.0
