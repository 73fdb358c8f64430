"""Embeddings of numeric features, by name: a shared option of all networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt
from headway.errors import DataError

if TYPE_CHECKING:
    from headway_lightning.inputs.embeddings import Embedding

Count = Annotated[int, Ge(1)]


class NumericEmbedding(ABC):
    """An embedding of numbers, registered by name (kind ``numeric_embedding``): a frozen dataclass with its config."""

    @abstractmethod
    def build(self, columns: int, size: int | None = None) -> Embedding:
        """The module, unfitted, from (rows, columns) to (rows, columns, size).

        Args:
            columns: How many numbers a row has.
            size: What the network needs a feature to become; None leaves it to the config.

        Raises:
            DataError: The config says another size.
        """


def fitting(given: int | None, needed: int | None, default: int) -> int:
    """The size of an embedding: the config's and the network's, which must be the same where both say one."""
    if given is not None and needed is not None and given != needed:
        raise DataError(
            f"model.numeric gives {given} numbers a feature, but the tokens of this network have {needed}",
            hint="leave its size out, or let it be that of the tokens",
            code="embedding-size",
        )
    return given or needed or default


@dataclass(frozen=True)
class PiecewiseLinear(NumericEmbedding):
    """How far a number is through each of several bins, then a linear layer a feature.

    Source: Gorishniy et al. (2022), "On Embeddings for Numerical Features in Tabular Deep Learning",
    https://arxiv.org/abs/2203.05556, section 3.2, with quantiles as edges; `linear` and `activation` as in
    Gorishniy et al. (2024), "TabM", https://arxiv.org/abs/2410.24210.
    """

    bins: Count = 48
    """Bins of a feature at most; their edges are quantiles of the training rows."""
    size: Count | None = None
    """Numbers that a feature becomes: 16, or the size of a token, unless given."""
    linear: bool = True
    """Whether a linear embedding is added and the layer behind the bins starts at zero, so that what bins add is learnt
    bit by bit (TabM's); false is the form of 2022."""
    activation: bool = False
    """Whether ReLU follows; only without `linear`, since what starts at zero would stay there."""

    def __post_init__(self) -> None:
        """Raises `DataError` for ReLU behind weights of zero, which never learn."""
        if self.linear and self.activation:
            raise DataError(
                "piecewise_linear cannot have both linear and activation: ReLU of what starts at zero never learns",
                hint="linear: false",
                code="dead-embedding",
            )

    def build(self, columns: int, size: int | None = None) -> Embedding:
        """See `NumericEmbedding`."""
        from headway_lightning.inputs.embeddings import PiecewiseLinearEmbedding

        return PiecewiseLinearEmbedding(columns, fitting(self.size, size, 16), self)


@dataclass(frozen=True)
class Periodic(NumericEmbedding):
    """Sines and cosines of learnt frequencies, then a linear layer and ReLU.

    Source: Gorishniy et al. (2022), https://arxiv.org/abs/2203.05556, section 3.3 ("PLR").
    """

    frequencies: Count = 48
    """Frequencies of a feature."""
    scale: Annotated[float, Gt(0)] = 0.1
    """Standard deviation of the frequencies at the beginning."""
    size: Count | None = None
    """Numbers that a feature becomes: 24, or the size of a token, unless given."""
    shared: bool = False
    """Whether all features share one linear layer ("lite")."""

    def build(self, columns: int, size: int | None = None) -> Embedding:
        """See `NumericEmbedding`."""
        from headway_lightning.inputs.embeddings import PeriodicEmbedding

        return PeriodicEmbedding(columns, fitting(self.size, size, 24), self)
