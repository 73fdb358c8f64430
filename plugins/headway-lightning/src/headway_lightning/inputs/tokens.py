"""Arrays in: one token a feature, and one more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from headway.contracts import ArraySpec

from headway_lightning.inputs.embeddings import LinearEmbedding, uniform
from headway_lightning.inputs.encoding import Columns
from headway_lightning.inputs.numeric import NumericEmbedding


class Tokens(torch.nn.Module):
    """Arrays → a token of its own (CLS), one a number, one a code.

    Source: Gorishniy et al. (2021), https://arxiv.org/abs/2106.11959, section 3.3, as in the authors' package: a
    number times a vector plus a bias, an embedding of a code plus a bias, none of which decay.

    Args:
        inputs: Floats of shape (rows, …), or codes with `cardinalities`.
        size: Numbers of a token.
        numeric: The embedding of numbers, if another is wanted.

    Attributes:
        size: Numbers of a token.
    """

    decays = False

    def __init__(self, inputs: Sequence[ArraySpec], size: int, numeric: NumericEmbedding | None = None) -> None:
        super().__init__()
        self.size = size
        self.columns = Columns(inputs)
        numbers = self.columns.numbers
        self.first = uniform(size, inputs=size)
        self.numeric = None
        if numbers:
            self.numeric = LinearEmbedding(numbers, size) if numeric is None else numeric.build(numbers, size)
        self.tables = torch.nn.ModuleList(torch.nn.Embedding(n, size) for n in self.columns.cardinalities)
        for table in self.tables:
            torch.nn.init.uniform_(table.weight, -(size**-0.5), size**-0.5)
        self.bias = uniform(len(self.tables), size, inputs=size) if self.tables else None

    def fit(self, arrays: Sequence[torch.Tensor]) -> None:
        """What embeddings must know of the training rows before training."""
        numbers, _ = self.columns(*arrays)
        if self.numeric is not None:
            self.numeric.fit(numbers)

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """(rows, …) each → (rows, 1 + features, size) float32."""
        numbers, codes = self.columns(*arrays)
        parts = [self.first.expand(arrays[0].shape[0], 1, -1)]
        if self.numeric is not None:
            parts.append(self.numeric(numbers))
        if self.bias is not None:
            embedded = [table(column) for table, column in zip(self.tables, codes, strict=True)]
            parts.append(torch.stack(embedded, dim=1) + self.bias)
        return torch.cat(parts, dim=1)
