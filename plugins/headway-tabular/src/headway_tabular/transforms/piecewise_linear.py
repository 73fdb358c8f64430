"""`piecewise_linear`: numbers as the way they have come through bins."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from headway_tabular.transforms.base import Block, Fit, Fitted, Transform

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class PiecewiseLinear(Transform):
    """Each number becomes one number a bin: 1 beyond the bin, 0 before it, and the way through it between.

    The first bin is open below and the last above, within ±10^6; missing and infinite numbers stay what they are.
    Bins lie between quantiles of the training values, named such as ``age[17,25]``.

    Gorishniy, Rubachev and Babenko 2022, *On embeddings for numerical features in tabular deep learning*
    (arXiv:2203.05556).
    """

    count: Annotated[int, Ge(1)] = 16
    """How many bins a column; fewer for columns of fewer values or where quantiles coincide."""

    def fit(self, fit: Fit) -> Fitted:
        """The edges of each column's bins."""
        import numpy as np

        from headway_tabular.transforms.modules import columns
        from headway_tabular.transforms.modules.numbers import PiecewiseLinear as Module

        edges = [self._edges(column) for column in columns.known(fit.values)]
        source = np.repeat(np.arange(len(edges)), [len(column) - 1 for column in edges])
        low, high = (np.concatenate([column[part] for column in edges]) for part in (slice(-1), slice(1, None)))
        first = np.diff(source, prepend=-1) > 0
        last = np.diff(source, append=len(edges)) > 0
        width = np.minimum(high - low, np.finfo(np.float64).max)
        return Fitted(Block("number", _names(fit.block, edges)), Module(source, low, width, first, last))

    def _edges(self, column: np.ndarray) -> np.ndarray:
        """At least two, ascending; one bin of width 1 for a column of one value, or none."""
        import numpy as np

        from headway_tabular.transforms.modules import columns

        if not len(column):
            return np.array([0.0, 1.0])
        edges = columns.few(column, self.count + 1)
        if edges is None:
            edges = np.unique(columns.quantiles(column, np.linspace(0, 1, self.count + 1)))
        return edges if len(edges) > 1 else np.array([edges[0], edges[0] + max(1.0, abs(np.spacing(edges[0])))])


def _names(block: Block, edges: list[np.ndarray]) -> tuple[str, ...]:
    from headway_tabular.transforms.modules import columns

    texts = [columns.numerals(column) for column in edges]
    return tuple(
        f"{name}[{low},{high}]"
        for name, column in zip(block.names, texts, strict=True)
        for low, high in itertools.pairwise(column)
    )
