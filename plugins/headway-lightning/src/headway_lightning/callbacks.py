"""What happens at the end of each epoch: best weights, news, limits."""

from __future__ import annotations

import math
import time
from typing import Any

import lightning.pytorch as pl
import torch
from headway import Context
from headway.errors import DataError
from lightning.pytorch.callbacks import Callback, EarlyStopping


class Best(Callback):
    """Remembers the weights of the epoch with the best value of `monitor`, and the history of all.

    Args:
        context: Where epochs are reported.
        monitor: What is compared, such as ``validation.loss``.
        maximize: Whether more is better.
    """

    def __init__(self, context: Context, monitor: str, maximize: bool) -> None:
        self._context = context
        self._monitor = monitor
        self._maximize = maximize
        self.history: list[dict[str, float]] = []
        self.epoch = -1
        self.weights: dict[str, torch.Tensor] = {}

    def on_validation_end(self, trainer: pl.Trainer, module: Any) -> None:
        """Compares, remembers, and reports the epoch."""
        self.history.append(dict(module.latest))
        latest = len(self.history) - 1
        if self._value(latest) > self._value(self.epoch) or self.epoch < 0:
            self.epoch = latest
            self.weights = {name: value.detach().cpu().clone() for name, value in module.network.state_dict().items()}
        self._context.report(len(self.history), module.latest)

    def _value(self, epoch: int) -> float:
        """More is better; raises `DataError` if the metric is not among those of the epoch."""
        values = self.history[epoch]
        if self._monitor not in values:
            known = [name.removeprefix("validation.") for name in values if name != "train.loss"]
            raise DataError(
                f"the validation split has no {self._monitor.removeprefix('validation.')}, which model.monitor names",
                hint=f"it has {', '.join(known)}",
                code="monitor",
            )
        value = values[self._monitor]
        return -math.inf if math.isnan(value) else value if self._maximize else -value

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

    def __init__(self, monitor: str, maximize: bool, patience: int) -> None:
        # A loss that is no number is told by the learner, with a remedy.
        super().__init__(
            monitor,
            patience=patience,
            mode="max" if maximize else "min",
            check_finite=False,
            check_on_train_epoch_end=False,
        )

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        """Stops before a further epoch."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True


class Limits(Callback):
    """Ends training when there are enough steps, or it has taken long enough; the epoch is validated as it is.

    Args:
        seconds: Wall time over all attempts; None for any.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._spent = 0.0
        self._since = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds of this attempt and those before it."""
        return self._spent + time.monotonic() - self._since

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        """Stops before a further epoch if the limit was reached before."""
        self._since = time.monotonic()
        if module.over:
            trainer.should_stop = True

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        """Looks at the clock after each block."""
        if self._seconds is not None and self.spent >= self._seconds:
            module.over = True

    def on_validation_end(self, trainer: pl.Trainer, module: Any) -> None:
        """Stops."""
        if module.over:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"spent": self.spent}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._spent = state["spent"]
