"""The rows that are trained on, as tensors."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features
from headway.errors import DataError

if TYPE_CHECKING:
    from headway.contracts import Target

Rows = list[torch.Tensor]
"""The arrays in their order, the target and the weights."""


def tensors(inputs: Sequence[ArraySpec], batch: Mapping[str, np.ndarray]) -> Rows:
    """The arrays of a batch as tensors, in the order of `inputs`."""
    return [torch.from_numpy(np.array(batch[spec.name])) for spec in inputs]


def rows_of(features: Features, split: str) -> Rows:
    """The rows of a split; training rows without weight are left out.

    Raises:
        DataError: There is no such split, it is empty, or weights are no weights.
    """
    source = features.source(split)
    if not len(source):
        raise DataError(f"the split '{split}' has no rows", hint="networks need it: see data.split", code="empty-split")
    batch = source.batch()
    weight = batch.get(WEIGHT)
    weights = np.ones(len(source), np.float32) if weight is None else np.array(weight, np.float32)
    if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() <= 0:
        raise DataError(
            f"weights of the split '{split}' must be finite, none negative and not all zero",
            hint="mend the column named by data.weight",
            code="weight",
        )
    rows = [*tensors(features.arrays, batch), torch.from_numpy(np.array(batch[TARGET])), torch.from_numpy(weights)]
    kept = rows[-1] > 0
    return rows if split != "train" or kept.all() else [tensor[kept] for tensor in rows]


def check_classes(target: Target, codes: torch.Tensor, log: logging.Logger) -> None:
    """Warns of classes that no training row has; raises `DataError` if there is only one that some have."""
    if target.classes is None:
        return
    counts = torch.bincount(codes, minlength=len(target.classes))
    absent = [str(name) for name, count in zip(target.classes, counts, strict=True) if count == 0]
    if len(absent) == len(target.classes) - 1:
        raise DataError(
            f"all training rows are of one class of '{target.column}'",
            hint="stratify the split, or give rows of another class",
            code="one-class",
        )
    if absent:
        log.warning("no training row is of class %s: what is predicted of it means nothing", ", ".join(absent))
