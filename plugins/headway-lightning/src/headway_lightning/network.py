"""The base class of all networks: config, training and export are here, the layers in subclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge, Gt
from headway import Context, HeadwayError, Seed, Stage
from headway.contracts import CHUNK, ArraySpec, Features, Lookup, Output
from headway.fields import Registered, Uses

from headway_lightning.artifact import TorchModel
from headway_lightning.trainer import Count, Trainer

Positive = Annotated[float, Gt(0)]
Choice = str | Mapping[str, Any]


@dataclass(frozen=True)
class NetworkStage(Stage):
    """A network that Lightning trains.

    A subclass is a frozen dataclass that defines ``network(self, inputs, outputs)``: a ``torch.nn.Module`` from
    a float32 matrix of shape (rows, inputs) to one of shape (rows, outputs). Its input holds the numeric
    features, embedded if `numeric` says so, and an embedding of every categorical one. Its output is a logit a
    class or label, or for a regression target one value (or one a quantile) in units of the target's standard
    deviation. An output of shape (rows, members, outputs) is that of several networks in one, trained side by side:
    their probabilities or values are averaged. Loss, early stopping, resuming, metrics and export are taken care of.

    A network that is not fed by one matrix defines ``body(self, inputs, outputs, numeric)`` instead.

    Attributes:
        chunk: Rows that are validated and predicted at a time; fewer for a network that needs much memory a row.
    """

    chunk: ClassVar[int] = CHUNK

    if TYPE_CHECKING:

        def network(self, inputs: int, outputs: int) -> Any:
            """Built by subclasses."""

    loss: Annotated[Choice, Uses("loss")] | None = None
    """What is made small: cross_entropy for classes, binary_cross_entropy for labels and mse for numbers by default;
    also mae, huber, quantile."""
    optimizer: Annotated[Choice, Uses("optimizer")] = "adamw"
    """What takes the steps: adamw, adam, sgd."""
    learning_rate: Positive = 1e-3
    """Size of a step."""
    weight_decay: Annotated[float, Ge(0)] = 1e-4
    """Decay of weights a step; biases, embeddings and the parameters of normalisations do not decay."""
    schedule: Annotated[Choice, Uses("schedule")] = "constant"
    """How the learning rate changes over max_epochs or max_steps: constant, cosine, linear, steps."""
    warmup_epochs: Annotated[float, Ge(0)] = 0.0
    """Epochs in which the learning rate rises from nothing; fractions too."""
    batch_size: Count = 256
    """Rows a batch."""
    patience: Count = 16
    """Epochs without a better value of `monitor` before training stops."""
    monitor: Annotated[str, Registered("metric", also=("loss",))] = "loss"
    """What of the validation split decides which epoch is the best: loss, or a metric such as accuracy or rmse."""
    embedding: Annotated[int, Ge(0)] = 8
    """Largest size of the embedding of a categorical feature; 0 gives a column a code."""
    numeric: Annotated[Choice, Uses("numeric_embedding")] | None = None
    """Embedding of numeric features: piecewise_linear, periodic; null gives the numbers as they are."""
    seed: Seed = 0
    """Seed of initial weights, order of rows, dropout and augmentation."""
    trainer: Trainer = field(default_factory=Trainer)
    """How it is trained."""

    @property
    def copies(self) -> int:
        """How many rows stand at each place of a training batch, one after the other, each in an order of its own.

        More than one for members that learn from rows of their own: the network, in training, is given
        (rows · copies, …) and gives (rows · copies, outputs).
        """
        return 1

    def body(self, inputs: Sequence[ArraySpec], outputs: int, numeric: Any) -> Any:
        """Arrays → scores of shape (rows, outputs) or (rows, members, outputs).

        Args:
            inputs: The arrays, which ``forward`` takes in this order.
            outputs: Scores a row.
            numeric: The embedding of numbers, a `NumericEmbedding`, or None.
        """
        from headway_lightning.inputs.encoding import Encoded, Encoder

        encoder = Encoder(inputs, self.embedding, numeric)
        return Encoded(encoder, self.network(encoder.width, outputs))

    def build(self, inputs: Sequence[ArraySpec], output: Output, lookup: Lookup) -> Any:
        """The network as it is served, with fresh weights: arrays in, outputs out."""
        from headway_lightning.modules import build

        return build(self, inputs, output, lookup)

    def run(self, context: Context, features: Features) -> TorchModel:
        """Trains, and keeps the weights of the epoch with the best validation loss."""
        from headway_lightning.training import train

        return train(self, context, features)

    def preflight(self) -> list[HeadwayError]:
        """Tells missing devices before anything runs."""
        return [*self.trainer.preflight(), *_too_small(self)]


def _too_small(stage: NetworkStage) -> list[HeadwayError]:
    """Batches that have not a row for each device."""
    if stage.batch_size >= stage.trainer.devices:
        return []
    return [
        HeadwayError(
            f"model.batch_size is {stage.batch_size}: {stage.trainer.devices} devices cannot share that few rows",
            hint=f"model.batch_size is what all devices take together; model.trainer.devices={stage.batch_size}",
            code="batch-devices",
        )
    ]
