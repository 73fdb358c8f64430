"""Numbers and names as people write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

NAMES = {
    "auroc": "AUROC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "rmse": "RMSE",
    "mae": "mean absolute error",
    "r2": "R²",
    "pinball": "pinball loss",
    "interval_coverage": "coverage of the outer interval",
    "interval_width": "width of the outer interval",
}

PLACES = 4
"""Decimals of a number, unless it is large or tiny."""


def called(metric: str) -> str:
    """A metric's name."""
    return NAMES.get(metric, metric.replace("_", " "))


def decimals(*values: float) -> int:
    """To how many decimals numbers of this size are written: `PLACES`, fewer of large ones, more of tiny ones."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if not largest:
        return PLACES
    exponent = math.floor(math.log10(largest))
    return min(max(PLACES - exponent, 0), PLACES) if exponent >= 0 else min(max(PLACES, 2 - exponent), 3 * PLACES)


def number(value: float, places: int = PLACES) -> str:
    """A number with so many decimals."""
    return f"{value:,.{places}f}".replace("-", "−")


def signed(value: float, places: int = PLACES) -> str:
    """A difference with its sign, with so many decimals."""
    return f"{value:+,.{places}f}".replace("-", "−")


def between(low: float, high: float, places: int, write: Callable[[float, int], str] = number) -> str:
    """An interval."""
    return f"{write(low, places)} to {write(high, places)}"


def percent(share: float) -> str:
    """A level such as ``95 %``."""
    return f"{share * 100:g} %"


def cell(value: object) -> str:
    """A cell of a table, whatever it holds."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}"
    if isinstance(value, float):
        usual = 1e-3 <= abs(value) < 1e6
        return number(value, min(PLACES, decimals(value))) if usual else f"{value:.2g}".replace("-", "−")
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {cell(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    return str(value)
