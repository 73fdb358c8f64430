"""Losses by name: what a network is trained to make small, and what its scores then mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Lt, MinLen
from headway.contracts import Output, Target
from headway.errors import DataError

if TYPE_CHECKING:
    import torch

    from headway_lightning.criteria import Criterion
    from headway_lightning.heads import Head


class Loss(ABC):
    """A loss, registered by name (kind ``loss``): a frozen dataclass whose fields are its config.

    Attributes:
        task: The task of the targets it is for: ``classification``, ``regression`` or ``multilabel``.
    """

    task: ClassVar[str]

    def output(self, target: Target) -> Output:
        """What a model trained with it gives."""
        return Output("value", "value")

    @abstractmethod
    def head(self, output: Output) -> Head:
        """What makes outputs of scores, unfitted."""

    @abstractmethod
    def criterion(self, target: torch.Tensor, weight: torch.Tensor, output: Output) -> Criterion:
        """The loss of each row, given the targets and weights of the training rows.

        Args:
            target: Shape (rows,), of labels (rows, labels).
            weight: Shape (rows,).
            output: What `output` gives.
        """


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """The negative logarithm of the true class's probability, in nats."""

    task: ClassVar[str] = "classification"

    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of the truth that is spread over all classes (Szegedy et al., 2016, https://arxiv.org/abs/1512.00567)."""
    class_weight: Literal["balanced"] | Mapping[str, Annotated[float, Gt(0)]] | None = None
    """What the rows of each class count: numbers by class, 1 for those not named, or balanced: inversely to how much
    of the class the training rows have."""

    def output(self, target: Target) -> Output:
        """Probabilities of the target's classes."""
        return Output("probability", "probability", classes=target.classes)

    def head(self, output: Output) -> Head:
        """Softmax."""
        from headway_lightning.heads import Probabilities

        return Probabilities(len(output.classes or ()))

    def criterion(self, target: torch.Tensor, weight: torch.Tensor, output: Output) -> Criterion:
        """Cross-entropy; raises `DataError` if `class_weight` names a class that there is not."""
        from headway_lightning import criteria

        return criteria.CrossEntropy(criteria.class_weights(self.class_weight, target, weight, output), self)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """The negative logarithm of the probability of what is true of a label, in nats; the mean over labels."""

    task: ClassVar[str] = "multilabel"

    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of the truth that is spread evenly over there and not there."""
    positive_weight: Literal["balanced"] | Mapping[str, Annotated[float, Gt(0)]] | None = None
    """What a label counts where it is there: numbers by label, 1 for those not named, or balanced: as often as it is
    not there in the training rows, over how often it is. Probabilities are shifted by it."""

    def output(self, target: Target) -> Output:
        """A probability a label."""
        return Output("probability", "marginal", classes=target.classes)

    def head(self, output: Output) -> Head:
        """The logistic function."""
        from headway_lightning.heads import Marginals

        return Marginals(len(output.classes or ()))

    def criterion(self, target: torch.Tensor, weight: torch.Tensor, output: Output) -> Criterion:
        """Binary cross-entropy; raises `DataError` if `positive_weight` names a label that there is not."""
        from headway_lightning import criteria

        weights = criteria.positive_weights(self.positive_weight, target, weight, output)
        return criteria.BinaryCrossEntropy(weights, self)


class _Value(Loss):
    task: ClassVar[str] = "regression"

    def head(self, output: Output) -> Head:
        """Values in the units of the target."""
        from headway_lightning.heads import Values

        return Values(1)


@dataclass(frozen=True)
class MSE(_Value):
    """Squared error."""

    def criterion(self, target: torch.Tensor, weight: torch.Tensor, output: Output) -> Criterion:
        """Squared error, in units of the target's variance."""
        from headway_lightning import criteria

        return criteria.Squared()


@dataclass(frozen=True)
class MAE(_Value):
    """Absolute error, whose best answer is the median."""

    def criterion(self, target: torch.Tensor, weight: torch.Tensor, output: Output) -> Criterion:
        """Absolute error, in units of the target's standard deviation."""
        from headway_lightning import criteria

        return criteria.Absolute()


@dataclass(frozen=True)
class Huber(_Value):
    """Squared error near zero, absolute error further out (Huber, 1964): outliers weigh less."""

    delta: Annotated[float, Gt(0)] = 1.0
    """Where it changes, in units of the target's standard deviation."""

    def criterion(self, target: torch.Tensor, weight: torch.Tensor, output: Output) -> Criterion:
        """Huber's loss."""
        from headway_lightning import criteria

        return criteria.Huber(self.delta)


@dataclass(frozen=True)
class Quantile(Loss):
    """The pinball loss of several levels (Koenker and Bassett, 1978); its quantiles never cross."""

    task: ClassVar[str] = "regression"

    levels: Annotated[tuple[Annotated[float, Gt(0), Lt(1)], ...], MinLen(1)] = (0.1, 0.5, 0.9)
    """The levels, ascending."""

    def __post_init__(self) -> None:
        """Raises `DataError` unless the levels ascend."""
        if any(first >= second for first, second in zip(self.levels, self.levels[1:], strict=False)):
            raise DataError(
                f"the levels of quantiles must ascend, not {self.levels}", hint="sort them", code="quantile-levels"
            )

    def output(self, target: Target) -> Output:
        """The quantiles."""
        return Output("quantiles", "quantile", levels=self.levels)

    def head(self, output: Output) -> Head:
        """Values that ascend, in the units of the target."""
        from headway_lightning.heads import Quantiles

        return Quantiles(len(self.levels))

    def criterion(self, target: torch.Tensor, weight: torch.Tensor, output: Output) -> Criterion:
        """The mean pinball loss over the levels, in units of the target's standard deviation."""
        from headway_lightning import criteria

        return criteria.Pinball(self.levels)
