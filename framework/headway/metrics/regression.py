"""Metrics of values and of quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from headway.metrics.base import Metric, RowMetric, misfit, sums

if TYPE_CHECKING:
    import numpy as np

    from headway.contracts.model import Output


class Rmse(Metric):
    """Root of the mean squared error, in the target's units."""

    name, task, maximize = "rmse", "regression", False

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The roots."""
        import numpy as np

        return np.asarray(np.sqrt(sums(weights, (output - target) ** 2) / weights.sum(axis=1)))


class Mae(RowMetric):
    """Mean absolute error, in the target's units."""

    name, task, maximize = "mae", "regression", False

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The absolute error."""
        import numpy as np

        return np.asarray(np.abs(output - target))


class Pinball(RowMetric):
    """Mean pinball loss of quantiles over their levels, in the target's units (Koenker and Bassett, 1978).

    Of the level 0.5 alone it is half the mean absolute error.

    Args:
        levels: The levels, in the order of the output's last axis, as in `Output.levels`.
    """

    name, task, maximize = "pinball", "quantile", False

    def __init__(self, levels: Sequence[float] = (0.5,)) -> None:
        self.levels = tuple(levels)

    @classmethod
    def of(cls, output: Output) -> Self:
        """The metric for the output's levels."""
        return cls(output.levels or (0.5,))

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The loss, averaged over the levels."""
        import numpy as np

        if output.shape[1:] != (len(self.levels),):
            raise misfit(self, f"{len(self.levels)} levels and output of shape {output.shape} do not fit")
        short, levels = target[:, None] - output, np.asarray(self.levels)
        return np.asarray(np.maximum(levels * short, (levels - 1) * short).mean(axis=1))


class R2(Metric):
    """The share of the target's variance that is explained: 1 is perfect, 0 is the mean, less is worse.

    Undefined where the target is constant.
    """

    name, task, maximize = "r2", "regression", True

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """One minus residual over total sum of squares."""
        import numpy as np

        total = weights.sum(axis=1)
        mean = sums(weights, target) / total
        spread = np.einsum("wr,wr->w", weights, (target[None] - mean[:, None]) ** 2)
        residual = sums(weights, (output - target) ** 2)
        constant = spread <= 1e-24 * total * np.square(target, dtype=np.float64).max(initial=0.0)
        return np.where(constant, np.nan, 1 - residual / np.where(constant, 1, spread))
