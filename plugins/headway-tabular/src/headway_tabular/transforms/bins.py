"""`bins`: numbers as codes of the bins they lie in."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge
from headway import DataError

from headway_tabular.transforms.base import MISSING, Block, Fit, Fitted, Transform

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Bins(Transform):
    """Numbers become the code of their bin, such as ``[1.5, 3)``: its lower edge is in it, its upper edge is not.

    The outer bins are open. Missing and infinite numbers have a code of their own, the last.
    """

    count: Annotated[int, Ge(1)] = 10
    """How many bins; fewer where quantiles coincide."""
    method: Literal["uniform", "quantile"] = "quantile"
    """Bins of equal width, or of equally many training values."""
    edges: tuple[float, ...] = ()
    """The edges between bins, ascending, instead of learnt ones."""

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in itertools.pairwise(self.edges))
        if not rising or not all(map(math.isfinite, self.edges)):
            raise DataError(
                f"bins: edges {list(self.edges)} do not rise", hint="give finite numbers in order", code="bins-edges"
            )

    def fit(self, fit: Fit) -> Fitted:
        """The inner edges of each column."""
        import numpy as np

        from headway_tabular.transforms.modules import columns
        from headway_tabular.transforms.modules.codes import Bins as Module

        if self.edges:
            edges = [np.array(self.edges, dtype=np.float64)] * len(fit.block.names)
        else:
            edges = [self._learnt(column) for column in columns.known(fit.values)]
        names = tuple((*_intervals(columns.numerals(inner)), MISSING) for inner in edges)
        return Fitted(Block("code", fit.block.names, names), Module(edges))

    def _learnt(self, column: np.ndarray) -> np.ndarray:
        import numpy as np

        from headway_tabular.transforms.modules import columns

        if not len(column):
            return np.zeros(0)
        if self.method == "quantile":
            outer = columns.quantiles(column, np.linspace(0, 1, self.count + 1))
        else:
            outer = columns.even(column, self.count + 1)
        return np.unique(outer)[1:-1]


def _intervals(edges: list[str]) -> tuple[str, ...]:
    if not edges:
        return ("any",)
    inner = (f"[{low}, {high})" for low, high in itertools.pairwise(edges))
    return f"< {edges[0]}", *inner, f">= {edges[-1]}"
