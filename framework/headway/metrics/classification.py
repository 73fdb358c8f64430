"""Metrics of probabilities of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headway.metrics.base import Metric, RowMetric, mean_of_known

if TYPE_CHECKING:
    import numpy as np


class Accuracy(RowMetric):
    """The share of rows whose most probable class is the target; of equally probable ones, the first."""

    name, task, maximize = "accuracy", "classification", True

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """1 where the class is right, else 0."""
        import numpy as np

        return np.asarray(output.argmax(axis=1) == target, dtype=np.float64)


class LogLoss(RowMetric):
    """Mean negative logarithm of the probability given to the true class, in nats.

    Probabilities are kept at least 2⁻²³ (the resolution of float32) away from 0 and 1, so that one
    certain mistake costs 15.9, not infinity.
    """

    name, task, maximize = "log_loss", "classification", False

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The negative logarithm of the true class's probability."""
        import numpy as np

        edge = 2.0**-23
        chosen = output[np.arange(len(target)), target]
        return np.asarray(-np.log(np.clip(chosen, edge, 1 - edge)))


class Brier(RowMetric):
    """Mean squared distance of the probabilities from the truth (Brier, 1950).

    Of two classes it is the square for the positive (last) class alone, between 0 and 1; of more, the
    sum of squares over all classes, between 0 and 2.
    """

    name, task, maximize = "brier", "classification", False

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The squared distance."""
        import numpy as np

        if output.shape[1] == 2:
            return np.asarray((output[:, 1] - target) ** 2)
        truth = np.eye(output.shape[1])[target]
        return np.asarray(((output - truth) ** 2).sum(axis=1))


class Auroc(Metric):
    """Area under the ROC curve: how often a positive row is ranked above a negative one; ties count half.

    Of more than two classes it is the plain mean, over the classes that occur among the rows, of each
    class against the rest. Undefined where fewer than two classes occur.
    """

    name, task, maximize = "auroc", "classification", True

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The areas; equal scores count half, exactly."""
        if output.shape[1] == 2:
            return area(target == 1, output[:, 1], weights)
        areas = [area(target == code, output[:, code], weights) for code in range(output.shape[1])]
        return mean_of_known(areas)


def area(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The Mann-Whitney form of the area, for each weighting."""
    import numpy as np

    mass = weights.T  # one row a row, so that what follows copies and adds whole rows
    falling = np.flatnonzero(~positive)
    falling = falling[np.argsort(score[falling], kind="stable")]
    below = np.zeros((len(falling) + 1, mass.shape[1]))
    np.cumsum(mass[falling], axis=0, out=below[1:])
    wins = [np.searchsorted(score[falling], score[positive], side=side) for side in ("left", "right")]
    won = np.einsum("rw,rw->w", mass[positive], below[wins[0]] + below[wins[1]]) / 2
    pairs = mass[positive].sum(axis=0) * below[-1]
    return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), np.nan)
