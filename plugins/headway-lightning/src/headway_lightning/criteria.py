"""Losses as torch computes them: the loss of each row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from headway.contracts import Output
from headway.errors import DataError
from headway.naming import unknown
from torch.nn import functional

if TYPE_CHECKING:
    from headway_lightning import losses


class Criterion(ABC):
    """The loss of each row; the batch's loss is their weighted mean."""

    @abstractmethod
    def rows(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Shape (rows,).

        Args:
            scores: Shape (rows, outputs).
            target: Shape (rows,): class codes, or values in the units of scores; of labels (rows, outputs).
        """

    def __call__(
        self, scores: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, mass: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The weighted mean over rows; the members of a network count alike.

        Args:
            scores: Shape (rows, outputs) or (rows, members, outputs).
            target: Shape (rows,), of labels (rows, outputs).
            weight: Shape (rows,).
            mass: What the rows of the whole batch count together, if these are a part of it: the parts' losses are to
                be added.
        """
        if scores.dim() == 3:
            members = scores.shape[1]
            mass = None if mass is None else mass * members
            scores = scores.flatten(0, 1)
            target, weight = (given.repeat_interleave(members, dim=0) for given in (target, weight))
        counted = self.weights(target, weight)
        return (self.rows(scores, target) * counted).sum() / (counted.sum() if mass is None else mass)

    def weights(self, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """What each row counts."""
        return weight


class CrossEntropy(Criterion):
    """Cross-entropy of logits.

    Args:
        of_class: What rows of each class count, shape (classes,); None if all count alike.
        loss: Its config.
    """

    def __init__(self, of_class: torch.Tensor | None, loss: losses.CrossEntropy) -> None:
        self._of_class = of_class
        self._smoothing = loss.label_smoothing

    def rows(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Negative logarithms of the true class's probability."""
        return functional.cross_entropy(scores, target, reduction="none", label_smoothing=self._smoothing)

    def weights(self, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The row's weight times its class's."""
        if self._of_class is None:
            return weight
        self._of_class = self._of_class.to(weight.device)  # once: each move to a GPU waits for it
        return weight * self._of_class[target]


def class_weights(
    given: str | Mapping[str, float] | None, target: torch.Tensor, weight: torch.Tensor, output: Output
) -> torch.Tensor | None:
    """What the rows of each class count, shape (classes,); raises `DataError` for a class that there is not."""
    names = [str(name) for name in output.classes or ()]
    if not isinstance(given, str):
        return _by_name(given, names, "class")
    mass = torch.bincount(target, weights=weight.double(), minlength=len(names))
    return torch.where(mass > 0, mass.sum() / (len(names) * mass), 1.0).float()


def _by_name(given: Mapping[str, float] | None, names: list[str], what: str) -> torch.Tensor | None:
    """Numbers in the order of the names, 1 for those that are not given."""
    if given is None:
        return None
    for name in given:
        if name not in names:
            at = {"class": "loss.class_weight", "label": "loss.positive_weight"}[what]
            raise DataError(f"{at}: {unknown(what, name, names)}", code=f"unknown-{what}")
    return torch.tensor([given.get(name, 1.0) for name in names])


class BinaryCrossEntropy(Criterion):
    """Binary cross-entropy of logits, the mean over labels.

    Args:
        of_label: What each label counts where it is there, shape (labels,); None if 1.
        loss: Its config.
    """

    def __init__(self, of_label: torch.Tensor | None, loss: losses.BinaryCrossEntropy) -> None:
        self._of_label = of_label
        self._smoothing = loss.label_smoothing

    def rows(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Negative logarithms of the probability of what is true."""
        truth = target * (1 - self._smoothing) + self._smoothing / 2
        if self._of_label is not None:
            self._of_label = self._of_label.to(scores.device)
        each = functional.binary_cross_entropy_with_logits(scores, truth, reduction="none", pos_weight=self._of_label)
        return each.mean(dim=1)


def positive_weights(
    given: str | Mapping[str, float] | None, target: torch.Tensor, weight: torch.Tensor, output: Output
) -> torch.Tensor | None:
    """What each label counts where it is there, shape (labels,); raises `DataError` for one that there is not."""
    if not isinstance(given, str):
        return _by_name(given, [str(name) for name in output.classes or ()], "label")
    mass = weight.double()
    there = (target * mass[:, None]).sum(dim=0)
    absent = mass.sum() - there
    return torch.where((there > 0) & (absent > 0), absent / there, 1.0).float()


class Squared(Criterion):
    """Squared error."""

    def rows(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Squares of what is missed."""
        return functional.mse_loss(scores.squeeze(-1), target, reduction="none")


class Absolute(Criterion):
    """Absolute error."""

    def rows(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """What is missed."""
        return functional.l1_loss(scores.squeeze(-1), target, reduction="none")


class Huber(Criterion):
    """Huber's loss.

    Args:
        delta: Where squares end.
    """

    def __init__(self, delta: float) -> None:
        self._delta = delta

    def rows(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Half squares, then lines."""
        return functional.huber_loss(scores.squeeze(-1), target, reduction="none", delta=self._delta)


class Pinball(Criterion):
    """The pinball loss, averaged over levels.

    Args:
        levels: The levels.
    """

    def __init__(self, levels: tuple[float, ...]) -> None:
        self._levels = torch.tensor(levels)

    def rows(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """What is missed, times the level above and one minus it below."""
        short = target[:, None] - scores
        self._levels = levels = self._levels.to(scores.device)
        return torch.maximum(levels * short, (levels - 1) * short).mean(dim=1)
