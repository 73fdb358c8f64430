"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Lt, MinLen

from headway_lightning.network import NetworkStage
from headway_lightning.trainer import Count

_WIDTHS = (64, 128, 256, 512, 1024)
_LAYERS = ", ".join(str([width] * depth).replace(" ", "") for depth in range(1, 7) for width in _WIDTHS)


@dataclass(frozen=True)
class MLP(NetworkStage):
    """Linear layers with ReLU and dropout.

    Source: the MLP of Gorishniy et al. (2021), "Revisiting Deep Learning Models for Tabular Data",
    https://arxiv.org/abs/2106.11959, section 3.1; search space of Gorishniy et al. (2024),
    https://arxiv.org/abs/2410.24210, with fewer widths, and without its trials in which nothing drops out or decays.
    """

    space: ClassVar[Mapping[str, str]] = {
        "layers": f"choice({_LAYERS})",
        "dropout": "interval(0, 0.5)",
        "learning_rate": "tag(log, interval(3e-5, 1e-3))",
        "weight_decay": "tag(log, interval(1e-4, 1e-1))",
    }

    layers: Annotated[tuple[Count, ...], MinLen(1)] = (256, 256)
    """Units of each hidden layer."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Share of units that are silenced at random in training."""

    def network(self, inputs: int, outputs: int) -> Any:
        """(rows, inputs) → (rows, outputs)."""
        from torch import nn

        from headway_lightning.dropout import Dropout

        parts: list[nn.Module] = []
        for size in self.layers:
            parts += [nn.Linear(inputs, size), nn.ReLU(), Dropout(self.dropout)]
            inputs = size
        return nn.Sequential(*parts, nn.Linear(inputs, outputs))
