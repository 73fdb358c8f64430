"""The convolutional network for small images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Lt, MinLen
from headway import DataError
from headway.contracts import ArraySpec

from headway_lightning.network import NetworkStage
from headway_lightning.trainer import Count


@dataclass(frozen=True)
class CNN(NetworkStage):
    """Stages of two convolutions, batch normalisation and ReLU, each halved by max pooling, then a hidden layer.

    It takes one array of shape (channels, height, width), as ``features=tensor`` gives it.

    Source: the small networks of Simonyan and Zisserman (2015), "Very Deep Convolutional Networks for Large-Scale
    Image Recognition", https://arxiv.org/abs/1409.1556, section 2.1, with the batch normalisation of Ioffe and
    Szegedy (2015), https://arxiv.org/abs/1502.03167.
    """

    chunk: ClassVar[int] = 1024
    space: ClassVar[Mapping[str, str]] = {
        "hidden": "int(interval(64, 512))",
        "dropout": "interval(0, 0.5)",
        "learning_rate": "tag(log, interval(1e-4, 1e-2))",
        "weight_decay": "tag(log, interval(1e-6, 1e-3))",
    }

    channels: Annotated[tuple[Count, ...], MinLen(1)] = (16, 32)
    """Channels of each stage."""
    hidden: Count = 128
    """Units of the hidden layer."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Share of what the hidden layer is given, and of its units, that is silenced at random in training."""

    def body(self, inputs: Sequence[ArraySpec], outputs: int, numeric: Any) -> Any:
        """(rows, channels, height, width) → (rows, outputs)."""
        from torch import nn

        from headway_lightning.dropout import Dropout

        self._check(inputs, numeric)
        depth, height, width = inputs[0].shape
        parts: list[nn.Module] = []
        for size in self.channels:
            for given in (depth, size):
                parts += [nn.Conv2d(given, size, 3, padding=1, bias=False), nn.BatchNorm2d(size), nn.ReLU()]
            parts.append(nn.MaxPool2d(2))
            depth, height, width = size, height // 2, width // 2
        parts += [nn.Flatten(), Dropout(self.dropout), nn.Linear(depth * height * width, self.hidden)]
        return nn.Sequential(*parts, nn.ReLU(), Dropout(self.dropout), nn.Linear(self.hidden, outputs))

    def _check(self, inputs: Sequence[ArraySpec], numeric: Any) -> None:
        """Raises `DataError` for what is no image, or too small."""
        shapes = [spec.shape for spec in inputs]
        if len(shapes) != 1 or len(shapes[0]) != 3 or inputs[0].cardinalities is not None:
            told = ", ".join(f"{spec.name} {list(spec.shape)}" for spec in inputs)
            hint = "features=tensor with features.shape=[CHANNELS,HEIGHT,WIDTH] makes one of columns of pixels"
            raise DataError(f"the model takes one array of images, it is given {told}", hint=hint, code="no-image")
        if min(shapes[0][1:]) < 2 ** len(self.channels):
            raise DataError(
                f"images of {shapes[0][1]} x {shapes[0][2]} pixels cannot be halved {len(self.channels)} times",
                hint="give model.channels fewer entries",
                code="small-image",
            )
        if numeric is not None:
            raise DataError("pixels are not embedded", hint="leave out model.numeric", code="image-embedding")
