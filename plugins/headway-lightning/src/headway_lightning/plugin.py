"""What headway-lightning registers."""

from __future__ import annotations

from pathlib import Path

from headway.plugins import Registry

from headway_lightning import losses, optimizers, schedules
from headway_lightning.artifact import TorchModel
from headway_lightning.inputs import numeric
from headway_lightning.zoo.cnn import CNN
from headway_lightning.zoo.ft_transformer import FTTransformer
from headway_lightning.zoo.linear import LinearNetwork
from headway_lightning.zoo.mlp import MLP
from headway_lightning.zoo.resnet import ResNet
from headway_lightning.zoo.tabm import TabM

CHOICES = {
    "model": {
        "linear_network": LinearNetwork,
        "mlp": MLP,
        "resnet": ResNet,
        "ft_transformer": FTTransformer,
        "tabm": TabM,
        "cnn": CNN,
    },
    "loss": {
        "cross_entropy": losses.CrossEntropy,
        "binary_cross_entropy": losses.BinaryCrossEntropy,
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
"""Kind to name to networks and what their fields choose."""


def headway_register(registry: Registry) -> None:
    """Registers networks, what their fields choose, the artifact of trained networks, and configs: ``sweep=mlp``."""
    registry.add("configs", "headway-lightning", Path(__file__).parent / "conf")
    registry.add("artifact", TorchModel.type_name, TorchModel)
    for kind, choices in CHOICES.items():
        for name, target in choices.items():
            registry.add(kind, name, target)
