"""Derived columns in a graph: expressions of the closed language as torch operations."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from headway.contracts import Algebra, Expression

if TYPE_CHECKING:
    import torch


def evaluate(expression: Expression, columns: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The derived column, float64 of shape (rows,), NaN for missing, from columns of the same kind; at least one."""
    return _Torch(columns).value(expression)


class _Torch(Algebra["torch.Tensor"]):
    def __init__(self, columns: Mapping[str, torch.Tensor]) -> None:
        self._columns = columns

    def column(self, name: str) -> torch.Tensor:
        return self._columns[name]

    def constant(self, number: float) -> torch.Tensor:
        import torch

        # As a tensor: the exporter rounds numbers that stand in an expression, or in full_like, to float32.
        return torch.tensor(number, dtype=torch.float64).expand_as(next(iter(self._columns.values())))

    def known(self, value: torch.Tensor) -> torch.Tensor:
        return value

    def truth(self, holds: Any, of: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        missing = reduce(operator.or_, [value.isnan() for value in of])
        return torch.where(missing, torch.full_like(of[0], float("nan")), holds.to(of[0].dtype))
