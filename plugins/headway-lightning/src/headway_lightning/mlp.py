"""The multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Lt, MinLen

from headway_lightning.network import NetworkStage
from headway_lightning.trainer import Count


@dataclass(frozen=True)
class MLP(NetworkStage):
    """Linear layers with ReLU and dropout.

    Source: the MLP of Gorishniy et al. (2021), "Revisiting Deep Learning Models for Tabular Data",
    https://arxiv.org/abs/2106.11959, section 3.1.
    """

    layers: Annotated[tuple[Count, ...], MinLen(1)] = (256, 256)
    """Units of each hidden layer."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Share of units that are silenced at random in training."""

    def network(self, inputs: int, outputs: int) -> Any:
        """(rows, inputs) → (rows, outputs)."""
        from torch import nn

        parts: list[nn.Module] = []
        for size in self.layers:
            parts += [nn.Linear(inputs, size), nn.ReLU(), nn.Dropout(self.dropout)]
            inputs = size
        return nn.Sequential(*parts, nn.Linear(inputs, outputs))
