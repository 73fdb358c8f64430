"""`log`: logarithms of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from headway import DataError

from headway_tabular.transforms.base import Block, Fit, Fitted, Transform


@dataclass(frozen=True)
class Log(Transform):
    """The natural logarithm of x + offset; accurate for tiny x if the offset is 1.

    Where x + offset is not positive, the result is missing.
    """

    learns: ClassVar[bool] = False

    offset: float = 1.0
    """Added before."""
    signed: bool = False
    """sign(x) · log(1 + |x|) instead, for numbers of both signs; without another offset."""

    def __post_init__(self) -> None:
        if self.signed and self.offset != 1.0:
            raise DataError("log: signed has no offset but 1", hint="leave out one of them", code="log-offset")

    def fit(self, fit: Fit) -> Fitted:
        """Nothing is learnt."""
        from headway_tabular.transforms.modules.numbers import Log as Module

        return Fitted(Block("number", fit.block.names), Module(self.offset, signed=self.signed))
