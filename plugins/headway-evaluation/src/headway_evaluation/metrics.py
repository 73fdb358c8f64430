"""Metrics of the interval between the outermost quantiles.

Neither is better when it is more or less: an interval shall hold as many rows as its levels say, no more, and the
narrowest of those that do is best. The pinball loss weighs both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from headway.metrics import Metric, RowMetric

if TYPE_CHECKING:
    import numpy as np
    from headway.contracts import Output


class IntervalMetric(RowMetric):
    """A metric of the lowest and the highest quantile; undefined where there are not two levels.

    Args:
        levels: The levels, in the order of the output's last axis.
    """

    task, maximize = "quantile", None

    def __init__(self, levels: Sequence[float] = ()) -> None:
        self.levels = tuple(levels)

    @classmethod
    def of(cls, output: Output) -> Self:
        """The metric for the output's levels."""
        return cls(output.levels or ())

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The number of every row, NaN without an interval."""
        import numpy as np

        if len(self.levels) < 2:
            return np.full(len(target), np.nan)
        ends = (self.levels.index(end(self.levels)) for end in (min, max))
        low, high = (output[:, position] for position in ends)
        return np.asarray(self.of_interval(target, low, high), dtype=np.float64)

    @abstractmethod
    def of_interval(self, target: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """The number of every row; all arrays of shape (rows,)."""


class Coverage(IntervalMetric):
    """The share of rows whose target lies within the outer interval, ends included."""

    name = "interval_coverage"

    def of_interval(self, target: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """1 for rows within, else 0."""
        held: np.ndarray = at_most(low, target) & at_most(target, high)
        return held


class Width(IntervalMetric):
    """The mean width of the outer interval, in the target's units."""

    name = "interval_width"

    def of_interval(self, target: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """The widths; negative where quantiles cross."""
        apart: np.ndarray = high - low
        return apart


def at_most(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Whether numbers are at most others, in float32 as outputs are: else a quantile that is a row's value may miss it.

    Args:
        one: Shape (rows,).
        two: Shape (rows,).
    """
    import numpy as np

    return np.asarray(one.astype(np.float32) <= two.astype(np.float32))


INTERVAL: tuple[type[Metric], ...] = (Coverage, Width)
"""What the plugin registers."""
