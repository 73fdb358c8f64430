"""What a parameter is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Float:
    """Real numbers from `low` to `high`, both included.

    Attributes:
        low: The least.
        high: The greatest.
        log: Drawn evenly in the logarithm.
        step: Distance between neighbours from `low` on; None for any number.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None


@dataclass(frozen=True)
class Int:
    """Whole numbers from `low` to `high`, both included.

    Attributes:
        low: The least.
        high: The greatest.
        log: Drawn evenly in the logarithm.
        step: Distance between neighbours, from `low` on.
    """

    low: int
    high: int
    log: bool = False
    step: int = 1


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Attributes:
        options: The values, in JSON types.
        labels: What Optuna sees of each: itself if it is a scalar, else its text.
    """

    options: tuple[Any, ...]
    labels: tuple[Any, ...]


Distribution = Float | Int | Choice
