"""Numbers → numbers. Limits are drawn by comparisons, so that NaN stays NaN in every implementation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from headway_tabular.transforms.modules.logarithm import Log1p, Logarithm, NormalQuantile, constants, gather
from headway_tabular.transforms.modules.search import Search, padded

LIMIT = 1e6
"""Scaled values are kept within this, so that an absurd number, such as 1e300, stays finite in float32 and in what a
network makes of it."""
_EDGE = 1e-7 - np.spacing(1.0)
"""The share at the ends of a normal distribution, as scikit-learn's QuantileTransformer has it."""


class Impute(torch.nn.Module):
    """Fills what is not finite.

    Args:
        fill: Shape (columns,).
        flagged: Positions of the columns that get a column of 1 where they were filled, 0 elsewhere.
    """

    def __init__(self, fill: np.ndarray, flagged: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("fill", torch.from_numpy(fill))
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → (rows, columns + flagged)."""
        finite = x.abs() < math.inf
        filled = torch.where(finite, x, self.fill)
        if not len(self.flagged):
            return filled
        # Chosen so, columns are copied whole; by index_select, a value at a time.
        return torch.cat([filled, 1.0 - finite[:, self.flagged].to(x.dtype)], dim=-1)


class Affine(torch.nn.Module):
    """(x - centre) / scale within ±`LIMIT`; what is not finite stays."""

    def __init__(self, centre: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("centre", torch.from_numpy(centre))
        self.register_buffer("scale", torch.from_numpy(scale))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → the same shape."""
        # What a clip makes of NaN is not defined, but no finite x gives it.
        return where_finite(x, ((x - self.centre) / self.scale).clamp(-LIMIT, LIMIT))


class Clip(torch.nn.Module):
    """Within limits a column."""

    def __init__(self, low: np.ndarray, high: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("low", torch.from_numpy(low))
        self.register_buffer("high", torch.from_numpy(high))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → the same shape."""
        return within(x, self.low, self.high)


class Log(torch.nn.Module):
    """log(x + offset), missing where that is not positive; or sign(x) · log1p(|x|)."""

    def __init__(self, offset: float, *, signed: bool) -> None:
        super().__init__()
        self._signed, self._plain = signed, offset == 1.0
        self.register_buffer("offset", constants([offset]))
        self.log = Log1p() if offset == 1.0 else Logarithm()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → the same shape."""
        if self._signed:
            size = self.log(x.abs())
            return torch.where(x < 0, -size, size)
        shifted = x if self._plain else x + self.offset
        return torch.where(shifted > (-1.0 if self._plain else 0.0), self.log(shifted), math.nan)


class Normal(torch.nn.Module):
    """Quantiles of a column → quantiles of the normal distribution.

    Args:
        knots: For each column distinct ascending values, at least one.
        below: For each knot the share of rows below it.
        upto: For each knot the share of rows up to it; more than `below` where values are tied.
        ends: Whether the first and the last knot are the ends whatever their shares; else ties there are like others.
    """

    def __init__(
        self, knots: Sequence[np.ndarray], below: Sequence[np.ndarray], upto: Sequence[np.ndarray], *, ends: bool
    ) -> None:
        super().__init__()
        self._ends = ends
        self.search = Search(knots)
        self.quantile = NormalQuantile()
        width = max(2, *(len(column) for column in knots))
        self._table("knot", knots, width)
        self._table("upto", upto, width)
        self._table("middle", [(a + b) / 2 for a, b in zip(below, upto, strict=True)], width)
        largest = np.finfo(np.float64).max
        self._table("gap", [np.minimum(np.diff(column), largest) for column in knots], width)
        self._table("rise", [a[1:] - b[:-1] for a, b in zip(below, upto, strict=True)], width)
        self.register_buffer("first", torch.tensor([column[0] for column in knots], dtype=torch.float64))
        self.register_buffer("last", torch.tensor([column[-1] for column in knots], dtype=torch.float64))
        self.register_buffer("start", torch.arange(len(knots)) * width)
        self.register_buffer("ends", constants([_EDGE, 1.0 - _EDGE]))

    def _table(self, name: str, columns: Sequence[np.ndarray], width: int) -> None:
        self.register_buffer(name, torch.from_numpy(padded(columns, width).reshape(-1, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → the same shape, within ±5.2; what is not finite stays."""
        reached = self.search(x)
        at = self.start + torch.where(reached > 0, reached - 1, 0)
        knot = gather(self.knot, at)
        between = gather(self.upto, at) + (x - knot) / gather(self.gap, at) * gather(self.rise, at)
        share = torch.where(x == knot, gather(self.middle, at), between)
        share = torch.where(x >= self.last if self._ends else x > self.last, 1.0, share)
        share = torch.where(x <= self.first if self._ends else x < self.first, 0.0, share)
        return where_finite(x, self.quantile(within(share, self.ends[0], self.ends[1])))


class PiecewiseLinear(torch.nn.Module):
    """How far a number has come through each bin of its column, from 0 to 1; the outer bins are open. What is not
    finite stays.

    Args:
        source: For each bin the position of its column.
        low: For each bin its lower edge.
        width: For each bin its width.
        open_below: For each bin whether it is its column's first.
        open_above: For each bin whether it is its column's last.
    """

    def __init__(
        self, source: np.ndarray, low: np.ndarray, width: np.ndarray, open_below: np.ndarray, open_above: np.ndarray
    ) -> None:
        super().__init__()
        self.register_buffer("source", torch.from_numpy(source))
        self.register_buffer("low", torch.from_numpy(low))
        self.register_buffer("width", torch.from_numpy(width))
        self.register_buffer("least", torch.from_numpy(np.where(open_below, -LIMIT, 0.0)))
        self.register_buffer("most", torch.from_numpy(np.where(open_above, LIMIT, 1.0)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → (rows, bins of all columns)."""
        x = x.index_select(1, self.source)
        return where_finite(x, within((x - self.low) / self.width, self.least, self.most))


def within(x: torch.Tensor, low: torch.Tensor | float, high: torch.Tensor | float) -> torch.Tensor:
    """Clipped values; NaN stays NaN."""
    return torch.where(x < low, low, torch.where(x > high, high, x))


def where_finite(x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """`value` where `x` is finite, `x` elsewhere."""
    return torch.where(x.abs() < math.inf, value, x)
