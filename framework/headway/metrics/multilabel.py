"""Metrics of labels, any number of which a row may have.

Macro means are those over labels, each counting alike; labels for which the number is undefined are left out. Micro
figures count each label of each row alike (Tsoumakas et al., Mining Multi-label Data, 2010).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from headway.metrics.base import Metric, RowMetric, mean_of_known, sums
from headway.metrics.classification import area

if TYPE_CHECKING:
    import numpy as np

THRESHOLD = 0.5
"""The probability from which on a label is taken to be there."""


class MacroMetric(Metric):
    """The mean over labels of a number a label; undefined where it is for all of them."""

    @abstractmethod
    def per_label(self, positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The number of one label for each weighting; NaN where it is undefined.

        Args:
            positive: Which rows have the label; shape (rows,), boolean.
            score: Its probabilities, shape (rows,).
            weights: Shape (weightings, rows).
        """

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The means."""
        labels = range(target.shape[1])
        return mean_of_known([self.per_label(target[:, label] > 0, output[:, label], weights) for label in labels])


class MacroAuroc(MacroMetric):
    """Mean area under the ROC curve of the labels that some rows have and some have not."""

    name, task, maximize = "macro_auroc", "multilabel", True

    def per_label(self, positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The areas."""
        return area(positive, score, weights)


class MacroAveragePrecision(MacroMetric):
    """Mean average precision of the labels that some rows have: Σ (Rₙ - Rₙ₋₁) Pₙ over the thresholds.

    Recall R and precision P are not interpolated, as in scikit-learn. Guessing gives the label's share of the rows.
    """

    name, task, maximize = "macro_average_precision", "multilabel", True

    def per_label(self, positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The average precisions."""
        import numpy as np

        order = np.argsort(-score, kind="stable")
        there = np.flatnonzero(positive[order])
        if not len(there):
            return np.full(len(weights), np.nan)
        # Equal scores are one threshold, and only those count at which some row has the label.
        ends = np.searchsorted(-score[order], -score[order][there], side="right")
        last = np.flatnonzero(np.append(np.diff(ends) > 0, True))
        mass = weights.T[order[: ends[-1]]]
        taken = np.cumsum(np.add.reduceat(mass, np.append(0, ends[last][:-1]), axis=0), axis=0)
        found = np.cumsum(mass[there], axis=0)[last]
        precision = found / np.where(taken > 0, taken, 1)
        total = found[-1]
        gained = (np.diff(found, axis=0, prepend=0) * precision).sum(axis=0)
        return np.asarray(np.where(total > 0, gained / np.where(total > 0, total, 1), np.nan))


class MicroF1(Metric):
    """F1 of the labels with a probability of at least .5, over all labels of all rows; undefined where there are none.

    The harmonic mean of how many of those taken to be there are (precision), and how many of those there are found
    (recall).
    """

    name, task, maximize = "micro_f1", "multilabel", True

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Twice what is found, over what is taken and what is there."""
        import numpy as np

        taken, there = output >= THRESHOLD, target > 0
        found = sums(weights, (taken & there).sum(axis=1).astype(np.float64))
        both = sums(weights, (taken.sum(axis=1) + there.sum(axis=1)).astype(np.float64))
        return np.where(both > 0, 2 * found / np.where(both > 0, both, 1), np.nan)


class SubsetAccuracy(RowMetric):
    """The share of rows all of whose labels are right, taken to be there from a probability of .5 on."""

    name, task, maximize = "subset_accuracy", "multilabel", True

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """1 where all are right, else 0."""
        import numpy as np

        return np.asarray(((output >= THRESHOLD) == (target > 0)).all(axis=1), dtype=np.float64)


class BinaryCrossEntropy(RowMetric):
    """Mean over labels of the negative logarithm of the probability given to what is true, in nats.

    Probabilities are kept from 0 and 1 as those of `log_loss` are.
    """

    name, task, maximize = "binary_cross_entropy", "multilabel", False

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The mean of the negative logarithms."""
        import numpy as np

        edge = 2.0**-23
        chosen = np.where(target > 0, output, 1 - output)
        return np.asarray(-np.log(np.clip(chosen, edge, 1 - edge)).mean(axis=1))
