"""FT-Transformer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Lt
from headway.contracts import ArraySpec
from headway.errors import DataError

from headway_lightning.network import Count, NetworkStage

Share = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True)
class FTTransformer(NetworkStage):
    """A token a feature, and a Transformer that reads the answer off one more token.

    Its cost grows with the square of the number of features. An embedding of numbers gives their tokens.

    Source: Gorishniy et al. (2021), "Revisiting Deep Learning Models for Tabular Data",
    https://arxiv.org/abs/2106.11959, section 3.3: ReGLU, no decay of tokenizer, normalisations and biases; defaults of
    the authors' package, search space of their appendix without its trials in which nothing drops out of residuals.
    """

    chunk: ClassVar[int] = 1024
    space: ClassVar[Mapping[str, str]] = {
        "blocks": "int(interval(1, 4))",
        "width": "choice(64, 96, 128, 192, 256, 320, 384, 512)",
        "expansion": "interval(0.67, 2.67)",
        "attention_dropout": "interval(0, 0.5)",
        "dropout": "interval(0, 0.5)",
        "residual_dropout": "interval(0, 0.2)",
        "learning_rate": "tag(log, interval(1e-5, 1e-3))",
        "weight_decay": "tag(log, interval(1e-6, 1e-3))",
    }

    blocks: Count = 3
    """Blocks of attention and two linear layers."""
    width: Count = 192
    """Numbers of a token."""
    heads: Count = 8
    """Heads of attention, which share the width among them."""
    expansion: Annotated[float, Gt(0)] = 4 / 3
    """Units of a block's hidden layer, as a multiple of `width`."""
    attention_dropout: Share = 0.2
    """Share of attention that is silenced at random in training."""
    dropout: Share = 0.1
    """The same of hidden units."""
    residual_dropout: Share = 0.0
    """The same of what a block adds."""
    prenormalization: bool = True
    """Whether tokens are normalised before each part but the first, or what comes out of each."""
    learning_rate: Annotated[float, Gt(0)] = 1e-4
    """Size of a step."""
    weight_decay: Annotated[float, Ge(0)] = 1e-5
    """Decay of weights a step; those of tokens and normalisations, and biases, do not decay."""

    def __post_init__(self) -> None:
        """Raises `DataError` unless the heads share the width evenly."""
        if self.width % self.heads:
            raise DataError(
                f"{self.heads} heads cannot share a width of {self.width} evenly",
                hint=f"model.width={self.heads * max(1, round(self.width / self.heads))}",
                code="attention-heads",
            )

    def body(self, inputs: Sequence[ArraySpec], outputs: int, numeric: Any) -> Any:
        """See `NetworkStage`."""
        from headway_lightning.inputs.tokens import Tokens
        from headway_lightning.zoo.transformer import Transformer

        return Transformer(Tokens(inputs, self.width, numeric), outputs, self)
