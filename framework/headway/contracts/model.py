"""A trained model: arrays in, outputs out, and able to export itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway.contracts.artifact import Artifact
from headway.contracts.graph import ArraySpec, Graph
from headway.contracts.schema import Category

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Output:
    """One output of a model or predictor.

    Attributes:
        name: Its name, in graphs, tables and requests.
        kind: ``probability`` (rows x classes, float32, rows sum to 1), ``marginal`` (rows x labels, float32: the
            probability of each label, whatever the others are), ``value`` (rows, float32),
            ``quantile`` (rows x levels), ``score`` (rows, any scale), ``label`` (rows),
            ``embedding`` (rows x size).
        classes: For probabilities and labels, the classes in the order of the last axis; for marginals, the labels.
        levels: For quantiles, their levels in the order of the last axis.
        horizon: For forecasts, how many steps ahead; a further axis before classes and levels.
    """

    name: str
    kind: str
    classes: tuple[Category, ...] | None = None
    levels: tuple[float, ...] | None = None
    horizon: int | None = None


Epoch = Mapping[str, float]
"""One row of a training history: metric name to value."""


class Model(Artifact):
    """A trained model, without features: it takes the arrays that features give.

    Subclasses are registered (kind ``artifact``) and save their architecture's config as JSON and
    their weights as safetensors.

    Attributes:
        inputs: The arrays it takes.
        outputs: What it gives.
        history: Metrics epoch by epoch; empty for models that are fitted in one go.
        metrics: Metrics of the saved weights on the validation split.
    """

    inputs: tuple[ArraySpec, ...]
    outputs: tuple[Output, ...]
    history: tuple[Epoch, ...]
    metrics: Mapping[str, float]

    @abstractmethod
    def predict(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs by the framework that trained the model: what an export is compared with."""

    @abstractmethod
    def export(self) -> Graph:
        """The same function as a graph whose inputs and outputs are named as `inputs`, `outputs`.

        Deterministic, and without clock, path or host. Raises `HeadwayError` if the model cannot be
        exported.
        """
