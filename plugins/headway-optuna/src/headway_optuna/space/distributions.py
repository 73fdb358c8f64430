"""What a parameter's values are drawn from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

SHOWN = 8
"""How many options of a choice are shown."""


@dataclass(frozen=True)
class Float:
    """Floats between two bounds, both included.

    Attributes:
        low: The lower bound.
        high: The upper bound; one of the grid if there is a step.
        log: Whether the scale is logarithmic.
        step: The distance of the grid's values; None for all floats.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def size(self) -> int | None:
        """How many values there are; None if they are not countable."""
        return None if self.step is None else round((exact(self.high) - exact(self.low)) / exact(self.step)) + 1

    def values(self) -> Iterator[float]:
        """The values of the grid, ascending, each the float nearest to the exact decimal."""
        return (self._at(index) for index in range(self.size or 0))

    def exact(self, value: float) -> float:
        """The value itself; of a grid the one that is meant by a sum of floats."""
        if self.step is None:
            return float(value)
        return self._at(round((exact(float(value)) - exact(self.low)) / exact(self.step)))

    def _at(self, index: int) -> float:
        return float(exact(self.low) + index * exact(self.step or 0.0))

    def probes(self) -> tuple[float, ...]:
        """Its ends and something between."""
        return tuple(dict.fromkeys((self.low, self.middle, self.high)))

    @property
    def middle(self) -> float:
        """A value in the middle of the scale."""
        between = math.sqrt(self.low) * math.sqrt(self.high) if self.log else self.low / 2 + self.high / 2
        return self.exact(min(max(between, self.low), self.high))

    def misfit(self, value: Any) -> str | None:
        """Why a value is none of these; None if it is one."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{shown(value)} is no number"
        if not self.low <= value <= self.high:
            return f"{shown(value)} is not between {number(self.low)} and {number(self.high)}"
        if self.step is not None and self.exact(value) != value:
            return f"{shown(value)} is not on the grid of {self}"
        return None

    def __str__(self) -> str:
        by = "" if self.step is None else f" by {number(self.step)}"
        return f"float {number(self.low)} … {number(self.high)}{by}{', log' if self.log else ''}"


@dataclass(frozen=True)
class Int:
    """Integers between two bounds, both included.

    Attributes:
        low: The lower bound.
        high: The upper bound, one of the values.
        log: Whether the scale is logarithmic.
        step: The distance of the values.
    """

    low: int
    high: int
    log: bool = False
    step: int = 1

    @property
    def size(self) -> int:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    def values(self) -> Iterator[int]:
        """All values, ascending."""
        return iter(range(self.low, self.high + 1, self.step))

    def exact(self, value: float) -> int:
        """The value itself."""
        return int(value)

    def probes(self) -> tuple[int, ...]:
        """Its ends and something between."""
        return tuple(dict.fromkeys((self.low, self.middle, self.high)))

    @property
    def middle(self) -> int:
        """A value in the middle of the scale."""
        if self.log:
            return min(max(round(math.sqrt(self.low * self.high)), self.low), self.high)
        return self.low + (self.size - 1) // 2 * self.step

    def misfit(self, value: Any) -> str | None:
        """Why a value is none of these; None if it is one."""
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{shown(value)} is no integer"
        if not self.low <= value <= self.high:
            return f"{value} is not between {self.low} and {self.high}"
        if (value - self.low) % self.step:
            return f"{value} is not one of {self.low} … {self.high} by {self.step}"
        return None

    def __str__(self) -> str:
        by = "" if self.step == 1 else f" by {self.step}"
        return f"int {self.low} … {self.high}{by}{', log' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """Some values without an order.

    Attributes:
        options: The values, in JSON types.
        labels: What a sampler sees of each: the value, or the JSON text of a list or mapping.
    """

    options: tuple[Any, ...]
    labels: tuple[bool | int | float | str | None, ...]

    @classmethod
    def of(cls, options: tuple[Any, ...]) -> Choice:
        """A choice of values that `label` tells apart."""
        return cls(options, tuple(label(option) for option in options))

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.options)

    def values(self) -> Iterator[Any]:
        """All values."""
        return iter(self.options)

    def option(self, label: bool | int | float | str | None) -> Any:
        """The value of a label."""
        return self.options[self.labels.index(label)]

    def exact(self, value: Any) -> Any:
        """The value itself."""
        return value

    def probes(self) -> tuple[Any, ...]:
        """All values."""
        return self.options

    @property
    def middle(self) -> Any:
        """The first value."""
        return self.options[0]

    def misfit(self, value: Any) -> str | None:
        """Why a value is none of these; None if it is one."""
        if any(text(value) == text(option) for option in self.options):
            return None
        return f"{shown(value)} is none of {self.listed()}"

    def listed(self) -> str:
        """The first options, in words."""
        names = [shown(option) for option in self.options]
        return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")

    def __str__(self) -> str:
        return f"choice of {self.size}: {self.listed()}"


Distribution = Float | Int | Choice


def to_json(distribution: Distribution) -> dict[str, Any]:
    """A distribution in JSON types; what a sampler does not see is left out."""
    if isinstance(distribution, Choice):
        return {"choice": list(distribution.options)}
    return {type(distribution).__name__.lower(): asdict(distribution)}


def label(value: Any) -> bool | int | float | str | None:
    """What a sampler sees of a value."""
    return text(value) if isinstance(value, list | dict) else value


def text(value: Any) -> str:
    """The JSON text of a value, the same for the same value and type."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, str):
        return value if value.replace("_", "a").replace("-", "a").isalnum() and not value.isdigit() else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    return text(value)


def number(value: float) -> str:
    """A number without a needless point."""
    return repr(value).removesuffix(".0")


def exact(value: float) -> Fraction:
    """The decimal that people mean by a float."""
    return Fraction(repr(value))
