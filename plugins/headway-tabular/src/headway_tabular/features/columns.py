"""Columns of a table as the graph has them before any transform: numbers, codes and times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from headway.contracts import CHUNK, feeds
from headway_onnx.graphs import code_name

from headway_tabular.features.derive import evaluate
from headway_tabular.features.layout import WORDS, Branch, Layout
from headway_tabular.features.vocabularies import Vocabularies
from headway_tabular.transforms import Block
from headway_tabular.transforms.modules.columns import empty

BATCH = 4 * CHUNK
"""Rows that are read at a time; the graph is given `CHUNK` of them at a time."""


@dataclass(frozen=True)
class Columns:
    """What each feature is made of.

    Attributes:
        layout: Which columns, derived ones and crosses.
        vocabularies: The codes of strings.
    """

    layout: Layout
    vocabularies: Vocabularies

    def block(self, branch: Branch) -> Block:
        """What a branch is given."""
        if branch.kind != "code":
            return Block(branch.kind, branch.columns)  # type: ignore[arg-type]  # one of `Kind`
        return Block("code", branch.columns, tuple(self.vocabularies.categories(name) for name in branch.columns))

    def values(self, branch: Branch, frame: pl.DataFrame) -> np.ndarray:
        """What a branch is given, of shape (rows, columns)."""
        given = empty(frame.height, len(branch.columns), branch.kind)
        for start in range(0, frame.height, BATCH):
            rows, known = frame.slice(start, BATCH), dict[str, np.ndarray]()
            for place, name in enumerate(branch.columns):
                given[start : start + BATCH, place] = self._value(name, rows, known)
        return given

    def _value(self, name: str, frame: pl.DataFrame, known: dict[str, np.ndarray]) -> np.ndarray:
        if name not in known:
            known[name] = self._found(name, frame, known)
        return known[name]

    def _found(self, name: str, frame: pl.DataFrame, known: dict[str, np.ndarray]) -> np.ndarray:
        if name in self.layout.expressions:
            expression = self.layout.expressions[name]
            parts = {part: np.array(self._value(part, frame, known)) for part in sorted(expression.columns)}
            return evaluate(expression, {part: torch.from_numpy(values) for part, values in parts.items()}).numpy()
        column = next((column for column in self.layout.columns if column.name == name), None)
        if column is None or column.kind in WORDS:
            return self.vocabularies.encode(name, frame)
        return np.asarray(feeds(frame, [column])[name])

    @property
    def inputs(self) -> dict[str, torch.dtype]:
        """What the assembly takes, by the names of the graph: numbers, times, then codes."""
        strings = [c.name for c in self.layout.of(*WORDS)]
        used = {name for branch in self.layout.branches for name in branch.columns}
        codes = [name for name in (*strings, *self.layout.crosses) if name in used]
        return (
            {c.name: torch.float64 for c in self.layout.columns if c.name not in strings and c.kind != "timestamp"}
            | {c.name: torch.int64 for c in self.layout.of("timestamp")}
            | {code_name(name): torch.int64 for name in codes}
        )
