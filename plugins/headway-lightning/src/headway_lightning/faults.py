"""What goes wrong in training, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from headway.errors import DataError
from torch.nn.modules.batchnorm import _BatchNorm

from headway_lightning.group import ALONE, Group
from headway_lightning.rows import Batch

LARGE = 1e4
"""Standardised features stay far below."""


def check_losses(
    learner: Any, losses: Sequence[torch.Tensor], block: Sequence[Batch], names: Any, group: Group = ALONE
) -> None:
    """Raises `DataError` naming the first batch whose loss is no number; looks at the device once a block."""
    finite = torch.isfinite(torch.stack(tuple(losses))) if losses else torch.ones(1, dtype=torch.bool)
    if bool(finite.all()):
        return
    place = int(torch.nonzero(~finite)[0, 0])
    number = len(learner.losses) - len(losses) + place
    said = group.each(suspect(block[place], names))  # each process has seen its rows alone
    raise no_number(learner.current_epoch, number, next((text for text in said if text), ""))


def no_number(epoch: int, batch: int, why: str) -> DataError:
    """The error for a batch, from 0, whose loss is no number; what `suspect` says of it, if anything."""
    fine = "; its rows are finite and not large: the network's weights are not"
    return diverged(epoch, f"the loss of batch {batch + 1} is no longer a number{why or fine}")


def diverged(epoch: int, what: str) -> DataError:
    """The error for a loss that is no number."""
    return DataError(
        f"training diverged in epoch {epoch + 1}: {what}",
        hint="lower model.learning_rate, or set model.trainer.gradient_clip=1; the last good checkpoint is kept",
        code="diverged",
    )


def suspect(batch: Batch, names: Sequence[Sequence[str]]) -> str:
    """What of a batch may be the cause: a feature that is no number or very large; empty if there is none."""
    for array, columns in zip(batch, names, strict=False):
        if not array.is_floating_point() or not len(array):
            continue
        largest = torch.nan_to_num(array.flatten(1).abs(), nan=torch.inf).max(dim=0).values
        worst = int(largest.argmax())
        if float(largest[worst]) > LARGE:
            name = columns[worst] if worst < len(columns) else str(worst)
            return f"; its feature '{name}' reaches {float(array.flatten(1)[:, worst].abs().max()):.4g}"
    return ""


def check_norms(network: torch.nn.Module, sizes: Sequence[int]) -> None:
    """Raises `DataError` if batch normalisation would see a batch of one row."""
    if 1 in sizes and any(isinstance(module, _BatchNorm) for module in network.modules()):
        what = "the training split has one row" if len(sizes) == 1 else "model.batch_size is 1"
        raise DataError(
            f"{what}, from which batch normalisation cannot learn",
            hint="give more rows a batch, or choose a model without batch normalisation",
            code="one-row",
        )


def told(stage: Any, judging: bool, error: BaseException) -> DataError | None:
    """An error of torch in words that help; None if it is none that is known.

    Args:
        stage: What was being trained.
        judging: Whether the validation split was being predicted.
        error: The error.
    """
    return _out_of_memory(stage, judging, error) or _undetermined(error) or _unused(error)


def _undetermined(error: BaseException) -> DataError | None:
    if "does not have a deterministic implementation" not in str(error):
        return None
    operation = str(error).split()[0]
    return DataError(
        f"{operation} rounds otherwise each time on this device, and model.trainer.deterministic refuses that",
        hint="model.trainer.deterministic=false",
        code="deterministic",
    )


def _unused(error: BaseException) -> DataError | None:
    if "Expected to have finished reduction" not in str(error):
        return None
    return DataError(
        "the network has parameters that its loss does not depend on, which several devices cannot share",
        hint="leave them out of the network, or train with model.trainer.devices=1",
        code="unused-parameters",
    )


def _out_of_memory(stage: Any, judging: bool, error: BaseException) -> DataError | None:
    said = str(error) or type(error).__name__
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in said:
        return None
    rows, size, said = stage.batch_size, "make the network smaller", said.splitlines()[0][:120]
    fewer = f"try model.batch_size={rows // 2} with model.trainer.accumulate={2 * stage.trainer.accumulate}: as many "
    what, hint = f"batches of {rows} rows", f"{fewer}rows a step" if rows > 1 else size
    if judging:
        what, hint = f"validating {stage.chunk} rows at a time", f"{size}, or lower {type(stage).__qualname__}.chunk"
    return DataError(f"there is not enough memory for {what} ({said})", hint=hint, code="out-of-memory")
