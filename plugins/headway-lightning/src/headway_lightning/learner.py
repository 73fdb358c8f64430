"""The LightningModule: loss, optimizer, and validation by the metrics that reports use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
import torch
from headway.errors import DataError
from torch.nn import functional

from headway_lightning.loading import Batch
from headway_lightning.modules import Network

if TYPE_CHECKING:
    from headway_lightning.network import NetworkStage

Score = Callable[[np.ndarray, np.ndarray], Mapping[str, float]]
"""(targets, outputs) → validation metrics by name."""


class Cancelled(Exception):  # noqa: N818 - no fault
    """The run is being stopped. Not KeyboardInterrupt, which Lightning turns into the end of the process."""


class Learner(pl.LightningModule):
    """Trains a `Network` on blocks of batches of (arrays …, target, weight).

    A block is one batch to Lightning: what Lightning does around each would cost a small network a third of
    its speed. The steps of the optimizer are therefore taken here, by hand.

    Args:
        network: What is trained.
        stage: How. Its seed and the epoch seed dropout, so that a resumed run draws what an undisturbed one would.
        score: The validation metrics.
        cancelled: Set when the run is being stopped.

    Attributes:
        latest: Losses and metrics of the last epoch.
        begun: Whether training has begun, so that a checkpoint, if there was one, has been read.
    """

    def __init__(self, network: Network, stage: NetworkStage, score: Score, cancelled: threading.Event) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self.latest: dict[str, float] = {}
        self.begun = False
        self._stage = stage
        self._score = score
        self._cancelled = cancelled
        self._train: list[torch.Tensor] = []
        self._validation: list[Batch] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101), fused."""
        stage = self._stage
        return torch.optim.AdamW(
            self.network.parameters(), lr=stage.learning_rate, weight_decay=stage.weight_decay, fused=True
        )

    def on_train_start(self) -> None:
        """Notes that everything that is restored has been."""
        self.begun = True

    def on_train_epoch_start(self) -> None:
        """Seeds dropout by the epoch."""
        torch.manual_seed(int(np.random.SeedSequence([self._stage.seed, self.current_epoch]).generate_state(1)[0]))

    def transfer_batch_to_device(self, batch: list[Batch], device: torch.device, dataloader_idx: int) -> list[Batch]:
        """Nothing to do: blocks are made where they are wanted."""
        return batch

    def training_step(self, block: list[Batch], index: int) -> None:
        """One step of the optimizer a batch; raises `Cancelled` when the run is being stopped.

        It raises rather than asking Lightning to stop: that would end the epoch early and checkpoint it as a
        whole one.
        """
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        clip = self._stage.trainer.gradient_clip
        for *arrays, target, weight in block:
            if self._cancelled.is_set():
                raise Cancelled
            loss = self._loss(self.network.scores(*arrays), target, weight)
            optimizer.zero_grad()
            self.manual_backward(loss)
            if clip:
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), clip)
            optimizer.step()
            self._train.append(loss.detach())

    def _loss(self, scores: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if self.network.is_value:
            wanted = (target - self.network.centre) / self.network.spread
            rows = functional.mse_loss(scores, wanted, reduction="none")
        else:
            rows = functional.cross_entropy(scores, target, reduction="none")
        return (rows * weight).sum() / weight.sum()

    def validation_step(self, block: list[Batch], index: int) -> None:
        """Keeps the scores of each batch."""
        self._validation += [(self.network.scores(*batch[:-2]), *batch[-2:]) for batch in block]

    def on_validation_epoch_end(self) -> None:
        """Metrics of the epoch; raises `DataError` if the loss is no number."""
        scores, target, weight = (torch.cat(parts) for parts in zip(*self._validation, strict=True))
        validation = float(self._loss(scores, target, weight))
        train = float(torch.stack(self._train).mean()) if self._train else validation
        self._validation, self._train = [], []
        if not np.isfinite(validation) or not np.isfinite(train):
            raise DataError(
                f"training diverged in epoch {self.current_epoch + 1}: the loss is no longer a number",
                hint="lower model.learning_rate, or set model.trainer.gradient_clip=1",
                code="diverged",
            )
        metrics = self._score(target.cpu().numpy(), self.network.outputs(scores).cpu().numpy())
        self.latest = {"train.loss": train, "validation.loss": validation, **metrics}
        self.log("validation.loss", validation, on_epoch=True, batch_size=len(target))
