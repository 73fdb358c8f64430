"""`cross`: combinations of categories."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge
from headway import DataError

from headway_tabular.transforms.base import UNSEEN, Block, Fit, Fitted, Kind, Transform

if TYPE_CHECKING:
    import numpy as np

LARGEST = 1 << 22
"""Places of a table, 16 MB in the graph."""


@dataclass(frozen=True)
class Cross(Transform):
    """The codes of all columns become one, that of their combination, such as ``Male & Private``.

    Combinations seen too rarely or never in training share the last code.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("code",)

    min_frequency: Annotated[int, Ge(1)] = 1
    """How many training rows must have a combination."""

    def fit(self, fit: Fit) -> Fitted:
        """A table with a place for each combination; raises `DataError` if it would be too large."""
        import numpy as np

        from headway_tabular.transforms.modules.codes import Cross as Module

        sizes = fit.block.cardinalities
        _check(fit.block)
        strides = np.array([math.prod(sizes[index + 1 :]) for index in range(len(sizes))], dtype=np.int64)
        counts = np.bincount(sum(c * s for c, s in zip(fit.values.T, strides, strict=True)), minlength=math.prod(sizes))
        places = np.flatnonzero(counts >= self.min_frequency)
        table = np.full(len(counts), len(places), dtype=np.int32)
        table[places] = np.arange(len(places), dtype=np.int32)
        names = (*_names(places, strides, fit.block), UNSEEN)
        return Fitted(Block("code", (" & ".join(fit.block.names),), (names,)), Module(strides, table))


def _names(places: np.ndarray, strides: np.ndarray, block: Block) -> list[str]:
    codes = places[:, None] // strides % block.cardinalities
    return [" & ".join(words[code] for words, code in zip(block.categories, row, strict=True)) for row in codes]


def _check(block: Block) -> None:
    if len(block.names) < 2:
        raise DataError(f"cross: '{block.names[0]}' is alone", hint="name two or more columns", code="cross-alone")
    if math.prod(block.cardinalities) > LARGEST:
        sizes = " x ".join(f"{name} {size:,}" for name, size in zip(block.names, block.cardinalities, strict=True))
        raise DataError(
            f"cross: {math.prod(block.cardinalities):,} combinations ({sizes}) are more than {LARGEST:,}",
            hint="cross fewer columns, or give their vocabularies a higher min_frequency",
            code="cross-size",
        )
