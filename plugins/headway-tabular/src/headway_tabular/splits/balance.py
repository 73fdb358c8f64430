"""Classes of unequal size: weights, or rows drawn anew. For the training split only, once rows are divided."""

from __future__ import annotations

from typing import Literal

import numpy as np
from headway import DataError

from headway_tabular.splits.permutation import permuted

Balance = Literal["none", "weights", "under", "over"]


def balanced(target: np.ndarray, method: Balance, seed: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Makes the classes of the training rows count alike.

    ``weights`` gives each row n / (k · n_c), n rows, k classes, n_c rows of its class: scikit-learn's
    "balanced" (King and Zeng, 2001), with a mean of 1. ``under`` keeps as many rows of every class as the
    smallest has, drawn without replacement. ``over`` repeats rows until every class has as many as the
    largest: each row equally often, and a drawn rest once more.

    Args:
        target: The classes of the training rows, shape (rows,), of any type but floats, which quantities and labels
            are.
        method: What to do.
        seed: Seed of the draw.

    Returns:
        Positions of the rows to train on, sorted, int64, or None for all of them; and weights of shape
        (rows,), float64, or None.

    Raises:
        DataError: The target has no classes: it is a quantity, or several labels.
    """
    if method == "none":
        return None, None
    if np.issubdtype(target.dtype, np.floating):
        raise DataError(
            f"balance '{method}' is for classes, the target is {'a quantity' if target.ndim == 1 else 'labels'}",
            hint="take balance=none, or weigh rows by a column: data.weight",
            code="balance-target",
        )
    _, codes, counts = np.unique(target, return_inverse=True, return_counts=True)
    if method == "weights":
        return None, (len(codes) / (len(counts) * counts.astype(np.float64)))[codes]
    wanted = counts.min(initial=len(codes)) if method == "under" else counts.max(initial=0)
    return np.repeat(np.arange(len(codes)), _repeats(codes, counts, int(wanted), seed)), None


def _repeats(codes: np.ndarray, counts: np.ndarray, wanted: int, seed: int) -> np.ndarray:
    """How often each row is taken, so that every class has `wanted`."""
    repeats = np.empty(len(codes), dtype=np.int64)
    for code, count in enumerate(counts.tolist()):
        drawn = permuted(np.arange(count), count, seed, code) < wanted % count
        repeats[codes == code] = wanted // count + drawn
    return repeats
