"""Rows to splits in the order of time: train before validation before test, equal times never divided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
import polars as pl

from headway_tabular.splits.passes import BATCH
from headway_tabular.splits.ranks import Ranking
from headway_tabular.splits.split import Moment, Split
from headway_tabular.splits.time_column import TimeColumn

LEFT_OUT = 255


@dataclass(frozen=True)
class Cut:
    """A moment that divides the rows: those before it, and those at it or after it.

    Attributes:
        at: The moment, in the column's unit; infinite if all rows come before.
        below: How many rows come before.
    """

    at: int | float
    below: int


@dataclass(frozen=True)
class Periods:
    """Which times are in which split; ends are exclusive, all in the column's unit."""

    train: tuple[int | float, int | float]
    validation: tuple[int | float, int | float]
    test: tuple[int | float, int | float]

    def codes(self, values: np.ndarray) -> np.ndarray:
        """The codes of rows with these times, uint8."""
        codes = np.full(len(values), LEFT_OUT, dtype=np.uint8)
        for code, (start, end) in enumerate((self.train, self.validation, self.test)):
            codes[(values >= start) & (values < end)] = code
        return codes


def by_time(frame: pl.LazyFrame, split: Split, time: str, batch: int = BATCH) -> Iterator[np.ndarray]:
    """The codes of the rows in order, some at a time; 255 for rows in a gap or beyond a fold.

    Args:
        frame: The rows, in any order.
        split: The fractions or moments, the gap, the folds and the window.
        time: The column of the times.
        batch: Rows at a time; they do not change the answer.

    Raises:
        DataError: The column holds no times, lacks some, or the config's moments and durations do not fit it.
    """
    times = TimeColumn.of(frame, time, batch)
    periods = _periods(_Cutter(times), split)
    for values in times.values():
        yield periods.codes(values)


def _periods(cutter: _Cutter, split: Split) -> Periods:
    if split.keep_test:
        return _before_the_test(cutter, split)
    validation, test, end = _rolling(cutter, split) if split.folds is not None else _once(cutter, split)
    span = cutter.times.span
    gap = span(split.gap)
    stop = (validation if validation.below < test.below else test).at - gap
    begin = -inf if split.window is None else stop - span(split.window)
    return Periods((begin, stop), (validation.at, test.at - gap), (test.at, end.at))


def _once(cutter: _Cutter, split: Split) -> tuple[Cut, Cut, Cut]:
    """Where validation and test begin and end: at moments, or where the fractions of the rows say."""
    end = cutter.end
    if split.validation_from is not None and split.test_from is None:
        validation = cutter.moment(split.validation_from)
        share = split.validation / (split.validation + split.test)
        return validation, cutter.share(validation.below, end, share), end
    test = cutter.share(0, end, 1 - split.test) if split.test_from is None else cutter.moment(split.test_from)
    if split.validation_from is not None:
        return cutter.moment(split.validation_from), test, end
    return cutter.before(test, split), test, end


def _rolling(cutter: _Cutter, split: Split) -> tuple[Cut, Cut, Cut]:
    """The rows are cut into folds + 1 blocks of like size; fold i tests block i + 1 and learns from what is before."""
    blocks, fold = (split.folds or 1) + 1, split.fold or 0
    end = cutter.end
    test, after = (cutter.share(0, end, (fold + extra) / blocks) for extra in (1, 2))
    return cutter.before(test, split), test, after


def _before_the_test(cutter: _Cutter, split: Split) -> Periods:
    """The rows before the test are cut into folds + 1 blocks; fold i validates by block i + 1, as `_rolling` tests."""
    blocks, fold = (split.folds or 1) + 1, split.fold or 0
    span, end = cutter.times.span, cutter.end
    gap = span(split.gap)
    test = cutter.share(0, end, 1 - split.test) if split.test_from is None else cutter.moment(split.test_from)
    validation, after = (cutter.share(0, test, (fold + extra) / blocks) for extra in (1, 2))
    stop = validation.at - gap
    begin = -inf if split.window is None else stop - span(split.window)
    return Periods((begin, stop), (validation.at, min(after.at, test.at - gap)), (test.at, end.at))


class _Cutter:
    """Finds the cuts of a column of times; each costs some passes over it."""

    def __init__(self, times: TimeColumn) -> None:
        self.times = times
        self.ranking = Ranking(times.values)

    @property
    def end(self) -> Cut:
        """The cut after all rows."""
        return Cut(inf, self.ranking.count)

    def before(self, test: Cut, split: Split) -> Cut:
        """Where validation begins among the rows before the test."""
        return self.share(0, test, split.train / (split.train + split.validation))

    def share(self, start: int, end: Cut, share: float) -> Cut:
        """The cut that leaves this share of the rows from number `start` to `end` before it, as near as times allow."""
        wanted = start + round(share * (end.below - start))
        if wanted >= end.below:
            return end
        found = self.ranking[wanted]
        upper = found.below + found.equal
        if wanted - found.below <= upper - wanted:
            return Cut(found.value, found.below)
        return end if upper >= end.below else Cut(self.ranking.next(found.value), upper)

    def moment(self, given: Moment) -> Cut:
        """The cut at a moment of the config."""
        at = self.times.moment(given)
        return Cut(at, self.ranking.below(at))
