"""What headway-lightning registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_lightning.artifact import TorchModel
from headway_lightning.mlp import MLP


def headway_register(registry: Registry) -> None:
    """Registers ``model=mlp`` and the artifact of trained networks."""
    registry.add("artifact", TorchModel.type_name, TorchModel)
    registry.add("model", "mlp", MLP)
