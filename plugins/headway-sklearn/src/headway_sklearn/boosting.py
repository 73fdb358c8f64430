"""Gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le
from headway import Seed
from headway.contracts import Features
from headway.stage import Context, Stage

from headway_sklearn.models import BoostedTrees


@dataclass(frozen=True)
class HistGradientBoosting(Stage):
    """scikit-learn's HistGradientBoostingClassifier or HistGradientBoostingRegressor.

    Codes are categories: a split sends any set of them left. Of an array with more codes than `max_bins`, the most
    frequent ones are categories of their own, and all others are one. A code that no training row has goes with those
    others, or, where there are none, where scikit-learn sends missing values. Weights of rows are honoured; rows of
    weight 0 are left out. One thread: the same trees on every machine.
    """

    space: ClassVar[Mapping[str, str]] = {
        "learning_rate": "tag(log, interval(1e-3, 1.0))",
        "max_leaf_nodes": "int(interval(4, 768))",
        "min_samples_leaf": "tag(log, int(interval(1, 100)))",
        "l2_regularization": "tag(log, interval(1e-8, 100.0))",
        "max_features": "interval(0.2, 1)",
    }
    """What to search: learning rates and leaves as Gorishniy et al. (2024, TabR) search them for LightGBM, the penalty
    as Gorishniy et al. (2021) do for XGBoost, and shares of columns down to a fifth, for each split draws its own. With
    2000 iterations at most and an early stopping after 50."""

    learning_rate: Annotated[float, Gt(0)] = 0.1
    """What each tree's answer is multiplied by."""

    max_iter: Annotated[int, Ge(1)] = 300
    """Trees, for each class if there are more than two; fewer if `early_stopping` ends it."""

    max_leaf_nodes: Annotated[int, Ge(2)] = 31
    """Leaves of a tree."""

    max_depth: Annotated[int, Ge(1)] | None = None
    """Splits from the root to a leaf; null for any number."""

    min_samples_leaf: Annotated[int, Ge(1)] = 20
    """Training rows of a leaf."""

    l2_regularization: Annotated[float, Ge(0)] = 0.1
    """The penalty on the squared answers of leaves. Without any, leaves of rare classes answer without bounds."""

    max_features: Annotated[float, Gt(0), Le(1)] = 1.0
    """The share of columns that each split may choose from."""

    max_bins: Annotated[int, Ge(2), Le(255)] = 255
    """Values that are told apart of a number, and categories of a code."""

    early_stopping: Annotated[int, Ge(1)] | None = 20
    """Iterations without a lower loss on the validation split after which fitting stops; null for never. The
    iterations up to the one with the lowest loss are kept. Without a validation split it never stops."""

    seed: Seed = 0
    """Seed of the columns that each split sees, and of the 200,000 rows whose values decide the bins, of more."""

    def run(self, context: Context, features: Features) -> BoostedTrees:
        """Fits on the training rows; records metrics of the validation split, if there is one.

        Raises:
            DataError: There are no training rows, they hold one class only, or an array is neither a
                vector of float32 nor codes.
        """
        from headway_sklearn import fit, trees

        return fit.finish(context, features, trees.fit(features, self))
