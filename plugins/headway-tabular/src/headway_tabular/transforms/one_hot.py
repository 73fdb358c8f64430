"""`one_hot`: a column a category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from headway_tabular.transforms.base import Block, Fit, Fitted, Kind, Transform


@dataclass(frozen=True)
class OneHot(Transform):
    """Codes become one column a known category, such as ``sex=Male``: 1 where it is, 0 elsewhere.

    The last code (unseen or missing) has no column: all are 0.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("code",)
    learns: ClassVar[bool] = False

    def fit(self, fit: Fit) -> Fitted:
        """Nothing is learnt."""
        from headway_tabular.transforms.modules.codes import OneHot as Module

        pairs = zip(fit.block.names, fit.block.categories, strict=True)
        names = tuple(f"{name}={category}" for name, categories in pairs for category in categories[:-1])
        return Fitted(Block("number", names), Module(fit.block.cardinalities))
