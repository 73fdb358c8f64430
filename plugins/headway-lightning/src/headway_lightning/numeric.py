"""Embeddings of numeric features, by name: a shared option of all networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt

if TYPE_CHECKING:
    from headway_lightning.embeddings import Embedding

Count = Annotated[int, Ge(1)]


class NumericEmbedding(ABC):
    """An embedding of numbers, registered by name (kind ``numeric_embedding``): a frozen dataclass with its config."""

    @abstractmethod
    def build(self, columns: int) -> Embedding:
        """The module, unfitted, from (rows, columns) to (rows, columns, size)."""


@dataclass(frozen=True)
class PiecewiseLinear(NumericEmbedding):
    """How far a number is through each of several bins, then a linear layer a feature.

    Source: Gorishniy et al. (2022), "On Embeddings for Numerical Features in Tabular Deep Learning",
    https://arxiv.org/abs/2203.05556, section 3.2, with quantiles as edges.
    """

    bins: Count = 48
    """Bins of a feature at most; their edges are quantiles of the training rows."""
    size: Count = 16
    """Numbers that a feature becomes."""
    activation: bool = False
    """Whether ReLU follows. Gorishniy et al. (2024), https://arxiv.org/abs/2410.24210, leave it out."""

    def build(self, columns: int) -> Embedding:
        """See `NumericEmbedding`."""
        from headway_lightning.embeddings import PiecewiseLinearEmbedding

        return PiecewiseLinearEmbedding(columns, self)


@dataclass(frozen=True)
class Periodic(NumericEmbedding):
    """Sines and cosines of learnt frequencies, then a linear layer and ReLU.

    Source: Gorishniy et al. (2022), https://arxiv.org/abs/2203.05556, section 3.3 ("PLR").
    """

    frequencies: Count = 48
    """Frequencies of a feature."""
    scale: Annotated[float, Gt(0)] = 0.1
    """Standard deviation of the frequencies at the beginning."""
    size: Count = 24
    """Numbers that a feature becomes."""
    shared: bool = False
    """Whether all features share one linear layer ("lite")."""

    def build(self, columns: int) -> Embedding:
        """See `NumericEmbedding`."""
        from headway_lightning.embeddings import PeriodicEmbedding

        return PeriodicEmbedding(columns, self)
