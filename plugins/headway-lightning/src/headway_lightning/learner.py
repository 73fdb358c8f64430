"""The LightningModule: loss, steps of the optimizer, and validation by the metrics that reports use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch

from headway_lightning.faults import check_losses, diverged
from headway_lightning.fitting import Cancelled, Score
from headway_lightning.group import ALONE, Group
from headway_lightning.loading import seed_of
from headway_lightning.regime import Regime
from headway_lightning.rows import Batch


class Learner(pl.LightningModule):
    """Trains a network on blocks of batches of (arrays …, target, weight).

    A block is one batch to Lightning: what Lightning does around each would cost a small network a third of
    its speed. The steps of the optimizer are therefore taken here, by hand.

    Args:
        regime: What is trained, and how. Its seed, the epoch and the block seed dropout, so that a resumed run draws
            what an undisturbed one would.
        score: The validation metrics.
        cancelled: Set when the run is being stopped.
        group: The processes that train it, each on its part of every batch.

    Attributes:
        network: What is trained.
        latest: Losses and metrics of the last epoch.
        block: The next block of the epoch.
        losses: Of the batches of the epoch so far.
        over: Whether a limit is reached: what is left of the epoch teaches nothing.
        judging: Whether the validation split is being predicted.
        passed: Called after each batch with the part of the epoch that is done.
    """

    def __init__(self, regime: Regime, score: Score, cancelled: threading.Event, group: Group = ALONE) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = regime.network
        self.latest: dict[str, float] = {}
        self.block = 0
        self.losses: list[torch.Tensor] = []
        self.over = False
        self.judging = False
        self.passed: Callable[[float], None] = lambda share: None
        self._regime = regime
        self._score = score
        self._cancelled = cancelled
        self._group = group
        self._validation: list[Batch] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The regime's."""
        return self._regime.optimizer()

    def transfer_batch_to_device(self, batch: list[Batch], device: torch.device, dataloader_idx: int) -> list[Batch]:
        """Nothing to do: blocks are made where they are wanted."""
        return batch

    def training_step(self, block: list[Batch], index: int) -> None:
        """Steps of the optimizer over a block; raises `Cancelled` when the run is being stopped.

        It raises rather than asking Lightning to stop: that would end the epoch early and checkpoint it as a
        whole one. Blocks that an earlier attempt has done come empty.
        """
        if not block or self.over:
            return
        draw = [self._group.rank] if self._group.rank else []
        torch.manual_seed(seed_of(self._regime.seed, self.current_epoch, index, *draw))
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        begun = len(self.losses)
        for batch, mass in zip(block, self._masses(block), strict=True):
            if self._cancelled.is_set():
                raise Cancelled
            self._step(optimizer, batch, mass)
            self.passed(len(self.losses) / len(self._regime.pace.sizes))
            if self.over:
                break
        self.block = index + 1
        self._add(begun)
        check_losses(self, self.losses[begun:], block, self._regime.names, self._group)

    def _masses(self, block: list[Batch]) -> Iterable[torch.Tensor | None]:
        """What the rows of each batch count together, where this process has a part of them only."""
        if self._group.size == 1:
            return [None] * len(block)
        return self._group.add(torch.stack([self._regime.mass(*batch[-2:]) for batch in block])).unbind()

    def _add(self, begun: int) -> None:
        """Puts the losses of whole batches where those of their parts are."""
        if self._group.size > 1 and len(self.losses) > begun:
            self.losses[begun:] = self._group.add(torch.stack(self.losses[begun:])).unbind()

    def _step(self, optimizer: Any, rows: Batch, mass: torch.Tensor | None) -> None:
        """One batch; the step of the optimizer is taken with the last of those whose gradients are averaged.

        The parts of a batch add up to its loss, whereas Lightning takes the mean of their gradients.
        """
        regime, batch = self._regime, len(self.losses)
        *arrays, target, weight = rows
        share = regime.share(batch) * self._group.size
        loss = regime.loss(self.network.scores(*arrays), target, weight, mass)
        if regime.opens(batch):
            optimizer.zero_grad()
        with self._apart(closes=regime.closes(batch)):
            self.manual_backward(loss if share == 1 else loss * share)
        self.losses.append(loss.detach())
        if not regime.closes(batch):
            return
        step = regime.step(self.current_epoch, batch)
        regime.set_rate(optimizer, step)
        if regime.clip:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), regime.clip)
        optimizer.step()
        self.over = regime.is_last(step)

    def _apart(self, *, closes: bool) -> AbstractContextManager[None]:
        """Keeps gradients to this process until a step needs them."""
        if closes or self._group.size == 1:
            return nullcontext()
        strategy: Any = self.trainer.strategy
        apart: AbstractContextManager[None] = strategy.block_backward_sync()
        return apart

    def on_validation_epoch_start(self) -> None:
        """For errors."""
        self.judging = True

    def validation_step(self, block: list[Batch], index: int) -> None:
        """Keeps the scores of each batch."""
        self._validation += [(self.network.scores(*batch[:-2]), *batch[-2:]) for batch in block]

    def on_validation_epoch_end(self) -> None:
        """Metrics of the epoch; raises `DataError` if the loss is no number."""
        parts = [torch.cat(parts) for parts in zip(*self._validation, strict=True)]
        self._validation = []
        rows = self._group.joined(parts)
        self.latest = self._group.told(lambda: self._measured(*rows))
        self.losses, self.block, self.judging = [], 0, False

    def _measured(self, scores: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> dict[str, float]:
        scores, target, weight = (tensor.to(self.device) for tensor in (scores, target, weight))
        validation = float(self._regime.loss(self.network.head.joined(scores), target, weight))
        train = float(torch.stack(self.losses).mean()) if self.losses else validation
        if not np.isfinite(validation):
            raise diverged(self.current_epoch, "the loss of the validation split is no longer a number")
        metrics = self._score(target.cpu().numpy(), self.network.head(scores).cpu().numpy())
        return {"train.loss": train, "validation.loss": validation, **metrics}
