"""What the scores of a network mean: probabilities, values, quantiles."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch


class Head(torch.nn.Module):
    """Scores → outputs.

    Scores have shape (rows, outputs), or (rows, members, outputs) from a network of several members, whose
    outputs are averaged, in float64: the mean over an axis that is not the last is not the same for every
    batch size in float32.

    Args:
        outputs: Scores a row.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        """Shape (rows, outputs), or (rows,) for a value; float32."""
        given = self.each(scores)
        return given if scores.dim() == 2 else given.double().mean(dim=1).float()

    @abstractmethod
    def each(self, scores: torch.Tensor) -> torch.Tensor:
        """The outputs of each member."""

    def joined(self, scores: torch.Tensor) -> torch.Tensor:
        """The scores, of shape (rows, outputs), whose outputs are the mean of the members': what validation judges."""
        return scores if scores.dim() == 2 else self.mean(scores)

    @abstractmethod
    def mean(self, scores: torch.Tensor) -> torch.Tensor:
        """`joined` of several members."""

    def fit(self, target: torch.Tensor, weight: torch.Tensor) -> None:
        """Learns the target's units from the training rows, of shape (rows,) each."""

    def scaled(self, target: torch.Tensor) -> torch.Tensor:
        """The target in the units of scores."""
        return target


class Probabilities(Head):
    """Softmax over the classes."""

    def each(self, scores: torch.Tensor) -> torch.Tensor:
        """Probabilities."""
        return torch.softmax(scores, dim=-1)

    def mean(self, scores: torch.Tensor) -> torch.Tensor:
        """Logarithms of mean probabilities."""
        return torch.log_softmax(scores, dim=-1).logsumexp(dim=1) - math.log(scores.shape[1])


class Values(Head):
    """Values in the units of the target: scores are in its standard deviations from its mean."""

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__(outputs)
        self.register_buffer("centre", torch.zeros(()))
        self.register_buffer("spread", torch.ones(()))

    def fit(self, target: torch.Tensor, weight: torch.Tensor) -> None:
        """The weighted mean and standard deviation; 1 for a constant target."""
        target, weight = target.double(), weight.double()
        centre = (target * weight).sum() / weight.sum()
        spread = ((target - centre).square() * weight).sum().div(weight.sum()).sqrt()
        self.centre.fill_(float(centre))
        self.spread.fill_(float(spread) if spread > 0 else 1.0)

    def scaled(self, target: torch.Tensor) -> torch.Tensor:
        """Standardised."""
        return (target - self.centre) / self.spread

    def each(self, scores: torch.Tensor) -> torch.Tensor:
        """Values, shape (rows,) or (rows, members)."""
        return scores.squeeze(-1) * self.spread + self.centre

    def mean(self, scores: torch.Tensor) -> torch.Tensor:
        """Means."""
        return scores.mean(dim=1)


class Quantiles(Values):
    """Quantiles, ascending: each is at least the one before it."""

    def each(self, scores: torch.Tensor) -> torch.Tensor:
        """Values of shape (rows, levels) or (rows, members, levels)."""
        return self._rising(scores) * self.spread + self.centre

    def mean(self, scores: torch.Tensor) -> torch.Tensor:
        """Means of what ascends."""
        return self._rising(scores).mean(dim=1)

    def _rising(self, scores: torch.Tensor) -> torch.Tensor:
        rising = [scores[..., 0]]
        for level in range(1, self.outputs):
            rising.append(torch.maximum(rising[-1], scores[..., level]))
        return torch.stack(rising, dim=-1)
