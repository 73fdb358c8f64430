"""Models whose weights are named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from headway.contracts.artifact import Lookup, read_json, write_json
from headway.contracts.graph import ArraySpec
from headway.contracts.model import Epoch, Model, Output

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ArrayModelHead:
    """The part of `ArrayModel` that is JSON; see there for the attributes."""

    inputs: tuple[ArraySpec, ...]
    outputs: tuple[Output, ...]
    metrics: Mapping[str, float]
    history: tuple[Epoch, ...]


@dataclass(frozen=True)
class ArrayModel(Model):
    """A model that is all in named arrays; a subclass adds `type_name`, `predict` and `export`.

    Attributes:
        inputs: The arrays it takes.
        outputs: What it gives.
        weights: Name to fitted array; see the subclass.
        metrics: Metrics on the validation split, such as ``validation.auroc``.
        history: Metrics epoch by epoch; empty for models that are fitted in one go.
    """

    inputs: tuple[ArraySpec, ...]
    outputs: tuple[Output, ...]
    weights: Mapping[str, np.ndarray] = field(repr=False)
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: tuple[Epoch, ...] = ()

    def save(self, folder: Path) -> None:
        """Writes ``model.json`` and ``weights.safetensors``."""
        import numpy as np
        from safetensors.numpy import save

        write_json(folder / "model.json", ArrayModelHead(self.inputs, self.outputs, self.metrics, self.history))
        # Of an array that is no block of memory, safetensors would write the memory and forget the strides.
        weights = {name: np.asarray(array, order="C") for name, array in self.weights.items()}
        (folder / "weights.safetensors").write_bytes(save(weights))

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads what `save` wrote."""
        from safetensors.numpy import load

        head = read_json(folder / "model.json", ArrayModelHead)
        weights = load((folder / "weights.safetensors").read_bytes())
        return cls(head.inputs, head.outputs, weights, head.metrics, head.history)
