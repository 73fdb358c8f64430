"""The whole transform after the string encoders as one torch module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from headway_onnx.graphs import code_name

from headway_tabular.features.columns import Columns
from headway_tabular.features.derive import evaluate
from headway_tabular.features.fitting import LIMIT, FittedBranch

ARRAYS = {"number": ("numeric", "float32"), "code": ("categorical", "int64")}
"""What a block holds → the array it is part of, and its type."""


def array_name(kind: str, columns: Iterable[str]) -> str:
    """The name of the array of what a block holds: not that of a raw column, since a graph has all names once."""
    name, taken = ARRAYS[kind][0], set(columns)
    while name in taken:
        name = f"{name}_"
    return name


class Assembly(torch.nn.Module):
    """Columns → derived columns → branches → arrays.

    Args:
        columns: What goes in.
        branches: What becomes of it, in the order in which the arrays have it.
    """

    def __init__(self, columns: Columns, branches: Sequence[FittedBranch]) -> None:
        super().__init__()
        self._inputs = tuple(columns.inputs)
        self._expressions = dict(columns.layout.expressions)
        self._own = {
            code_name(name): own
            for name in columns.vocabularies.words
            if (own := columns.vocabularies.own(name)) is not None
        }
        self._columns = [[_input(name, fitted) for name in fitted.branch.columns] for fitted in branches]
        self._bounded = [fitted.bounded for fitted in branches]
        self._kinds = [[block.kind for block in fitted.blocks] for fitted in branches]
        self.chains = torch.nn.ModuleList(fitted.chain for fitted in branches)

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Columns (rows,) → numeric (rows, F) float32 and categorical (rows, K) int64, those that there are."""
        known = self._derived(dict(zip(self._inputs, inputs, strict=True)))
        parts: dict[str, list[torch.Tensor]] = {"number": [], "code": []}
        branches = zip(self._columns, self._kinds, self._bounded, self.chains, strict=True)
        for names, kinds, bounded, chain in branches:
            given = chain(torch.stack([known[name] for name in names], dim=-1))
            for values, kind in zip(given, kinds, strict=True):
                parts[kind].append(finished(values, kind, bounded=bounded))
        return tuple(_joined(part) for part in parts.values() if part)

    def _derived(self, known: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        for name, expression in self._expressions.items():
            if expression.columns <= known.keys():
                known[name] = evaluate(expression, known)
        return known | {name: known[name].clamp(max=own) for name, own in self._own.items() if name in known}


def finished(values: torch.Tensor, kind: str, *, bounded: bool) -> torch.Tensor:
    """Values of a branch as the arrays have them: float32 within `LIMIT`, or int64."""
    if kind == "code":
        return values
    single = values.to(torch.float32)
    return single if bounded else single.clamp(-LIMIT, LIMIT)


def _input(name: str, fitted: FittedBranch) -> str:
    return code_name(name) if fitted.branch.kind == "code" else name


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def example(names: Mapping[str, torch.dtype]) -> dict[str, torch.Tensor]:
    """Two rows of zeros for each input, to export with."""
    return {name: torch.zeros(2, dtype=dtype) for name, dtype in names.items()}
