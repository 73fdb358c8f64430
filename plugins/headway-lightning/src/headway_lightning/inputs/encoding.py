"""Arrays in: one matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from headway.contracts import ArraySpec
from headway.errors import DataError

from headway_lightning.inputs.embeddings import Embedding
from headway_lightning.inputs.numeric import NumericEmbedding


def check_inputs(inputs: Sequence[ArraySpec]) -> None:
    """Raises `DataError` unless all arrays are float32 or codes."""
    for spec in inputs:
        if spec.cardinalities is None and spec.dtype != "float32":
            raise DataError(
                f"networks take float32 arrays and codes; the features' array '{spec.name}' is {spec.dtype}",
                hint="give other features, or write a stage of your own",
                code="network-input",
            )


class Columns(torch.nn.Module):
    """Arrays → the numbers and the codes among them, a column each.

    Args:
        inputs: Floats of shape (rows, …), or codes with `cardinalities`.

    Attributes:
        numbers: How many columns of numbers there are.
        cardinalities: How many codes each column of codes has.
    """

    def __init__(self, inputs: Sequence[ArraySpec]) -> None:
        super().__init__()
        check_inputs(inputs)
        self._coded = [spec.cardinalities is not None for spec in inputs]
        self.cardinalities = [n for spec in inputs for n in spec.cardinalities or ()]
        self.numbers = sum(int(np.prod(spec.shape)) for spec in inputs if spec.cardinalities is None)

    def forward(self, *arrays: torch.Tensor) -> tuple[torch.Tensor | None, list[torch.Tensor]]:
        """(rows, …) each → float32 (rows, numbers), or None without any, and int64 (rows,) for each column of codes."""
        floats = [array.flatten(1) for array, coded in zip(arrays, self._coded, strict=True) if not coded]
        codes = [array for array, coded in zip(arrays, self._coded, strict=True) if coded]
        columns = [array[:, i] for array in codes for i in range(array.shape[1])]
        return (torch.cat(floats, dim=-1) if len(floats) > 1 else floats[0] if floats else None), columns


class OneHot(torch.nn.Module):
    """A column a code: (rows,) → (rows, codes), 1 in the code's own column.

    Args:
        codes: How many codes there are.
    """

    def __init__(self, codes: int) -> None:
        super().__init__()
        self.embedding_dim = codes

    def forward(self, column: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return (column[:, None] == torch.arange(self.embedding_dim, device=column.device)).float()


def _table(codes: int, size: int) -> torch.nn.Embedding:
    """An embedding that begins with numbers up to one over the root of its size.

    Torch's own do not shrink with the size, and let networks learn rows by heart.

    Source: the code of Gorishniy et al. (2021), https://arxiv.org/abs/2106.11959.
    """
    table = torch.nn.Embedding(codes, size)
    torch.nn.init.uniform_(table.weight, -(size**-0.5), size**-0.5)
    return table


class Encoder(torch.nn.Module):
    """Arrays → one float32 matrix: numbers as they are or embedded, codes by an embedding each or a column a code.

    Args:
        inputs: Floats of shape (rows, …), or codes with `cardinalities`.
        largest: Largest size of a code's embedding; small vocabularies get half their size, rounded up. 0 gives a
            column a code.
        numeric: The embedding of numbers.

    Attributes:
        sizes: Columns of the matrix that each feature takes, in their order.
        width: Columns of the matrix.
    """

    def __init__(self, inputs: Sequence[ArraySpec], largest: int, numeric: NumericEmbedding | None = None) -> None:
        super().__init__()
        self.columns = Columns(inputs)
        numbers, codes = self.columns.numbers, self.columns.cardinalities
        self.tables = torch.nn.ModuleList(
            _table(n, min(largest, (n + 1) // 2)) if largest else OneHot(n) for n in codes
        )
        self.numeric: Embedding | None = numeric.build(numbers) if numeric is not None and numbers else None
        floats = [1 if self.numeric is None else self.numeric.size] * numbers
        self.sizes = (*floats, *(table.embedding_dim for table in self.tables))
        self.width = sum(self.sizes)

    def fit(self, arrays: Sequence[torch.Tensor]) -> None:
        """What embeddings must know of the training rows before training."""
        if self.numeric is not None:
            numbers, _ = self.columns(*arrays)
            self.numeric.fit(numbers)

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """(rows, …) each → (rows, width) float32."""
        numbers, codes = self.columns(*arrays)
        if numbers is not None and self.numeric is not None:
            numbers = self.numeric(numbers).flatten(1)
        parts = [] if numbers is None else [numbers]
        parts += [table(column) for table, column in zip(self.tables, codes, strict=True)]
        return torch.cat(parts, dim=-1)


class Encoded(torch.nn.Module):
    """Layers behind an encoder: what most networks are.

    Args:
        encoder: Arrays → (rows, width).
        layers: (rows, width) → scores.
    """

    def __init__(self, encoder: Encoder, layers: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.layers = layers

    def fit(self, arrays: Sequence[torch.Tensor]) -> None:
        """See `Encoder.fit`."""
        self.encoder.fit(arrays)

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """(rows, …) each → scores."""
        given: torch.Tensor = self.layers(self.encoder(*arrays))
        return given
