"""How well one column alone predicts the target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

FOLDS = 5
BINS = 1024
PER_BIN = 10
"""Numbers of more different values are cut into bins, at most `BINS`, of at least this many rows."""
LEAST_ROWS = 50
LEAST_OF_CLASS = 10
"""Fewer rows than these can look perfect by chance; nothing is said of them."""


@dataclass(frozen=True)
class Truth:
    """The target of the rows.

    Attributes:
        values: Shape (rows,): class codes (int64) or numbers (float64).
        classes: How many classes there are; None for numbers.
        fold: Shape (rows,), int64 from 0 to `FOLDS` - 1: a row's value is predicted from the other folds.
    """

    values: np.ndarray
    classes: int | None
    fold: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, classes: int | None) -> Truth:
        """The target with folds drawn by a fixed seed."""
        fold = np.random.Generator(np.random.PCG64(0)).integers(0, FOLDS, len(values))
        return cls(values, classes, fold)

    @property
    def is_enough(self) -> bool:
        """Whether anything could be said with confidence."""
        if len(self.values) < LEAST_ROWS:
            return False
        if self.classes is None:
            return bool(np.ptp(self.values) > 0)
        counts = np.bincount(self.values, minlength=self.classes)
        return bool(len(self.values) - counts.max() >= LEAST_OF_CLASS)


@dataclass(frozen=True)
class Strength:
    """How well a column predicts.

    Attributes:
        metric: AUROC for two classes, accuracy for more, R² for numbers.
        value: The metric.
        is_perfect: Whether it is almost perfect: AUROC or R² of at least .995; of more classes, at least 98 % of
            the rows that the most frequent class gets wrong are right.
    """

    metric: str
    value: float
    is_perfect: bool


def strength(column: pl.Series, truth: Truth) -> Strength:
    """How well the column alone predicts the target.

    A value predicts the mean target of the rows of other folds that share it (numbers: that share its bin), so
    that a column of identifiers predicts nothing. Numbers also count by their order alone.

    Args:
        column: Shape (rows,): numbers, booleans, times or texts, with missing values as a value of their own.
        truth: The target.
    """
    numbers = None if column.dtype == pl.String else _numbers(column)
    codes = _codes(column, numbers)
    if truth.classes is None:
        value = max(_out_of_fold_r2(codes, truth), 0.0 if numbers is None else _by_order(numbers, truth.values))
        return Strength("R²", value, value >= 0.995)
    if truth.classes == 2:
        positive = truth.values == 1
        value = auroc(_out_of_fold_means(codes, truth, positive.astype(float)), positive)
        value = max(value, 0.0 if numbers is None else _auroc_of_numbers(numbers, positive))
        return Strength("AUROC", value, value >= 0.995)
    accuracy = _out_of_fold_accuracy(codes, truth)
    wrong = 1 - np.bincount(truth.values).max() / len(codes)
    return Strength("accuracy", accuracy, 1 - accuracy <= 0.02 * wrong)


def _numbers(column: pl.Series) -> np.ndarray:
    if column.dtype.is_temporal():
        column = column.cast(pl.Int64)
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _codes(column: pl.Series, numbers: np.ndarray | None) -> np.ndarray:
    """What the column says of each row, from 0: its category, its number or the bin of its number."""
    if numbers is None:
        return column.fill_null("").rank("dense").to_numpy().astype(np.int64) - 1
    values, codes = np.unique(numbers, return_inverse=True)  # NaN is one value, and the last
    if len(values) <= min(BINS, len(numbers) // PER_BIN):
        return codes.astype(np.int64)
    present = ~np.isnan(numbers)
    bins = max(2, min(BINS, int(present.sum()) // PER_BIN))
    places = codes[present] / len(values)  # ranks of distinct values: no infinite number, no overflow
    edges = np.unique(np.quantile(places, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.where(present, np.searchsorted(edges, codes / len(values), side="right"), len(edges) + 1)


def _out_of_fold_means(codes: np.ndarray, truth: Truth, target: np.ndarray) -> np.ndarray:
    """For each row, the mean target of rows with its code in other folds; where there is none, of all rows there."""
    size = int(codes.max()) + 1
    cell = truth.fold * size + codes
    sums = np.bincount(cell, weights=target, minlength=FOLDS * size).reshape(FOLDS, size)
    counts = np.bincount(cell, minlength=FOLDS * size).reshape(FOLDS, size)
    others_sum, others = sums.sum(0) - sums, counts.sum(0) - counts
    overall = others_sum.sum(1, keepdims=True) / np.maximum(others.sum(1, keepdims=True), 1)
    means = np.where(others > 0, others_sum / np.maximum(others, 1), overall)
    return np.asarray(means[truth.fold, codes])


def _out_of_fold_r2(codes: np.ndarray, truth: Truth) -> float:
    left = truth.values - _out_of_fold_means(codes, truth, truth.values)
    return 1 - float(left @ left) / float(np.sum((truth.values - truth.values.mean()) ** 2))


def _out_of_fold_accuracy(codes: np.ndarray, truth: Truth) -> float:
    best, chosen = np.full(len(codes), -np.inf), np.zeros(len(codes), np.int64)
    for name in range(truth.classes or 0):
        share = _out_of_fold_means(codes, truth, (truth.values == name).astype(float))
        chosen = np.where(share > best, name, chosen)
        best = np.maximum(share, best)
    return float(np.mean(chosen == truth.values))


def _by_order(numbers: np.ndarray, target: np.ndarray) -> float:
    """The greater of the squared correlations of values (Pearson) and of ranks (Spearman)."""
    known = np.isfinite(numbers)
    if known.sum() < LEAST_ROWS:
        return 0.0
    scaled = numbers / (np.abs(numbers[known]).max() or 1.0)  # huge numbers must not overflow when squared
    filled = np.where(known, scaled, np.median(scaled[known]))
    return max(_correlation(filled, target), _correlation(_ranks(filled), _ranks(target))) ** 2


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b / (np.abs(b).max() or 1.0)
    b = b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return abs(float(a @ b)) / norm if norm > 0 else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, their mean for equal values."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """The area under the ROC curve (Mann and Whitney's U over the number of pairs)."""
    many = int(positive.sum())
    pairs = many * (len(positive) - many)
    return float((_ranks(score)[positive].sum() - many * (many + 1) / 2) / pairs) if pairs else 0.5


def _auroc_of_numbers(numbers: np.ndarray, positive: np.ndarray) -> float:
    """The greatest AUROC of the numbers or their negatives, with missing ones below or above all others."""
    missing = np.isnan(numbers)
    known = auroc(numbers[~missing], positive[~missing])
    here, lost = (
        (np.sum(positive & ~missing), np.sum(~positive & ~missing)),
        (
            np.sum(positive & missing),
            np.sum(~positive & missing),
        ),
    )
    pairs = (here[0] + lost[0]) * (here[1] + lost[1])
    ties = 0.5 * lost[0] * lost[1]
    ends = (here[0] * lost[1], lost[0] * here[1])
    return float(max((here[0] * here[1] * area + ties + end) / pairs for area in (known, 1 - known) for end in ends))
