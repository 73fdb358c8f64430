"""The base class for any LightningModule: its training step and its optimizers are the author's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from headway import Context, HeadwayError, Seed, Stage
from headway.contracts import CHUNK, ArraySpec, Features, Lookup, Output
from headway.fields import Registered

from headway_lightning.artifact import TorchModel
from headway_lightning.trainer import Count, Trainer


@dataclass(frozen=True)
class LightningStage(Stage):
    """Any LightningModule, trained as it is.

    A subclass is a frozen dataclass that defines ``module(self, inputs, output)``: a LightningModule whose
    ``training_step`` gets batches ``(x, y)``, and whose ``forward`` gives, from ``x`` alone, logits of shape
    (rows, classes) or (rows, labels), or values of shape (rows,) or (rows, 1). ``x`` is the array, or a mapping by name
    if the features have several; ``y`` are class codes, 0 and 1 of labels, or values. Early stopping, resuming by
    epoch, metrics of the validation split and export are taken care of; a ``validation_step`` is called if there is
    one.

    Attributes:
        logits: Whether ``forward`` gives logits, not probabilities, for classes.
        chunk: Rows that are validated and predicted at a time; fewer for a module that needs much memory a row.
    """

    logits: ClassVar[bool] = True
    chunk: ClassVar[int] = CHUNK

    if TYPE_CHECKING:

        def module(self, inputs: Sequence[ArraySpec], output: Output) -> Any:
            """Built by subclasses."""

    batch_size: Count = 256
    """Rows a batch."""
    patience: Count = 16
    """Epochs without a better value of `monitor` before training stops."""
    monitor: Annotated[str | None, Registered("metric")] = None
    """The metric of the validation split that decides which epoch is the best: log_loss, binary_cross_entropy or rmse
    by default."""
    seed: Seed = 0
    """Seed of initial weights, order of rows, dropout and augmentation."""
    trainer: Trainer = field(default_factory=Trainer)
    """How it is trained."""

    def batch(self, x: Any, y: Any) -> Any:
        """What ``training_step`` gets; subclasses may give it another form."""
        return x, y

    def build(self, inputs: Sequence[ArraySpec], output: Output, lookup: Lookup) -> Any:
        """The module as it is served: arrays in, outputs out."""
        from headway_lightning.guest import Served

        return Served(self.module(inputs, output), inputs, output, self.logits, self.chunk)

    def run(self, context: Context, features: Features) -> TorchModel:
        """Trains, and keeps the weights of the best epoch."""
        from headway_lightning.guest import train

        return train(self, context, features)

    def preflight(self) -> list[HeadwayError]:
        """Tells missing devices, and several, before anything runs."""
        return [*self.trainer.preflight(), *self.several()]

    def several(self) -> list[HeadwayError]:
        """The author's loss is that of a batch, and parts of batches cannot be weighed by it."""
        if self.trainer.devices == 1:
            return []
        return [
            HeadwayError(
                f"model.trainer.devices is {self.trainer.devices}: a LightningStage trains on one device",
                hint="model.trainer.devices=1, or write the network as a NetworkStage",
                code="one-device",
            )
        ]
