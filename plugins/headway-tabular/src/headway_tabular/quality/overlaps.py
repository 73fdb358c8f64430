"""What splits have in common and should not: rows, groups, times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
    met, agreed = train.group_by(FEATURES).len("met"), train.group_by(WHOLE).len("agreed")
    found = []
    for name, frame in data.others.items():
        rows = _hashed(frame, features, target, step).collect(engine="streaming")
        twin = (
            rows.join(met, on=FEATURES).join(agreed, on=WHOLE, how="left").with_columns(pl.col("agreed").fill_null(0))
        )
        agreement = (twin["agreed"] / twin["met"]).mean() if twin.height else 0.0
        same = int((twin["agreed"] > 0).sum())
        found.append(Twins(name, rows.height, twin.height, same, float(agreement), met.height / train.height, step))  # type: ignore[arg-type]
    return found


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
