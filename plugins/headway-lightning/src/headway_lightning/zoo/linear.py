"""The linear model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

from headway_lightning.network import NetworkStage


@dataclass(frozen=True)
class LinearNetwork(NetworkStage):
    """One linear layer: logistic, softmax or linear regression by gradient descent, or any other loss's.

    With `numeric` it is a generalised additive model: a function of each feature, added up. A baseline that is
    trained as networks are; headway-sklearn's ``linear`` is solved instead.
    """

    space: ClassVar[Mapping[str, str]] = {
        "learning_rate": "tag(log, interval(1e-4, 3e-2))",
        "weight_decay": "tag(log, interval(1e-6, 1e-1))",
    }

    embedding: Annotated[int, Ge(0)] = 0
    """Largest size of the embedding of a categorical feature; 0 gives a column a code."""

    def network(self, inputs: int, outputs: int) -> Any:
        """(rows, inputs) → (rows, outputs)."""
        from torch import nn

        return nn.Linear(inputs, outputs)
