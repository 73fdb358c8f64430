"""What is trained and how, ready to be computed: no config, no Lightning."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.modules.batchnorm import _NormBase

from headway_lightning.criteria import Criterion
from headway_lightning.modules import Network
from headway_lightning.optimizers import Optimizer
from headway_lightning.schedules import Schedule

UNDECAYED = (torch.nn.Embedding, torch.nn.LayerNorm, torch.nn.RMSNorm, torch.nn.GroupNorm, _NormBase)
"""Modules (the last is batch and instance normalisation of any kind) whose weights do not decay, as those of any module
with ``decays = False``; biases do not either."""


@dataclass(frozen=True)
class Pace:
    """How many steps there are and how long each is.

    Attributes:
        sizes: Rows of each batch of an epoch.
        accumulate: Batches a step.
        epochs: Epochs at most.
        steps: Steps at most.
        warmup: Epochs of warm-up.
        learning_rate: The full size of a step.
        schedule: What it is multiplied by.
    """

    sizes: tuple[int, ...]
    accumulate: int
    epochs: int
    steps: int | None
    warmup: float
    learning_rate: float
    schedule: Schedule

    @property
    def per_epoch(self) -> int:
        """Steps an epoch; the last one may have fewer batches."""
        return -(-len(self.sizes) // self.accumulate)

    @property
    def total(self) -> int:
        """Steps of the whole training, unless it stops early."""
        return min(self.epochs * self.per_epoch, self.steps or self.epochs * self.per_epoch)

    def rate(self, step: int) -> float:
        """The learning rate of a step, from 0."""
        warm = math.ceil(self.warmup * self.per_epoch)
        if step < warm:
            return self.learning_rate * (step + 1) / (warm + 1)
        passed = (step - warm) / max(self.total - warm, 1)
        return self.learning_rate * self.schedule.factor(passed)


@dataclass(frozen=True)
class Regime:
    """What is trained and how.

    Attributes:
        network: What is trained.
        criterion: The loss.
        pace: How many steps, and how long.
        rule: The optimizer's config.
        decay: Weight decay.
        clip: Largest norm of the gradient; 0 for no limit.
        seed: Of dropout.
        names: What the columns of each array are called, for errors.
    """

    network: Network
    criterion: Criterion
    pace: Pace
    rule: Optimizer
    decay: float
    clip: float
    seed: int
    names: tuple[tuple[str, ...], ...]

    def loss(
        self, scores: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, mass: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The weighted mean loss of a batch, or what a part adds to it; targets are in their own units."""
        return self.criterion(scores, self.network.head.scaled(target), weight, mass)

    def mass(self, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """What the rows of a batch count together, in its loss."""
        return self.criterion.weights(self.network.head.scaled(target), weight).sum()

    def optimizer(self) -> torch.optim.Optimizer:
        """Weights that decay and weights that do not."""
        fixed = {
            id(parameter)
            for module in self.network.modules()
            for name, parameter in module.named_parameters(recurse=False)
            if name.endswith("bias") or isinstance(module, UNDECAYED) or not getattr(module, "decays", True)
        }
        parameters = list(self.network.parameters())
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if id(p) not in fixed], "weight_decay": self.decay},
            {"params": [p for p in parameters if id(p) in fixed], "weight_decay": 0.0},
        ]
        return self.rule.build([group for group in groups if group["params"]], self.pace.learning_rate)

    def opens(self, batch: int) -> bool:
        """Whether a batch of the epoch, from 0, is the first of its step."""
        return batch % self.pace.accumulate == 0

    def closes(self, batch: int) -> bool:
        """Whether it is the last of its step."""
        return (batch + 1) % self.pace.accumulate == 0 or batch + 1 == len(self.pace.sizes)

    def share(self, batch: int) -> float:
        """What part of its step's rows a batch has."""
        sizes, first = self.pace.sizes, batch - batch % self.pace.accumulate
        return sizes[batch] / sum(sizes[first : first + self.pace.accumulate])

    def step(self, epoch: int, batch: int) -> int:
        """The number of its step, from 0."""
        return epoch * self.pace.per_epoch + batch // self.pace.accumulate

    def is_last(self, step: int) -> bool:
        """Whether a step reaches `Pace.steps`."""
        return self.pace.steps is not None and step + 1 >= self.pace.steps

    def set_rate(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Gives the optimizer the learning rate of a step."""
        rate = self.pace.rate(step)
        for group in optimizer.param_groups:
            group["lr"] = rate
