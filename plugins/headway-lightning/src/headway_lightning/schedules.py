"""Schedules of the learning rate, by name."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le


class Schedule(ABC):
    """A schedule, registered by name (kind ``schedule``): a frozen dataclass whose fields are its config."""

    @abstractmethod
    def factor(self, passed: float) -> float:
        """What the learning rate is multiplied by.

        Args:
            passed: The share of training, as its limits allow it, that has passed since warm-up: 0 to 1.
        """


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate throughout."""

    def factor(self, passed: float) -> float:
        """One."""
        return 1.0


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from one to `least` (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1608.03983)."""

    least: Annotated[float, Ge(0), Le(1)] = 0.0
    """The factor at the end."""

    def factor(self, passed: float) -> float:
        """See `Schedule`."""
        return self.least + (1 - self.least) * (1 + math.cos(math.pi * passed)) / 2


@dataclass(frozen=True)
class Linear(Schedule):
    """A straight line from one to `least`."""

    least: Annotated[float, Ge(0), Le(1)] = 0.0
    """The factor at the end."""

    def factor(self, passed: float) -> float:
        """See `Schedule`."""
        return 1 - (1 - self.least) * passed


@dataclass(frozen=True)
class Steps(Schedule):
    """Multiplied by `by` at each of the shares `at`."""

    at: tuple[Annotated[float, Gt(0), Le(1)], ...] = (0.5, 0.75)
    """Shares of training."""
    by: Annotated[float, Gt(0)] = 0.1
    """The factor of each."""

    def factor(self, passed: float) -> float:
        """See `Schedule`."""
        return self.by ** sum(passed >= share for share in self.at)
