"""Baselines: what a larger model must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt
from headway.contracts import Features
from headway.stage import Context, Stage

from headway_sklearn.models import LinearModel, MajorityModel


@dataclass(frozen=True)
class Majority(Stage):
    """The answer of someone who sees no column: class shares for classification, the mean for regression.

    Its most probable class is the majority's. Weights of rows are honoured.
    """

    def run(self, context: Context, features: Features) -> MajorityModel:
        """Counts the training rows; records metrics of the validation split, if there is one."""
        from headway_sklearn import fit

        return fit.finish(context, features, fit.majority(features))


@dataclass(frozen=True)
class Linear(Stage):
    """Logistic regression for classification, ridge regression for regression (scikit-learn's).

    Codes are one-hot encoded, unseen ones included (their weight stays 0, as does what no training row
    has). The penalty is half the squared weights, without the intercept. Weights of rows are honoured.
    """

    C: Annotated[float, Gt(0)] = 1.0
    """Trust in the data against the penalty: the loss, summed over rows, is multiplied by it."""

    max_iter: Annotated[int, Ge(1)] = 1000
    """Iterations after which fitting stops, with a warning if it has not converged."""

    def run(self, context: Context, features: Features) -> LinearModel:
        """Fits on the training rows; records metrics of the validation split, if there is one.

        Raises:
            DataError: There are no training rows, they hold one class only, or an array is neither a
                vector of float32 nor codes.
        """
        from headway_sklearn import fit

        return fit.finish(context, features, fit.linear(features, self.C, self.max_iter, context.log))
