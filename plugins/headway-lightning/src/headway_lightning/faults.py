"""What goes wrong in training, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from headway.errors import DataError

from headway_lightning.loading import Batch

LARGE = 1e4
"""Standardised features stay far below."""


def check_losses(learner: Any, losses: Sequence[torch.Tensor], block: Sequence[Batch], names: Any) -> None:
    """Raises `DataError` naming the first batch whose loss is no number; looks at the device once a block."""
    finite = torch.isfinite(torch.stack(tuple(losses))) if losses else torch.ones(1, dtype=torch.bool)
    if bool(finite.all()):
        return
    place = int(torch.nonzero(~finite)[0, 0])
    number = len(learner.losses) - len(losses) + place
    why = suspect(block[place], names)
    raise diverged(learner.current_epoch, f"the loss of batch {number + 1} is no longer a number{why}")


def diverged(epoch: int, what: str) -> DataError:
    """The error for a loss that is no number."""
    return DataError(
        f"training diverged in epoch {epoch + 1}: {what}",
        hint="lower model.learning_rate, or set model.trainer.gradient_clip=1; the last good checkpoint is kept",
        code="diverged",
    )


def suspect(batch: Batch, names: Sequence[Sequence[str]]) -> str:
    """What of a batch may be the cause: a feature, the target or a weight that is no number, or very large."""
    *arrays, target, _ = batch
    for array, columns in zip(arrays, names, strict=True):
        if not array.is_floating_point():
            continue
        largest = torch.nan_to_num(array.flatten(1).abs(), nan=torch.inf).max(dim=0).values
        worst = int(largest.argmax())
        if float(largest[worst]) > LARGE:
            name = columns[worst] if worst < len(columns) else str(worst)
            return f"; its feature '{name}' reaches {float(array.flatten(1)[:, worst].abs().max()):.4g}"
    if target.is_floating_point() and not bool(torch.isfinite(target).all()):
        return "; its target is not finite"
    return "; its features are finite and not large, so the weights of the network have grown too large"


def out_of_memory(batch_size: int, accumulate: int, error: BaseException) -> DataError | None:
    """The error for too little memory, on a GPU or here; None if it is something else."""
    told = str(error) or type(error).__name__
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in told:
        return None
    smaller = f"try model.batch_size={batch_size // 2} with model.trainer.accumulate={2 * accumulate}: the same steps"
    return DataError(
        f"there is not enough memory for batches of {batch_size} rows ({told.splitlines()[0][:120]})",
        hint=smaller if batch_size > 1 else "make the network smaller",
        code="out-of-memory",
    )
