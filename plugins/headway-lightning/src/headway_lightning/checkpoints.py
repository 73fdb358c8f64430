"""What the next attempt resumes from: private files of the stage's work folder, deleted with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback

from headway_lightning.callbacks import Trained

LAST = "last.ckpt"
MIDDLE = "middle.ckpt"


class Unreadable(Exception):  # noqa: N818 - handled, never shown
    """A checkpoint of an earlier attempt cannot be used."""


def _write(path: Path, save: Callable[[Path], None]) -> None:
    """Beside the place, synced, renamed."""
    beside = path.with_suffix(".tmp")
    save(beside)
    with beside.open("rb") as stream:
        os.fsync(stream.fileno())
    beside.replace(path)


class Checkpoint(Callback):
    """Writes the end of each epoch by Lightning, and where an epoch has got to by itself; the last of the callbacks.

    Of the middle of an epoch only weights, optimizer, losses and the place are needed: the order of rows, dropout
    and augmentation are drawn from the epoch and the place.

    Args:
        folder: Where the files are.
        trained: What is being trained.
        every: Seconds between two checkpoints within an epoch; None for none.
        writes: Whether this process is the one that does.
    """

    def __init__(self, folder: Path, trained: Trained, every: float | None, *, writes: bool = True) -> None:
        self._trained = trained
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

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        """Writes the middle of the epoch, if it is time."""
        waits = self._every is None or time.monotonic() - self._written < self._every
        if waits or not self._writes or self._trained.block >= trainer.num_training_batches:
            return
        state = {
            "epoch": trainer.current_epoch,
            "block": self._trained.block,
            "over": self._trained.over,
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


def discard(folder: Path) -> None:
    """Removes checkpoints that cannot be read."""
    for name in (LAST, MIDDLE):
        (folder / name).unlink(missing_ok=True)
