"""What splits have in common and should not: rows, groups, times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from headway_tabular.quality.divided import KEYS, Divided, chosen

FEATURES, WHOLE = "__features__", "__whole__"


@dataclass(frozen=True)
class Twins:
    """Rows of a split whose features also occur in training rows.

    Attributes:
        split: The split.
        rows: How many of its rows were compared.
        twins: How many of them have features that a training row has too.
        same: How many of those have the target of such a row too.
        agreement: Of the training rows that a twin meets, the mean share with its target.
        variety: Different rows of features among the training rows, as a share of those rows.
        step: One in so many rows was compared.
    """

    split: str
    rows: int
    twins: int
    same: int
    agreement: float
    variety: float
    step: int


@dataclass(frozen=True)
class Shared:
    """Groups on both sides of two splits.

    Attributes:
        split: The split that is not training.
        groups: How many of its groups were compared.
        shared: How many of them training has too.
        examples: A few of them, sorted.
    """

    split: str
    groups: int
    shared: int
    examples: tuple[object, ...]


def twins(data: Divided, features: Sequence[str], target: str | None) -> list[Twins]:
    """Compares the features of every split with those of the training rows, by 64-bit hashes of rows.

    Of large tables only rows whose hash is chosen are compared, on both sides, so that twins meet.
    """
    step = -(-max(data.rows.values()) // KEYS)
    train = _hashed(data.train, features, target, step).collect(engine="streaming")
    if not train.height:
        return []
    features_seen, whole_seen = (np.unique(train[name].to_numpy(), return_counts=True) for name in (FEATURES, WHOLE))
    variety = len(features_seen[0]) / train.height
    del train
    found = []
    for name, frame in data.others.items():
        rows = _hashed(frame, features, target, step).collect(engine="streaming")
        met, agreed = _occurrences(rows[FEATURES], *features_seen), _occurrences(rows[WHOLE], *whole_seen)
        is_twin = met > 0
        met, agreed = met[is_twin], agreed[is_twin]
        agreement = float((agreed / met).mean()) if len(met) else 0.0
        found.append(Twins(name, rows.height, len(met), int((agreed > 0).sum()), agreement, variety, step))
    return found


def _occurrences(hashes: pl.Series, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """How often each hash occurs among sorted values with counts."""
    wanted = hashes.to_numpy()
    at = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    return np.where(values[at] == wanted, counts[at], 0)


def _hashed(frame: pl.LazyFrame, features: Sequence[str], target: str | None, step: int) -> pl.LazyFrame:
    names = [*features, *([target] if target else [])]
    hashed = frame.select(pl.struct(features).hash(1).alias(FEATURES), pl.struct(names).hash(2).alias(WHOLE))
    return hashed if step == 1 else hashed.filter(pl.col(FEATURES) % step == 0)


def shared_groups(data: Divided, group: str) -> list[Shared]:
    """Groups that are in training rows and in another split."""
    step = -(-int(data.train.select(pl.col(group).approx_n_unique()).collect(engine="streaming").item()) // KEYS)
    train = _groups(data.train, group, step)
    found = []
    for name, frame in data.others.items():
        groups = _groups(frame, group, step)
        both = groups.filter(groups.is_in(train))
        found.append(Shared(name, groups.len(), both.len(), tuple(both.sort().head(3))))
    return found


def _groups(frame: pl.LazyFrame, group: str, step: int) -> pl.Series:
    rows = frame.select(pl.col(group)).drop_nulls()
    if step > 1:
        rows = rows.filter(chosen(pl.col(group).hash(1), step))
    return rows.unique().collect(engine="streaming")[group]


def later(data: Divided, time: str) -> dict[str, tuple[int, datetime]]:
    """For each other split, the training rows later than its first row, and that row's time."""
    found = {}
    for name, frame in data.others.items():
        first = frame.select(pl.col(time).min()).collect(engine="streaming").item()
        if first is not None:
            after = data.train.select((pl.col(time) > first).sum()).collect(engine="streaming").item()
            found[name] = (int(after), first)
    return found
