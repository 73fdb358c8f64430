"""Positions of numbers among sorted edges, for all columns at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from headway_tabular.transforms.modules.logarithm import gather

_FEW = 15
"""Up to so many edges one comparison each is faster than halving (measured at 54 columns of 16k rows)."""


class Search(torch.nn.Module):
    """How many edges of its column a number has reached: 0 below all of them, and for NaN.

    Args:
        edges: The edges of each column, ascending; columns may have different numbers of them.
    """

    def __init__(self, edges: Sequence[np.ndarray]) -> None:
        super().__init__()
        longest = max(len(column) for column in edges)
        self.width = longest if longest <= _FEW else (1 << longest.bit_length()) - 1
        table = padded(edges, self.width)
        if longest <= _FEW:
            self.register_buffer("table", torch.from_numpy(table.T.copy()))
        else:
            self.register_buffer("table", torch.from_numpy(table.reshape(-1, 1)))
            self.register_buffer("start", torch.arange(len(edges)) * self.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) float64 → int64 of the same shape."""
        if self.width <= _FEW:
            return self._compared(x)
        step = (self.width + 1) // 2
        at = torch.where(x >= self.table[self.start + step - 1, 0], self.start + step, self.start)
        while step > 1:
            step //= 2
            at = torch.where(x >= gather(self.table, at + (step - 1)), at + step, at)
        return at - self.start

    def _compared(self, x: torch.Tensor) -> torch.Tensor:
        reached = torch.zeros_like(x, dtype=torch.int64)
        for edges in self.table:
            reached = reached + (x >= edges).to(torch.int64)
        return reached


def padded(columns: Sequence[np.ndarray], width: int) -> np.ndarray:
    """(columns, width) float64, filled up with NaN, which nothing reaches."""
    table = np.full((len(columns), width), np.nan)
    for row, column in zip(table, columns, strict=True):
        row[: len(column)] = column
    return table
