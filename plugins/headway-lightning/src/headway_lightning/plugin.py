"""What headway-lightning registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_lightning import losses, numeric, optimizers, schedules
from headway_lightning.artifact import TorchModel
from headway_lightning.mlp import MLP
from headway_lightning.zoo.cnn import CNN

CHOICES = {
    "loss": {
        "cross_entropy": losses.CrossEntropy,
        "mse": losses.MSE,
        "mae": losses.MAE,
        "huber": losses.Huber,
        "quantile": losses.Quantile,
    },
    "optimizer": {"adamw": optimizers.AdamW, "adam": optimizers.Adam, "sgd": optimizers.SGD},
    "schedule": {
        "constant": schedules.Constant,
        "cosine": schedules.Cosine,
        "linear": schedules.Linear,
        "steps": schedules.Steps,
    },
    "numeric_embedding": {"piecewise_linear": numeric.PiecewiseLinear, "periodic": numeric.Periodic},
}
"""Kind to name to what the fields of networks choose."""


def headway_register(registry: Registry) -> None:
    """Registers networks, what their fields choose, and the artifact of trained networks."""
    registry.add("artifact", TorchModel.type_name, TorchModel)
    registry.add("model", "mlp", MLP)
    registry.add("model", "cnn", CNN)
    for kind, choices in CHOICES.items():
        for name, target in choices.items():
            registry.add(kind, name, target)
