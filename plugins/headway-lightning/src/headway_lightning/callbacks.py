"""What happens around each epoch: best weights, news, limits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import lightning.pytorch as pl
import torch
from headway import Context
from headway.errors import DataError
from lightning.pytorch.callbacks import Callback

from headway_lightning.group import ALONE, Group


class Trained(Protocol):
    """What is being trained.

    Attributes:
        network: Whose weights are kept.
        latest: Losses and metrics of the last epoch.
        block: The next block of the epoch.
        losses: Of the batches of the epoch so far.
        over: Whether a limit is reached: what is left of the epoch teaches nothing.
        judging: Whether the validation split is being predicted.
        passed: To be called after each batch with the part of the epoch that is done.
    """

    network: Any
    latest: dict[str, float]
    block: int
    losses: list[torch.Tensor]
    over: bool
    judging: bool
    passed: Callable[[float], None]


class Best(Callback):
    """Remembers the weights of the best epoch and the history of all; stops when the best is long ago.

    Args:
        context: Where epochs are reported.
        trained: What is being trained.
        monitor: What is compared, such as ``validation.loss``.
        maximize: Whether more is better.
        patience: Epochs without a better one after which training stops.
    """

    def __init__(self, context: Context, trained: Trained, monitor: str, maximize: bool, patience: int) -> None:
        self._context = context
        self._trained = trained
        self._monitor = monitor
        self._maximize = maximize
        self._patience = patience
        self.begun = False
        self.history: list[dict[str, float]] = []
        self.epoch = -1
        self.weights: dict[str, torch.Tensor] = {}

    def on_fit_start(self, trainer: pl.Trainer, module: Any) -> None:
        """Reports the epochs of an earlier attempt: whoever follows this one has not heard of them."""
        for epoch, values in enumerate(self.history, 1):
            self._context.report(epoch, values)

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        """Stops before a further epoch, if an earlier attempt had come to the end; all that is restored has been."""
        self.begun = True
        self._stop(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        """Compares, remembers, reports the epoch, and stops if it is time."""
        self.history.append(dict(self._trained.latest))
        latest = len(self.history) - 1
        if self._value(latest) > self._value(self.epoch) or self.epoch < 0:
            self.epoch = latest
            weights = self._trained.network.state_dict()
            self.weights = {name: value.detach().cpu().clone() for name, value in weights.items()}
        self._context.report(len(self.history), self.history[-1])
        self._stop(trainer)

    @property
    def left(self) -> int:
        """Epochs after which training stops, unless one of them is better."""
        return self._patience - (len(self.history) - 1 - self.epoch)

    def _stop(self, trainer: pl.Trainer) -> None:
        if self._trained.over or self.left <= 0:
            trainer.should_stop = True

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
        return {"history": self.history, "epoch": self.epoch, "weights": self.weights, "over": self._trained.over}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.history, self.epoch, self.weights = state["history"], state["epoch"], state["weights"]
        self._trained.over = state["over"]


class Advance(Callback):
    """Says how far training is, in epochs and parts of them.

    Args:
        context: Who is told.
        trained: What is being trained.
        best: What stops it early.
        epochs: Epochs at most.
    """

    def __init__(self, context: Context, trained: Trained, best: Best, epochs: float) -> None:
        self._context = context
        self._best = best
        self._epochs = epochs
        self._epoch = 0
        self._note = ""
        trained.passed = self._tell

    def on_train_epoch_start(self, trainer: pl.Trainer, module: Any) -> None:
        """A new epoch; the best one is known anew."""
        self._epoch = trainer.current_epoch
        if self._best.history:
            stops = f", stops in {self._best.left}" if self._epoch + self._best.left < self._epochs else ""
            self._note = f"best epoch {self._best.epoch + 1}{stops}"
        self._tell(0.0)

    def _tell(self, share: float) -> None:
        self._context.progress(self._epoch + share, self._epochs, "epochs", at_most=True, note=self._note)


class Clock(Callback):
    """Counts the time of training, over all attempts.

    Attributes:
        spent: Seconds so far.
    """

    def __init__(self) -> None:
        self.begin(0.0)

    def begin(self, spent: float) -> None:
        """Counts on from so many seconds."""
        self._spent, self._since = spent, time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds of this attempt and those before it."""
        return self._spent + time.monotonic() - self._since

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        """What came before is no training."""
        self.begin(self._spent)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"spent": self.spent}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._spent = state["spent"]


class Deadline(Callback):
    """Ends training when it has taken long enough; the epoch is validated as it is.

    Args:
        trained: What is being trained.
        clock: Whose time it is.
        seconds: Wall time over all attempts.
        group: Whose first process has the clock.
    """

    def __init__(self, trained: Trained, clock: Clock, seconds: float, group: Group = ALONE) -> None:
        self._trained = trained
        self._clock = clock
        self._group = group
        self._seconds = seconds

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        """Looks at the clock after each block."""
        if self._group.told(lambda: self._clock.spent >= self._seconds):
            self._trained.over = True
