"""From values to places along an axis."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from headway_optuna.texts import exact, one_line

FAR = 4.0
"""Interquartile ranges beyond the quartiles, at which an axis ends on its worse side."""


class Axis(Protocol):
    """Where values lie."""

    def place(self, value: Any) -> float:
        """From 0 to 1; what lies beyond an end is placed at it."""

    def ticks(self) -> list[tuple[float, str]]:
        """Places with their labels, in their order."""


@dataclass(frozen=True)
class Numeric:
    """Numbers between two ends, evenly or by their logarithms; labels of whole numbers are whole."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    @classmethod
    def of(cls, values: Iterable[float], *, log: bool = False) -> Numeric:
        """An axis just longer than its values."""
        found = list(values) or [0.0, 1.0]
        low, high = min(found), max(found)
        if log and low > 0:
            return cls(low / 1.15, high * 1.15, log=True)
        if all(isinstance(value, int) for value in found):
            margin = max(0.5, (high - low) * 0.02)
            return cls(low - margin, high + margin, whole=True)
        margin = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
        return cls(low - margin, high + margin)

    def place(self, value: Any) -> float:
        """See `Axis`."""
        low, high, at = self.low, self.high, float(value)
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(max(at, self.low))
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def ticks(self) -> list[tuple[float, str]]:
        """See `Axis`: round numbers."""
        values = self._powers() if self.log else self._steps()
        return [(self.place(value), _round(value)) for value in values]

    def _steps(self) -> list[float]:
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * 0.999)
        step = max(step, 1.0) if self.whole else step
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _powers(self) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        decades = last - first
        factors: tuple[int, ...] = (1, 2, 5) if decades <= 2 else (1,)
        every = max(1, decades // 5)
        found = [factor * 10.0**power for power in range(first, last + 1, every) for factor in factors]
        inside = [value for value in found if self.low <= value <= self.high]
        return inside if len(inside) > 1 else self._steps()


def _round(value: float) -> str:
    text = f"{value:.6g}" if abs(value) > 1e-300 else "0"
    mantissa, sign, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if sign else text


@dataclass(frozen=True)
class Categories:
    """Values that are only alike or not, in the order of their places; JSON texts in `keys`."""

    keys: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, values: Iterable[Any]) -> Categories:
        """All values that occur: null first, then numbers by size, then text and all else by its letters."""
        known = {key_of(value): value for value in values}
        keys = sorted(known, key=lambda key: _rank(known[key]))
        return cls(tuple(keys), tuple(one_line(exact(known[key])) for key in keys))

    def place(self, value: Any) -> float:
        """See `Axis`: the middle of the value's own part of the axis."""
        return (self.keys.index(key_of(value)) + 0.5) / len(self.keys)

    def ticks(self) -> list[tuple[float, str]]:
        """See `Axis`."""
        return [((index + 0.5) / len(self.keys), label) for index, label in enumerate(self.labels)]


def key_of(value: Any) -> str:
    """What two values share that are the same."""
    return json.dumps(value, sort_keys=True)


def _rank(value: Any) -> tuple[int, float, str]:
    if value is None:
        return 0, 0.0, ""
    number = is_number(value)
    return 1 if number else 2, float(value) if number else 0.0, key_of(value)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def axis_of(values: Sequence[Any], distribution: str) -> Axis:
    """The axis of a parameter.

    Args:
        values: The values that occur.
        distribution: Its distribution in words, such as ``float 0.0001 … 0.01, log``.
    """
    if distribution.startswith("choice") or not values or not all(map(is_number, values)):
        return Categories.of(values)
    return Numeric.of(values, log=distribution.partition("; when ")[0].endswith(", log"))


def objective_axis(values: Sequence[float], direction: str) -> Numeric:
    """The axis of an objective; trials that are far worse than the rest do not squeeze the rest together."""
    ordered = sorted(values)
    if len(ordered) < 8:
        return Numeric.of(ordered)
    low, high = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
    reach = FAR * (high - low)
    if direction == "minimize":
        kept = [value for value in ordered if value <= high + reach]
    else:
        kept = [value for value in ordered if value >= low - reach]
    return Numeric.of(kept if high > low else ordered)


def beyond(axis: Numeric, values: Iterable[float]) -> str:
    """What to say of values beyond the ends of an axis; nothing if there are none."""
    count = sum(not axis.low <= value <= axis.high for value in values)
    if not count:
        return ""
    return f" {count} value{'s' if count > 1 else ''} far from the rest {'are' if count > 1 else 'is'} put on the edge."
