"""Which rows: a fixed pseudo-random choice by row id, and folds for statistics of the target."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl
from headway.contracts import ROW, Schema

FOLDS = 5
"""Statistics of the target that a training row gets were learnt without a fifth of the rows, its own among them."""

_STEP = 0x9E3779B97F4A7C15
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST = 31


def mixed(values: np.ndarray) -> np.ndarray:
    """Evenly spread uint64 of int64 of the same shape: the finaliser of SplitMix64 (Steele et al., 2014)."""
    bits = values.astype(np.int64).view(np.uint64) + np.uint64(_STEP)
    for shift, factor in _ROUNDS:
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(bits ^ (bits >> np.uint64(_LAST)))


def mixed_expression(column: str) -> pl.Expr:
    """The same as `mixed`, for a column of integers from 0, as an expression."""
    bits = pl.col(column).cast(pl.UInt64) + pl.lit(_STEP, pl.UInt64)
    for shift, factor in _ROUNDS:
        bits = (bits ^ (bits // pl.lit(2**shift, pl.UInt64))) * pl.lit(factor, pl.UInt64)
    return bits ^ (bits // pl.lit(2**_LAST, pl.UInt64))


def draw(frame: pl.LazyFrame, rows: int, limit: int) -> pl.LazyFrame:
    """About `limit` of the rows, and never more by more than chance allows: those whose `mixed` row id is small."""
    if rows <= limit:
        return frame
    return frame.filter(mixed_expression(ROW) < pl.lit(int(limit / rows * 2.0**64), pl.UInt64))


def smallest(frame: pl.DataFrame, limit: int) -> pl.DataFrame:
    """At most `limit` rows, in their order: those with the smallest `mixed` row ids."""
    if frame.height <= limit:
        return frame
    order = np.argsort(mixed(frame[ROW].to_numpy()), kind="stable")[:limit]
    return frame[np.sort(order)]


def folds(frame: pl.DataFrame, schema: Schema) -> np.ndarray:
    """The fold of each row, int64 of shape (rows,): by its id, or by its group, so that no group is in two."""
    values = frame[ROW] if schema.group is None else frame[schema.group]
    numbers = _whole(values) if values.dtype.is_integer() else _digests(values)
    # A second round, so that folds are independent of `draw`.
    return (mixed(mixed(numbers).view(np.int64)) % np.uint64(FOLDS)).astype(np.int64)


def _whole(values: pl.Series) -> np.ndarray:
    return values.cast(pl.Int64, strict=False).fill_null(-(2**63)).to_numpy()


def _digests(values: pl.Series) -> np.ndarray:
    """A number for each value, the same for equal ones in whatever batch."""
    words = values.cast(pl.String).fill_null("")
    table = {word: _digest(word) for word in words.unique()}
    return np.fromiter((table[word] for word in words), np.int64, len(words))


def _digest(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big", signed=True)
