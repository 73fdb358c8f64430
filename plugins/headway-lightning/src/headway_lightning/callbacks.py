"""What happens at the end of each epoch: best weights, news, a checkpoint to resume from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from headway import Context
from lightning.pytorch.callbacks import Callback, EarlyStopping

CHECKPOINT = "last.ckpt"


class Best(Callback):
    """Remembers the weights of the epoch with the lowest validation loss, and the history of all."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.history: list[dict[str, float]] = []
        self.epoch = -1
        self.weights: dict[str, torch.Tensor] = {}

    def on_validation_end(self, trainer: pl.Trainer, module: Any) -> None:
        """Compares, remembers, and reports the epoch."""
        self.history.append(dict(module.latest))
        if self.epoch < 0 or module.latest["validation.loss"] < self.history[self.epoch]["validation.loss"]:
            self.epoch = len(self.history) - 1
            self.weights = {name: value.detach().cpu().clone() for name, value in module.network.state_dict().items()}
        self._context.report(len(self.history), module.latest)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"history": self.history, "epoch": self.epoch, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.history, self.epoch, self.weights = state["history"], state["epoch"], state["weights"]


class Patience(EarlyStopping):
    """Early stopping that a resumed run honours at once, if it had already been reached.

    It looks at the end of validation: at the end of an epoch Lightning calls early stopping after all other
    callbacks, so that the checkpoint would hold the count of the epoch before.
    """

    def __init__(self, patience: int) -> None:
        # A loss that is no number is told by the learner, with a remedy.
        super().__init__(
            "validation.loss", patience=patience, mode="min", check_finite=False, check_on_train_epoch_end=False
        )

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        """Stops before a further epoch."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True


class Checkpoint(Callback):
    """Writes, atomically, what the next attempt resumes from; the last of the callbacks.

    The file is private to the stage's work folder and is deleted with it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / CHECKPOINT

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        """Writes beside the place, syncs, renames."""
        beside = self.path.with_suffix(".tmp")
        trainer.save_checkpoint(beside)
        with beside.open("rb") as stream:
            os.fsync(stream.fileno())
        beside.replace(self.path)
