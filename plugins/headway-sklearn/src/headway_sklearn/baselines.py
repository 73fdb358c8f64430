"""Baselines: what a larger model must beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Lt, MinLen
from headway.contracts import Features
from headway.errors import DataError, Place
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
class Quantile(Stage):
    """Quantiles of the target over the training rows: what intervals and quantile models must beat.

    Each is the smallest target that as large a share of the training rows, by weight, does not exceed.
    """

    levels: Annotated[tuple[Annotated[float, Gt(0), Lt(1)], ...], MinLen(1)] = (0.1, 0.5, 0.9)
    """The levels, ascending."""

    def __post_init__(self) -> None:
        """Raises `DataError` if the levels do not ascend."""
        if any(one >= other for one, other in zip(self.levels, self.levels[1:], strict=False)):
            levels = ", ".join(f"{level:g}" for level in sorted(set(self.levels)))
            what = "levels must ascend, each once"
            raise DataError(what, where=Place("levels"), hint=f"write [{levels}]", code="quantile-levels")

    def run(self, context: Context, features: Features) -> MajorityModel:
        """Sorts the training targets; records the pinball loss on the validation split, if there is one.

        Raises:
            DataError: There are no training rows, or the target is no number.
        """
        from headway_sklearn import fit

        return fit.finish(context, features, fit.quantile(features, self.levels))


@dataclass(frozen=True)
class Linear(Stage):
    """Logistic regression for classification, ridge regression for regression (scikit-learn's).

    Codes are one-hot encoded, unseen ones included (their weight stays 0, as does what no training row has). The
    penalty is half the squared weights, without the intercept; `C: null` leaves it out, which is least squares for
    regression. Weights of rows are honoured.
    """

    space: ClassVar[Mapping[str, str]] = {"C": "tag(log, interval(1e-4, 1e4))"}
    """What to search, as scikit-learn's LogisticRegressionCV does."""

    C: Annotated[float, Gt(0)] | None = 1.0
    """Trust in the data against the penalty: the loss, summed over rows, is multiplied by it. Null for no penalty:
    least squares, and logistic regression without regularisation."""

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
