"""Optimizers by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Gt, Lt

if TYPE_CHECKING:
    import torch

Share = Annotated[float, Ge(0), Lt(1)]


class Optimizer(ABC):
    """An optimizer, registered by name (kind ``optimizer``): a frozen dataclass whose fields are its config."""

    @abstractmethod
    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> torch.optim.Optimizer:
        """Torch's optimizer.

        Args:
            groups: Parameters with a ``weight_decay`` each, as torch's optimizers take them.
            learning_rate: The step size that schedules multiply.
        """


@dataclass(frozen=True)
class _Moments(Optimizer):
    """Steps from the decaying means of gradients and of their squares."""

    beta1: Share = 0.9
    """Decay of the mean of gradients."""
    beta2: Share = 0.999
    """Decay of the mean of their squares."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """What is added to the root of the latter."""

    def _settings(self, learning_rate: float) -> dict[str, Any]:
        return {"lr": learning_rate, "betas": (self.beta1, self.beta2), "eps": self.epsilon, "fused": True}


@dataclass(frozen=True)
class AdamW(_Moments):
    """AdamW (Loshchilov and Hutter, 2019, https://arxiv.org/abs/1711.05101), fused."""

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> torch.optim.Optimizer:
        """See `Optimizer`."""
        import torch

        return torch.optim.AdamW(groups, **self._settings(learning_rate))


@dataclass(frozen=True)
class Adam(_Moments):
    """Adam (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980), fused; its weight decay is an L2 penalty."""

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> torch.optim.Optimizer:
        """See `Optimizer`."""
        import torch

        return torch.optim.Adam(groups, **self._settings(learning_rate))


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, fused."""

    momentum: Share = 0.9
    """Decay of the mean of gradients."""
    nesterov: bool = True
    """Whether the gradient is that of where momentum leads (Nesterov, 1983)."""

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> torch.optim.Optimizer:
        """See `Optimizer`."""
        import torch

        nesterov = self.nesterov and self.momentum > 0
        return torch.optim.SGD(groups, lr=learning_rate, momentum=self.momentum, nesterov=nesterov, fused=True)
