"""Random forests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le
from headway import Seed, Uncached
from headway.contracts import Features
from headway.stage import Context, Stage

from headway_sklearn.models import ForestModel


@dataclass(frozen=True)
class RandomForest(Stage):
    """scikit-learn's RandomForestClassifier or RandomForestRegressor (Breiman, 2001).

    Codes become numbers in the order of the mean target of their training rows, for more than two classes in the
    order of the first principal component of their class shares (Coppersmith et al., 1999; recommended for forests by
    Wright and König, 2019). A code that no training row has goes to the child that had more training rows. Weights of
    rows are honoured; rows of weight 0 are left out.
    """

    space: ClassVar[Mapping[str, str]] = {
        "n_estimators": "tag(log, int(interval(10, 3000)))",
        "max_features": "choice(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)",
        "min_samples_leaf": "tag(log, int(interval(1, 50)))",
    }
    """What to search, after Grinsztajn et al. (2022, appendix), who also try trees of 2 to 4 splits in a third of the
    trials."""

    n_estimators: Annotated[int, Ge(1)] = 100
    """Trees."""

    max_features: Annotated[float, Gt(0), Le(1)] | None = None
    """The share of columns that each split may choose from; null for the square root of their number with classes,
    and all of them with numbers."""

    max_depth: Annotated[int, Ge(1)] | None = None
    """Splits from the root to a leaf; null for any number."""

    max_leaf_nodes: Annotated[int, Ge(2)] | None = None
    """Leaves of a tree; null for any number."""

    min_samples_leaf: Annotated[int, Ge(1)] = 1
    """Training rows of a leaf."""

    threads: Annotated[int, Ge(1), Uncached()] = 1
    """Threads of the fit. The trees are the same for any number."""

    seed: Seed = 0
    """Seed of the rows and columns that each tree sees."""

    def run(self, context: Context, features: Features) -> ForestModel:
        """Fits on the training rows; records metrics of the validation split, if there is one.

        Raises:
            DataError: There are no training rows, they hold one class only, or an array is neither a
                vector of float32 nor codes.
        """
        from headway_sklearn import fit, forest_trees

        return fit.finish(context, features, forest_trees.fit(features, self))
