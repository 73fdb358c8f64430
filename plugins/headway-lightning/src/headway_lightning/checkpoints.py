"""What the next attempt resumes from: private files of the stage's work folder, deleted with it."""

from __future__ import annotations

import os
import pickle
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint as Last

from headway_lightning.callbacks import Clock, Trained

LAST = "last.ckpt"
MIDDLE = "middle.ckpt"
ARGUMENTS = ("hyper_parameters", "hparams_name", "hparams_type")
"""What `save_hyperparameters` adds: arguments that the stage gives again, and of types that are not read back."""


class Unreadable(Exception):  # noqa: N818 - handled, never shown
    """A checkpoint of an earlier attempt cannot be used."""


def _write(path: Path, save: Callable[[Path], None]) -> None:
    """Beside the place, synced, renamed."""
    beside = path.with_suffix(".tmp")
    save(beside)
    with beside.open("rb") as stream:
        os.fsync(stream.fileno())
    beside.replace(path)


class Checkpoint(Last):
    """Writes the end of each epoch by Lightning, and where an epoch has got to by itself.

    Lightning calls it after all other callbacks and after the module, whatever they do at the end of an epoch. Of the
    middle of an epoch only weights, optimizer, losses and the place are needed, between two steps of the optimizer: the
    order of rows, dropout and augmentation are drawn from the epoch and the place.

    Args:
        folder: Where the files are.
        trained: What is being trained.
        every: Seconds between two checkpoints within an epoch; None for none.
        accumulate: Batches a step.
        clock: Whose time counts on.
        doubt: Told, once, why the first checkpoint cannot be read back; None where an author's module adds nothing.
        writes: Whether this process is the one that does.
    """

    def __init__(
        self,
        folder: Path,
        trained: Trained,
        every: float | None,
        accumulate: int,
        clock: Clock,
        doubt: Callable[[str], None] | None,
        *,
        writes: bool = True,
    ) -> None:
        self._trained = trained
        self._accumulate = accumulate
        self._clock = clock
        self._doubt = doubt
        self.last = folder / LAST
        self.middle = folder / MIDDLE
        self._every = every
        self._writes = writes
        self._looked = False
        self._written = time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, module: Any) -> None:
        """Goes to where an earlier attempt got to in this epoch."""
        self._written = time.monotonic()
        looked, self._looked = self._looked, True
        if looked or not self.middle.exists():
            return
        try:
            # Private to this work folder, and tensors and plain values only.
            state = torch.load(self.middle, map_location=module.device, weights_only=True)
        except Exception as error:
            raise Unreadable(type(error).__name__) from error
        if state["epoch"] == trainer.current_epoch:
            trained = self._trained
            trained.network.load_state_dict(state["network"])
            trainer.optimizers[0].load_state_dict(state["optimizer"])
            trained.block, trained.losses, trained.over = state["block"], list(state["losses"]), state["over"]
            self._clock.begin(state["spent"])

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        """Writes the middle of the epoch, if it is time and no gradients wait for a step."""
        waits = self._every is None or time.monotonic() - self._written < self._every
        waits = waits or len(self._trained.losses) % self._accumulate > 0
        if waits or not self._writes or self._trained.block >= trainer.num_training_batches:
            return
        state = {
            "epoch": trainer.current_epoch,
            "block": self._trained.block,
            "over": self._trained.over,
            "spent": self._clock.spent,
            "losses": torch.stack(self._trained.losses),
            "network": self._trained.network.state_dict(),
            "optimizer": trainer.optimizers[0].state_dict(),
        }
        _write(self.middle, lambda path: torch.save(state, path))
        self._written = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        """Writes the end of the epoch; the middle of it is of no more use."""
        if not self._writes:
            trainer.save_checkpoint(self.last)  # which waits until the first process has written
            return
        _write(self.last, trainer.save_checkpoint)
        self.middle.unlink(missing_ok=True)
        doubt, self._doubt = self._doubt, None
        if doubt is not None and (why := _unreadable(self.last)):
            doubt(why)

    def on_save_checkpoint(self, trainer: pl.Trainer, module: Any, checkpoint: dict[str, Any]) -> None:
        """Leaves out the arguments of the module."""
        for name in ARGUMENTS:
            checkpoint.pop(name, None)


def _unreadable(path: Path) -> str:
    """Why a checkpoint cannot be read, in a few words; empty if it can."""
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL (\S+)", str(error))
        return f"it holds a {found[1]}" if found else "it holds more than tensors and plain values"
    return ""


def discard(folder: Path) -> None:
    """Removes checkpoints that cannot be read."""
    for name in (LAST, MIDDLE):
        (folder / name).unlink(missing_ok=True)
