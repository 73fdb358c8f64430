"""The block of `headway_lightning.zoo.resnet.ResNet`."""

from __future__ import annotations

import torch
from torch import nn

from headway_lightning.dropout import Dropout


class Block(nn.Module):
    """x + Dropout(Linear(Dropout(ReLU(Linear(BatchNorm(x)))))).

    Args:
        width: Numbers that it is given and gives.
        hidden: Units between its linear layers.
        dropout: Share of hidden units that are silenced in training.
        residual: Share of what is added that is silenced in training.
    """

    def __init__(self, width: int, hidden: int, dropout: float, residual: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.Linear(width, hidden),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(hidden, width),
            Dropout(residual),
        )

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(rows, width) → (rows, width)."""
        added: torch.Tensor = self.layers(given)
        return given + added
