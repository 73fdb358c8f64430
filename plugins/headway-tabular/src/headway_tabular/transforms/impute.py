"""`impute`: missing numbers filled, and flagged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headway_tabular.transforms.base import Block, Fit, Fitted, Transform

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Impute(Transform):
    """Numbers that are missing or infinite are filled.

    Filled with a statistic of the column's training values. A flag is 1.0 where a value was filled and 0.0 elsewhere;
    it comes after all columns, named ``NAME_missing``.
    """

    method: Literal["median", "mean", "most_frequent", "constant"] = "median"
    """What a missing number becomes; `most_frequent` is the smallest of the most frequent ones."""
    value: float = 0.0
    """The constant; also for columns without any value in training."""
    flag: bool = True
    """Whether columns with missing values in training get a flag."""

    def fit(self, fit: Fit) -> Fitted:
        """One number a column."""
        import numpy as np

        from headway_tabular.transforms.modules import columns
        from headway_tabular.transforms.modules.numbers import Impute as Module

        fill, flagged = np.empty(len(fit.block.names)), []
        for index, column in enumerate(columns.known(fit.values)):
            fill[index] = self._statistic()(column) if len(column) else self.value
            if self.flag and len(column) < len(fit.values):
                flagged.append(index)
        names = (*fit.block.names, *(f"{fit.block.names[index]}_missing" for index in flagged))
        return Fitted(Block("number", names), Module(fill, flagged), flags=len(flagged))

    def _statistic(self) -> Callable[[np.ndarray], float]:
        from headway_tabular.transforms.modules import columns

        known = {"median": columns.median, "mean": columns.mean, "most_frequent": columns.most_frequent}
        return known.get(self.method, lambda column: self.value)
