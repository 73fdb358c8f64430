"""The base class of all networks: config, training and export are here, the layers in subclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt
from headway import Context, HeadwayError, Seed, Stage, Uncached
from headway.contracts import Features

from headway_lightning.artifact import TorchModel

Positive = Annotated[float, Gt(0)]
Count = Annotated[int, Ge(1)]


@dataclass(frozen=True)
class Trainer:
    """How Lightning trains: what has little to do with the network."""

    max_epochs: Count = 100
    """Epochs at most; early stopping usually ends it before."""
    gradient_clip: Annotated[float, Ge(0)] = 0.0
    """Largest norm of the gradient; 0 for no limit."""
    precision: Literal["32", "bf16-mixed"] = "32"
    """Numbers that layers compute with; bf16-mixed is faster on recent GPUs. Weights are float32 always."""
    threads: Count = 1
    """CPU threads. More help networks of some millions of weights, slow small ones down, and change last bits."""
    accelerator: Annotated[Literal["auto", "cpu", "cuda"], Uncached()] = "auto"
    """Where it runs; auto takes a GPU if there is one."""


@dataclass(frozen=True)
class NetworkStage(Stage):
    """A network that Lightning trains.

    A subclass is a frozen dataclass that defines ``network(self, inputs, outputs)``: a ``torch.nn.Module`` from
    a float32 matrix of shape (rows, inputs) to one of shape (rows, outputs). Its input holds the numeric
    features and an embedding of every categorical one. Its output is a logit a class, or for a regression
    target one value in units of the target's standard deviation. Loss, early stopping, resuming, metrics and
    export are taken care of.
    """

    if TYPE_CHECKING:

        def network(self, inputs: int, outputs: int) -> Any:
            """Built by subclasses."""

    learning_rate: Positive = 1e-3
    """Step size of AdamW."""
    weight_decay: Annotated[float, Ge(0)] = 1e-4
    """Decoupled weight decay of AdamW."""
    batch_size: Count = 256
    """Rows a step."""
    patience: Count = 8
    """Epochs without a better validation loss before training stops."""
    embedding: Count = 8
    """Largest size of the embedding of a categorical feature."""
    seed: Seed = 0
    """Seed of initial weights, order of rows, dropout and augmentation."""
    trainer: Trainer = field(default_factory=Trainer)
    """How it is trained."""

    def run(self, context: Context, features: Features) -> TorchModel:
        """Trains, and keeps the weights of the epoch with the best validation loss."""
        from headway_lightning.training import train

        return train(self, context, features)

    def preflight(self) -> list[HeadwayError]:
        """Tells a missing GPU before anything runs."""
        if self.trainer.accelerator != "cuda":
            return []
        import torch

        if torch.cuda.is_available():
            return []
        return [
            HeadwayError(
                "model.trainer.accelerator is cuda, but this machine has no CUDA device that torch can use",
                hint="model.trainer.accelerator=auto takes what there is",
                code="no-gpu",
            )
        ]
