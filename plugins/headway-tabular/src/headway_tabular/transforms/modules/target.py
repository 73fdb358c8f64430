"""Sums of the target by code and fold, from which the means without any one fold follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from headway_tabular.transforms.base import Fit


@dataclass(frozen=True)
class Sums:
    """Sums over training rows; the target (or each class, as 0 and 1) less its mean, so that squares cancel little.

    Attributes:
        centre: That mean; shape (targets,).
        counts: For each column, rows by fold and code; shape (folds, codes).
        first: For each column, sums of the centred targets; shape (folds, codes, targets).
        second: For each column, sums of their squares; the same shape.
    """

    centre: np.ndarray
    counts: tuple[np.ndarray, ...]
    first: tuple[np.ndarray, ...]
    second: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, fit: Fit) -> Self:
        """One pass over the rows for each column and target."""
        targets = _targets(fit)
        centre = np.array([target.mean() for target in targets])
        folds = int(fit.fold.max()) + 1
        counts, first, second = [], [], []
        for column, size in zip(fit.values.T, fit.block.cardinalities, strict=True):
            cell, shape = fit.fold * size + column, (folds, size)
            counts.append(np.bincount(cell, minlength=folds * size).reshape(shape))
            parts = [(target - mean) for target, mean in zip(targets, centre, strict=True)]
            first.append(np.stack([_summed(cell, part, shape) for part in parts], axis=-1))
            second.append(np.stack([_summed(cell, part * part, shape) for part in parts], axis=-1))
        return cls(centre, tuple(counts), tuple(first), tuple(second))

    @property
    def folds(self) -> int:
        """One more than the number of the last fold that has rows."""
        return len(self.counts[0])

    @property
    def alone(self) -> bool:
        """Whether some fold has all rows, so that the others say nothing of them."""
        return bool((self.counts[0].sum(axis=1) > 0).sum() < 2)

    def means(self, smooth: float | None, leave_out: int | None = None) -> list[np.ndarray]:
        """For each column the smoothed means; shape (codes, targets).

        Args:
            smooth: How many rows the mean of all counts for; None to estimate it.
            leave_out: A fold whose rows are not used, neither for the mean of all.
        """
        kept = [fold for fold in range(self.folds) if fold != leave_out]
        return [
            self.centre + _smoothed(n[kept].sum(axis=0)[:, None], s[kept].sum(axis=0), q[kept].sum(axis=0), smooth)
            for n, s, q in zip(self.counts, self.first, self.second, strict=True)
        ]


def _targets(fit: Fit) -> list[np.ndarray]:
    if fit.classes is None:
        return list(np.atleast_2d(fit.target.T))
    wanted = [1] if fit.classes == 2 else range(fit.classes)
    return [(fit.target == index).astype(np.float64) for index in wanted]


def _summed(cell: np.ndarray, weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.bincount(cell, weights=weights, minlength=shape[0] * shape[1]).reshape(shape)


def _smoothed(count: np.ndarray, first: np.ndarray, second: np.ndarray, smooth: float | None) -> np.ndarray:
    """Means by code drawn to that of all; the last code has that of all."""
    rows = count.sum()
    prior = first.sum(axis=0) / rows
    mean = np.divide(first, count, out=np.zeros_like(first), where=count > 0)
    if smooth is None:
        variance = second.sum(axis=0) / rows - prior * prior
        within = np.maximum(second - first * mean, 0.0)
        evidence = variance * count * count
        weight = np.divide(evidence, evidence + within, out=np.zeros_like(first), where=evidence > 0)
    else:
        weight = np.divide(count, count + smooth, out=np.zeros_like(first), where=count > 0)
    means = prior + weight * (mean - prior)
    means[-1] = prior
    return means
