"""The LightningModule: loss, optimizer, and validation by the metrics that reports use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from headway.errors import DataError
from torch.nn import functional

from headway_lightning.loading import Batch
from headway_lightning.modules import Network
from headway_lightning.network import Trainer

Score = Callable[[np.ndarray, np.ndarray], Mapping[str, float]]
"""(targets, outputs) → validation metrics by name."""


class Learner(pl.LightningModule):
    """Trains a `Network` on batches of (arrays …, target, weight).

    Args:
        network: What is trained.
        config: How.
        score: The validation metrics.
        seed: With the epoch, it seeds dropout, so that a resumed run draws what an undisturbed one would.
    """

    def __init__(self, network: Network, config: Trainer, score: Score, seed: int) -> None:
        super().__init__()
        self.network = network
        self.config = config
        self.latest: dict[str, float] = {}
        self._score = score
        self._seed = seed
        self._train: list[torch.Tensor] = []
        self._validation: list[Batch] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101), fused."""
        config = self.config
        return torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )

    def on_train_epoch_start(self) -> None:
        """Seeds dropout by the epoch."""
        torch.manual_seed(int(np.random.SeedSequence([self._seed, self.current_epoch]).generate_state(1)[0]))

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:
        """The loss of one batch."""
        loss = self._loss(self.network.scores(*batch[:-2]), batch[-2], batch[-1])
        self._train.append(loss.detach())
        return loss

    def _loss(self, scores: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if self.network.is_value:
            wanted = (target - self.network.centre) / self.network.spread
            rows = functional.mse_loss(scores, wanted, reduction="none")
        else:
            rows = functional.cross_entropy(scores, target, reduction="none")
        return (rows * weight).sum() / weight.sum()

    def validation_step(self, batch: Batch, index: int) -> None:
        """Keeps the scores of one batch."""
        self._validation.append((self.network.scores(*batch[:-2]), self.network(*batch[:-2]), *batch[-2:]))

    def on_validation_epoch_end(self) -> None:
        """Metrics of the epoch; raises `DataError` if the loss is no number."""
        scores, outputs, target, weight = (torch.cat(parts) for parts in zip(*self._validation, strict=True))
        validation = float(self._loss(scores, target, weight))
        train = float(torch.stack(self._train).mean()) if self._train else validation
        self._validation, self._train = [], []
        if not np.isfinite(validation) or not np.isfinite(train):
            raise DataError(
                f"training diverged in epoch {self.current_epoch + 1}: the loss is no longer a number",
                hint="lower model.trainer.learning_rate, or set model.trainer.gradient_clip=1",
                code="diverged",
            )
        metrics = self._score(target.cpu().numpy(), outputs.float().cpu().numpy())
        self.latest = {"train.loss": train, "validation.loss": validation, **metrics}
        self.log("validation.loss", validation, on_epoch=True, batch_size=len(target))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Checkpoints hold only what resuming needs."""
        checkpoint.pop("hparams_name", None)
