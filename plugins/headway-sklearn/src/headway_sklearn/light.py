"""Gradient-boosted trees of LightGBM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le
from headway import Seed, Uncached
from headway.contracts import Features
from headway.errors import DataError, HeadwayError
from headway.stage import Context, Stage

from headway_sklearn.models import LightTrees


@dataclass(frozen=True)
class LightGBM(Stage):
    """LightGBM's gradient-boosted trees (Ke et al., 2017); needs ``headway-sklearn[lightgbm]``.

    Codes are categories: a split sends a set of them left. A code that no training row has, or too few, goes right.
    Weights of rows are honoured; rows of weight 0 are left out.
    """

    space: ClassVar[Mapping[str, str]] = {
        "learning_rate": "tag(log, interval(1e-3, 1.0))",
        "num_leaves": "int(interval(4, 768))",
        "min_sum_hessian_in_leaf": "tag(log, interval(1e-4, 100.0))",
        "lambda_l2": "tag(log, interval(0.1, 10.0))",
        "feature_fraction": "interval(0.5, 1.0)",
        "bagging_fraction": "interval(0.5, 1.0)",
    }
    """What to search, after Gorishniy et al. (2024, TabR, appendix), who also try a `lambda_l2` of 0 in half of the
    trials, with 4000 iterations at most and an early stopping after 200."""

    learning_rate: Annotated[float, Gt(0)] = 0.1
    """What each tree's answer is multiplied by."""

    max_iter: Annotated[int, Ge(1)] = 1000
    """Trees, for each class if there are more than two; fewer if `early_stopping` ends it."""

    num_leaves: Annotated[int, Ge(2), Le(131072)] = 31
    """Leaves of a tree."""

    min_data_in_leaf: Annotated[int, Ge(1)] = 20
    """Training rows of a leaf."""

    min_sum_hessian_in_leaf: Annotated[float, Ge(0)] = 1e-3
    """The same in second derivatives of the loss: weights for regression, weights times p(1 - p) for classes."""

    lambda_l2: Annotated[float, Ge(0)] = 0.1
    """The penalty on the squared answers of leaves. Without any, leaves of rare classes answer without bounds."""

    feature_fraction: Annotated[float, Gt(0), Le(1)] = 1.0
    """The share of columns that each tree may use."""

    bagging_fraction: Annotated[float, Gt(0), Le(1)] = 1.0
    """The share of training rows that each tree is grown on."""

    max_bin: Annotated[int, Ge(2), Le(65535)] = 255
    """Values that are told apart of a number."""

    early_stopping: Annotated[int, Ge(1)] | None = 50
    """Iterations without a lower loss on the validation split after which fitting stops; null for never. The
    iterations up to the one with the lowest loss are kept. Without a validation split it never stops."""

    threads: Annotated[int, Ge(1), Uncached()] = 1
    """Threads of the fit. The trees are the same for any number."""

    seed: Seed = 0
    """Seed of the rows whose values decide the bins, of the columns and of the rows of each tree."""

    def preflight(self) -> list[HeadwayError]:
        """The library, if it is not installed."""
        from importlib.util import find_spec

        if find_spec("lightgbm") is not None:
            return []
        hint = "pip install 'headway-sklearn[lightgbm]', or choose model=hist_gradient_boosting"
        return [DataError("model 'lightgbm' needs the library lightgbm", hint=hint, code="missing-library")]

    def run(self, context: Context, features: Features) -> LightTrees:
        """Fits on the training rows; reports the validation loss, and records metrics of the validation split.

        Raises:
            DataError: There are no training rows, they hold one class only, or an array is neither a
                vector of float32 nor codes.
        """
        from headway_sklearn import fit, light_trees

        return fit.finish(context, features, light_trees.fit(features, self, context))
