"""The residual network for tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Lt

from headway_lightning.network import Count, NetworkStage


@dataclass(frozen=True)
class ResNet(NetworkStage):
    """Blocks of normalisation, two linear layers and ReLU, each added to what it is given.

    Source: Gorishniy et al. (2021), "Revisiting Deep Learning Models for Tabular Data",
    https://arxiv.org/abs/2106.11959, section 3.2; defaults of the authors' package, search space of their appendix
    without the sizes of embeddings and its trials in which nothing drops out or decays.
    """

    space: ClassVar[Mapping[str, str]] = {
        "blocks": "int(interval(1, 8))",
        "width": "int(interval(64, 512))",
        "expansion": "interval(1, 4)",
        "dropout": "interval(0, 0.5)",
        "residual_dropout": "interval(0, 0.5)",
        "learning_rate": "tag(log, interval(1e-5, 1e-2))",
        "weight_decay": "tag(log, interval(1e-6, 1e-3))",
    }

    blocks: Count = 2
    """Blocks."""
    width: Count = 192
    """Numbers that a block is given and gives."""
    expansion: Annotated[float, Gt(0)] = 2.0
    """Units of a block's hidden layer, as a multiple of `width`."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.15
    """Share of hidden units that are silenced at random in training."""
    residual_dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The same of what a block adds."""

    def network(self, inputs: int, outputs: int) -> Any:
        """(rows, inputs) → (rows, outputs)."""
        from torch import nn

        from headway_lightning.zoo.residual import Block

        hidden = max(1, int(self.width * self.expansion))
        blocks = [Block(self.width, hidden, self.dropout, self.residual_dropout) for _ in range(self.blocks)]
        head = nn.BatchNorm1d(self.width), nn.ReLU(), nn.Linear(self.width, outputs)
        return nn.Sequential(nn.Linear(inputs, self.width), *blocks, *head)
