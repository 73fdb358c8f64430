"""A trained network as an artifact: its architecture as JSON, its weights as safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from headway.contracts import ArraySpec, Epoch, Graph, Lookup, Model, Output, read_json, write_json

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True)
class TorchHead:
    """The part of `TorchModel` that is JSON; see there for the attributes."""

    use: str
    config: Mapping[str, Any]
    inputs: tuple[ArraySpec, ...]
    outputs: tuple[Output, ...]
    history: tuple[Epoch, ...]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class TorchModel(Model):
    """A trained network.

    Attributes:
        use: The registered name (kind ``model``) of the stage that builds the network.
        config: That stage's field values.
        inputs: The arrays it takes.
        outputs: One output: ``probability`` (rows, classes), ``marginal`` (rows, labels), ``value`` (rows,) or
            ``quantile`` (rows, levels).
        module: The network in evaluation mode, on the CPU.
        history: One row an epoch: ``train.loss``, ``validation.loss`` and the validation metrics.
        metrics: Validation metrics of the saved weights.
    """

    type_name: ClassVar[str] = "torch_model"

    use: str
    config: Mapping[str, Any]
    inputs: tuple[ArraySpec, ...]
    outputs: tuple[Output, ...]
    module: torch.nn.Module = field(repr=False)
    history: tuple[Epoch, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)

    def predict(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The output by torch, in evaluation mode, float32."""
        from headway_lightning.modules import predict, threads

        with threads(self.config["trainer"]["threads"]):
            return {self.outputs[0].name: predict(self.module, self.inputs, batch)}

    def export(self) -> Graph:
        """The network as an ONNX graph from the features' arrays to the output; raises `GraphError` if it cannot be."""
        from headway_lightning.modules import export

        return export(self.module, self.inputs, self.outputs[0].name, self.use)

    def save(self, folder: Path) -> None:
        """Writes ``model.json`` and ``weights.safetensors``."""
        from safetensors.torch import save

        head = TorchHead(self.use, self.config, self.inputs, self.outputs, self.history, self.metrics)
        write_json(folder / "model.json", head)
        # Copies, because safetensors refuses tensors that share memory, as tied weights do.
        weights = {name: tensor.detach().contiguous().clone() for name, tensor in self.module.state_dict().items()}
        (folder / "weights.safetensors").write_bytes(save(weights))

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Builds the network by its registered stage and puts the weights in."""
        import json

        from headway.contracts import adapter_of
        from safetensors.torch import load

        head = read_json(folder / "model.json", TorchHead)
        stage_class = lookup.get("model", head.use)
        stage = adapter_of(stage_class).validate_json(json.dumps(head.config), strict=True)
        module = stage.build(head.inputs, head.outputs[0], lookup)
        module.load_state_dict(load((folder / "weights.safetensors").read_bytes()))
        return cls(head.use, head.config, head.inputs, head.outputs, module.eval(), head.history, head.metrics)
