"""Rows in groups of like size, and what is known of each group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from headway_evaluation.intervals import wilson

GROUPS = 10


def groups(by: np.ndarray, weight: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """At most `GROUPS` groups of like numbers, each with some weight: which rows, and their weights.

    Equal numbers are never divided between groups, so a constant gives one group.

    Args:
        by: Shape (rows,).
        weight: Shape (rows,), or None.
    """
    mass = np.ones(len(by)) if weight is None else weight
    edges = np.unique(np.quantile(by, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    group = np.searchsorted(edges, by, side="left")
    for index in range(len(edges) + 1):
        here = (group == index) & (mass > 0)
        if here.any():
            yield here, mass[here]


def bins(
    stated: np.ndarray, true: np.ndarray, weight: np.ndarray | None, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean stated number, share of rows that are true, and the share's interval, of each group.

    Args:
        stated: Shape (rows,).
        true: Shape (rows,), boolean.
        weight: Shape (rows,), or None.
        level: Confidence level.
    """
    found = []
    for here, mass in groups(stated, weight):
        total = mass.sum()
        share = float(min(1.0, (mass * true[here]).sum() / total))
        effective = total**2 / (mass**2).sum()
        found.append(((mass * stated[here]).sum() / total, share, *wilson(share, effective, level)))
    x, y, low, high = (np.array(column) for column in zip(*found, strict=True))
    return x, y, low, high


def spread(
    by: np.ndarray, values: np.ndarray, weight: np.ndarray | None, shares: Sequence[float]
) -> tuple[np.ndarray, ...]:
    """The mean of `by`, and quantiles of `values`, of each group.

    Args:
        by: Shape (rows,).
        values: Shape (rows,).
        weight: Shape (rows,), or None.
        shares: Which quantiles.

    Returns:
        Arrays of shape (groups,): the mean, and each quantile.
    """
    found = [
        (np.average(by[here], weights=mass), *quantiles(values[here], mass, shares))
        for here, mass in groups(by, weight)
    ]
    return tuple(np.array(column) for column in zip(*found, strict=True))


def quantiles(values: np.ndarray, mass: np.ndarray, shares: Sequence[float]) -> list[float]:
    """Weighted quantiles: of each share, the lowest value that has it at or below.

    Args:
        values: Shape (rows,).
        mass: Shape (rows,), positive.
        shares: Between 0 and 1.
    """
    return [float(q) for q in np.quantile(values, shares, weights=mass, method="inverted_cdf")]
