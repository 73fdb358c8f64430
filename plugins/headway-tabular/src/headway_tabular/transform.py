"""The numeric and categorical transform as one torch module; strings arrive as codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from headway.contracts import Expression

from headway_tabular.derive import evaluate

LIMIT = 1e6
"""Standardised values are kept within this many standard deviations, so that an absurd number, such as 1e300,
stays finite in float32 and in what a network makes of it."""


@dataclass(frozen=True)
class Statistics:
    """What was learnt from the training rows, one value a numeric feature.

    Attributes:
        fill: What replaces a missing number.
        mean: The mean after imputation.
        scale: The standard deviation after imputation; 1 where it is 0.
        flagged: Positions of the features that had missing values.
    """

    fill: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    flagged: tuple[int, ...]


class Derivation(torch.nn.Module):
    """Numeric columns → numeric features: the columns that are features, then the derived ones.

    Args:
        columns: Names of the inputs.
        features: Those of them that are features.
        expressions: The derived columns, which may use earlier ones.
    """

    def __init__(self, columns: Sequence[str], features: Sequence[str], expressions: Mapping[str, Expression]) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._features = tuple(features)
        self._expressions = dict(expressions)

    def forward(self, *columns: torch.Tensor) -> torch.Tensor:
        """(rows,) float64 each → (rows, features) float64, NaN and infinite where missing."""
        known: dict[str, torch.Tensor] = dict(zip(self._columns, columns, strict=True))
        for name, expression in self._expressions.items():
            known[name] = evaluate(expression, known)
        names = [*self._features, *self._expressions]
        return torch.stack([known[name] for name in names], dim=-1)


class Transform(torch.nn.Module):
    """The whole transform after the string encoders.

    Args:
        derivation: Numeric columns → numeric features; None if there are none.
        statistics: What was learnt of them.
        numeric: How many inputs are numeric columns; the others are codes.
    """

    def __init__(self, derivation: Derivation | None, statistics: Statistics | None, numeric: int) -> None:
        super().__init__()
        self._derivation = derivation
        self._numeric = numeric
        if statistics is not None:
            self.register_buffer("fill", torch.from_numpy(statistics.fill))
            self.register_buffer("mean", torch.from_numpy(statistics.mean))
            self.register_buffer("scale", torch.from_numpy(statistics.scale))
            self._flagged = list(statistics.flagged)

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Columns (rows,) → numeric (rows, F) float32 and categorical (rows, K) int64, those that there are."""
        outputs = []
        if self._derivation is not None:
            outputs.append(self._scaled(self._derivation(*inputs[: self._numeric])))
        codes = inputs[self._numeric :]
        if codes:
            outputs.append(torch.stack(list(codes), dim=-1))
        return tuple(outputs)

    def _scaled(self, values: torch.Tensor) -> torch.Tensor:
        known = values.isfinite()
        filled = torch.where(known, values, self.fill)
        parts = [((filled - self.mean) / self.scale).clamp(-LIMIT, LIMIT)]
        parts += [1.0 - known[:, i : i + 1].to(values.dtype) for i in self._flagged]
        return torch.cat(parts, dim=-1).to(torch.float32)


def learn(values: np.ndarray, impute: str) -> Statistics:
    """Statistics of training values of shape (rows, features); features without any value are filled with 0."""
    known = np.where(np.isfinite(values), values, np.nan)
    counts = np.isfinite(values).sum(axis=0)
    centre = np.nanmedian if impute == "median" else np.nanmean
    fill = np.array([centre(column) if n else 0.0 for column, n in zip(known.T, counts, strict=True)])
    filled = np.where(np.isnan(known), fill, known)
    scale = filled.std(axis=0)
    usable = np.isfinite(scale) & (scale > 0)
    flagged = tuple(int(i) for i in np.flatnonzero(counts < len(values)))
    return Statistics(fill, filled.mean(axis=0), np.where(usable, scale, 1.0), flagged)


def example(names: Mapping[str, torch.dtype]) -> dict[str, torch.Tensor]:
    """Two rows of zeros for each input, to export with."""
    return {name: torch.zeros(2, dtype=dtype) for name, dtype in names.items()}
