"""From and to codes in a closed domain."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional

from headway_tabular.transforms.modules.search import Search


class Bins(torch.nn.Module):
    """Numbers → the bin they lie in; what is not finite has a code of its own, the last of its column.

    Args:
        edges: For each column the inner edges, ascending; a number equal to an edge lies above it.
    """

    def __init__(self, edges: Sequence[np.ndarray]) -> None:
        super().__init__()
        self.search = Search(edges)
        self.register_buffer("missing", torch.tensor([len(column) + 1 for column in edges], dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) float64 → int64 of the same shape."""
        return torch.where(x.abs() < math.inf, self.search(x), self.missing)


class OneHot(torch.nn.Module):
    """Codes → one column a known category: 1 where it is, 0 elsewhere.

    Args:
        cardinalities: How many codes each column has; the last gets no column.
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        super().__init__()
        self.known = [size - 1 for size in cardinalities]
        self.register_buffer("code", torch.arange(max(self.known, default=0)))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """(rows, columns) int64 → (rows, categories) float64."""
        # A comparison a column is ten times as fast as one of columns that were first gathered side by side.
        parts = [codes[:, place : place + 1] == self.code[:size] for place, size in enumerate(self.known)]
        return (parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)).to(torch.float64)


class Lookup(torch.nn.Module):
    """Codes → numbers of a table.

    Args:
        tables: For each column an array (codes, numbers), all with the same number of numbers.
    """

    def __init__(self, tables: Sequence[np.ndarray]) -> None:
        super().__init__()
        starts = np.cumsum([0, *(len(table) for table in tables[:-1])])
        self.width = len(tables) * tables[0].shape[1]
        self.register_buffer("start", torch.from_numpy(starts.astype(np.int64)))
        self.register_buffer("table", torch.from_numpy(np.concatenate(tables)))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """(rows, columns) int64 → (rows, columns · numbers) float64."""
        return torch.nn.functional.embedding(codes + self.start, self.table).reshape(-1, self.width)


class Cross(torch.nn.Module):
    """Codes of several columns → the code of their combination.

    Args:
        strides: For each column what one code of it adds to the place in the table.
        table: The code at each place.
    """

    def __init__(self, strides: np.ndarray, table: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("strides", torch.from_numpy(strides))
        self.register_buffer("table", torch.from_numpy(table))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """(rows, columns) int64 → (rows, 1) int64."""
        place = (codes * self.strides).sum(dim=-1, keepdim=True)
        return torch.nn.functional.embedding(place, self.table[:, None]).squeeze(-1).to(torch.int64)
