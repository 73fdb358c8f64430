"""The fitted baselines as artifacts: JSON and safetensors."""

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
    """A model of named float64 arrays that was fitted in one go, with one output: ``probability`` or ``value``."""

    def predict(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The output for each row: probabilities (rows, classes) or values (rows,), float32."""
        import numpy as np

        return {self.outputs[0].name: np.ascontiguousarray(self._predict(batch), dtype=np.float32)}

    @abstractmethod
    def _predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        """As `predict`, in float64."""


@dataclass(frozen=True)
class MajorityModel(TableModel):
    """The same answer for every row: ``weights["answer"]``, of shape (classes,), or () for a mean."""

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
