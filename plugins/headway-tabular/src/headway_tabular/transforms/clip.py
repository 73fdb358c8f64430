"""`clip`: numbers within limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from headway import DataError

from headway_tabular.transforms.base import Block, Fit, Fitted, Transform


@dataclass(frozen=True)
class Clip(Transform):
    """Numbers below and above limits become the limits, infinite ones too; missing ones stay missing."""

    low: float | None = None
    """The lower limit."""
    high: float | None = None
    """The upper limit."""
    low_quantile: Annotated[float, Ge(0), Le(1)] | None = None
    """The lower limit as a quantile of the training values of each column, such as 0.01."""
    high_quantile: Annotated[float, Ge(0), Le(1)] | None = None
    """The upper limit as such a quantile."""

    def __post_init__(self) -> None:
        for side, value, quantile in self._sides():
            if value is not None and quantile is not None:
                raise DataError(f"clip: {side} and {side}_quantile are both given", hint="choose one", code="clip")
        if all(value is None and quantile is None for _, value, quantile in self._sides()):
            raise DataError("clip: no limit is given", hint="set low, high or their quantiles", code="clip")
        for name, low, high in (("", self.low, self.high), ("_quantile", self.low_quantile, self.high_quantile)):
            if low is not None and high is not None and low > high:
                raise DataError(f"clip: low{name} {low} is above high{name} {high}", hint="swap them", code="clip")

    def _sides(self) -> tuple[tuple[str, float | None, float | None], ...]:
        return ("low", self.low, self.low_quantile), ("high", self.high, self.high_quantile)

    def fit(self, fit: Fit) -> Fitted:
        """The two limits of each column."""
        import numpy as np

        from headway_tabular.transforms.modules import columns
        from headway_tabular.transforms.modules.numbers import Clip as Module

        limits = np.empty((2, len(fit.block.names)))
        limits[0] = -np.inf if self.low is None else self.low
        limits[1] = np.inf if self.high is None else self.high
        learnt = {i: q for i, q in enumerate((self.low_quantile, self.high_quantile)) if q is not None}
        for index, column in enumerate(columns.known(fit.values) if learnt else ()):
            if len(column):
                limits[list(learnt), index] = columns.quantiles(column, np.array(list(learnt.values())))
        return Fitted(Block("number", fit.block.names), Module(*limits))
