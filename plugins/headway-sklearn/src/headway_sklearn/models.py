"""The fitted models as artifacts: JSON and safetensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from headway.contracts import ArrayModel, Graph

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class TableModel(ArrayModel):
    """A model of named float64 arrays that was fitted in one go, with one output."""

    def predict(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The output, float32: probabilities (rows, classes), values (rows,) or quantiles (rows, levels)."""
        import numpy as np

        return {self.outputs[0].name: np.ascontiguousarray(self._predict(batch), dtype=np.float32)}

    @abstractmethod
    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        """As `predict`, in float64."""


@dataclass(frozen=True)
class MajorityModel(TableModel):
    """The same answer for every row: ``weights["answer"]``, of shape (classes,), (levels,), or () for a mean."""

    type_name: ClassVar[str] = "majority_model"

    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        import numpy as np

        answer = self.weights["answer"]
        return np.broadcast_to(answer, (len(batch[self.inputs[0].name]), *answer.shape))

    def export(self) -> Graph:
        """A constant, repeated for each row."""
        from headway_sklearn import export

        return export.majority(self)


@dataclass(frozen=True)
class LinearModel(TableModel):
    """Logistic or ridge regression.

    ``weights`` holds scikit-learn's ``coef_`` and ``intercept_``, and, for classification, ``classes_``:
    the codes of the classes that the training rows had. The probability of the others is 0.
    """

    type_name: ClassVar[str] = "linear_model"

    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        from headway_sklearn import fit

        return fit.predicted(self, batch)

    def export(self) -> Graph:
        """A matrix product for the floats and a table for each code, in float64 until the end."""
        from headway_sklearn import export

        return export.linear(self)


@dataclass(frozen=True)
class BoostedTrees(TableModel):
    """Gradient-boosted trees of scikit-learn, taken apart.

    ``weights`` holds ``ranks.ARRAY.POSITION``, the category of every code; ``node.FIELD``, the nodes of all
    trees one after the other, by scikit-learn's fields; ``trees``, where each tree's begin; ``bitsets``, the
    categories that go left, and ``splits``, where each tree's begin; ``baseline``, what the trees of an
    iteration are added to; and, for classification, ``classes_``, the codes of the classes that the training
    rows had. The probability of the others is 0.
    """

    type_name: ClassVar[str] = "boosted_trees"

    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        from headway_sklearn import trees

        total = trees.scores(self, batch)
        return total[:, 0] if self.outputs[0].classes is None else trees.probabilities(self, total)

    def export(self) -> Graph:
        """One ensemble in float64."""
        from headway_sklearn import tree_export

        return tree_export.boosted(self)


@dataclass(frozen=True)
class LightTrees(TableModel):
    """Gradient-boosted trees of LightGBM.

    ``weights`` holds ``text``, the trees as the library writes them, in bytes; and, for classification, ``classes_``,
    the codes of the classes that the training rows had. The probability of the others is 0.
    """

    type_name: ClassVar[str] = "light_trees"

    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        from headway_sklearn import light_trees, trees

        total = light_trees.scores(self, batch)
        return total[:, 0] if self.outputs[0].classes is None else trees.probabilities(self, total)

    def export(self) -> Graph:
        """One ensemble in float64; raises `DataError` for trees that have no such form, or are too many."""
        from headway_sklearn import tree_export

        return tree_export.light(self)


@dataclass(frozen=True)
class ForestModel(TableModel):
    """A random forest of scikit-learn, taken apart.

    ``weights`` holds ``ranks.ARRAY.POSITION``, the number of every code; ``node.FIELD``, the nodes of all trees one
    after the other, by scikit-learn's fields; ``node.value``, their shares of classes or means; ``trees``, where each
    tree's begin; and, for classification, ``classes_``, the codes of the classes that the training rows had. The
    probability of the others is 0.
    """

    type_name: ClassVar[str] = "random_forest"

    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        from headway_sklearn import forest_trees

        return forest_trees.predicted(self, batch)

    def export(self) -> Graph:
        """One ensemble in float64; raises `DataError` if the trees are too large."""
        from headway_sklearn import tree_export

        return tree_export.forest(self)


@dataclass(frozen=True)
class CarriedModel(TableModel):
    """The value of one column is the answer, or decides it.

    ``weights`` holds ``position``, where the column lies in the array that is the only input; and, for classification,
    ``answers``, the probabilities at each of its codes, of shape (codes, classes).
    """

    type_name: ClassVar[str] = "carried_model"

    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        import numpy as np

        column = batch[self.inputs[0].name][:, int(self.weights["position"])]
        return self.weights["answers"][column] if "answers" in self.weights else column.astype(np.float64)

    def export(self) -> Graph:
        """The column itself, or a table of its codes."""
        from headway_sklearn import export

        return export.carried(self)
