"""Embeddings of numeric features as torch computes them."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch

from headway_lightning.inputs import numeric


def uniform(*shape: int, inputs: int) -> torch.nn.Parameter:
    """Uniform numbers up to one over the root of `inputs`, as torch's linear layers begin with."""
    bound = inputs**-0.5
    return torch.nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


class Embedding(torch.nn.Module):
    """(rows, columns) → (rows, columns, size), float32.

    Attributes:
        size: Numbers that a feature becomes.
    """

    size: int

    @abstractmethod
    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → (rows, columns, size)."""

    def fit(self, numbers: torch.Tensor) -> None:
        """Learns what must be known before training from the training rows, of shape (rows, columns)."""


class LinearEmbedding(Embedding):
    """A vector a feature times its number, and a bias each: the numeric part of FT-Transformer's tokenizer.

    Source: Gorishniy et al. (2021), https://arxiv.org/abs/2106.11959, section 3.3. Its weights do not decay, after
    the authors' code.
    """

    decays = False

    def __init__(self, columns: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.weight = uniform(columns, size, inputs=size)
        self.bias = uniform(columns, size, inputs=size)

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """See `Embedding`."""
        return torch.addcmul(self.bias, self.weight, numbers[:, :, None])


class ColumnLinear(torch.nn.Module):
    """A linear layer for each column: (rows, columns, inputs) → (rows, columns, outputs).

    One batched product in training; in evaluation a product a column, whose rows are the same in every batch.
    """

    def __init__(self, columns: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = uniform(columns, inputs, outputs, inputs=inputs)
        self.bias = uniform(columns, outputs, inputs=inputs)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """See the class."""
        if self.training:
            return torch.einsum("rci,cio->rco", given, self.weight) + self.bias
        columns = range(self.weight.shape[0])
        return torch.stack([torch.addmm(self.bias[c], given[:, c], self.weight[c]) for c in columns], dim=1)


class PiecewiseLinearEmbedding(Embedding):
    """See `headway_lightning.inputs.numeric.PiecewiseLinear`.

    The value of bin b is (x - edge of b) / width of b: at most 1 but in the last bin, at least 0 but in the first. A
    feature with fewer bins than others leaves the middle ones at zero.
    """

    edges: torch.Tensor
    widths: torch.Tensor
    lowest: torch.Tensor
    highest: torch.Tensor

    def __init__(self, columns: int, size: int, config: numeric.PiecewiseLinear) -> None:
        super().__init__()
        self.size = size
        for name, start in (("edges", 0.0), ("widths", torch.inf), ("lowest", 0.0), ("highest", 0.0)):
            self.register_buffer(name, torch.full((columns, config.bins), start))
        self.linear = ColumnLinear(columns, config.bins, size)
        self.plain = LinearEmbedding(columns, size) if config.linear else None
        if config.linear:
            torch.nn.init.zeros_(self.linear.weight)
            torch.nn.init.zeros_(self.linear.bias)
        self._activation = config.activation

    def fit(self, numbers: torch.Tensor) -> None:
        """Edges at the quantiles of the training rows; ones that are all but equal are one."""
        bins = self.edges.shape[1]
        levels = torch.linspace(0, 1, bins + 1, dtype=torch.float64)
        for column, values in enumerate(numbers.double().T):
            edges = _apart(_quantiles(values[torch.isfinite(values)], levels).float())
            last = len(edges) - 1
            self.lowest[column], self.highest[column] = 0.0, 1.0
            if last < 1:
                self.highest[column] = 0.0
                continue
            places = torch.tensor([*range(last - 1), bins - 1])
            self.edges[column, places] = edges[:-1]
            self.widths[column, places] = edges[1:] - edges[:-1]
            self.lowest[column, places[0]] = -torch.inf
            self.highest[column, places[-1]] = torch.inf

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """See `Embedding`."""
        through = (numbers[:, :, None] - self.edges) / self.widths
        encoded = torch.minimum(torch.maximum(through, self.lowest), self.highest)
        given: torch.Tensor = self.linear(encoded)
        given = torch.relu(given) if self._activation else given
        return given if self.plain is None else given + self.plain(numbers)


def _apart(ordered: torch.Tensor) -> torch.Tensor:
    """Those of ascending edges that a bin fits between: what is divided by its width stays finite in float32."""
    least = max(1e-30, 1e-12 * float(ordered[-1] - ordered[0]))
    kept = [ordered[0]]
    for edge in ordered[1:]:
        if edge - kept[-1] > least:
            kept.append(edge)
    return torch.stack(kept)


def _quantiles(values: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """By linear interpolation; torch's own refuses more than 16 million rows."""
    if not len(values):
        return torch.zeros(1)
    ordered = values.sort().values
    places = levels * (len(ordered) - 1)
    low = places.floor().long()
    high = (low + 1).clamp(max=len(ordered) - 1)
    return torch.lerp(ordered[low], ordered[high], places - low)


class PeriodicEmbedding(Embedding):
    """See `headway_lightning.inputs.numeric.Periodic`. Frequencies do not decay, after the authors' code."""

    decays = False

    def __init__(self, columns: int, size: int, config: numeric.Periodic) -> None:
        super().__init__()
        self.size = size
        spread = torch.empty(columns, config.frequencies)
        torch.nn.init.trunc_normal_(spread, 0.0, config.scale, -3 * config.scale, 3 * config.scale)
        self.frequencies = torch.nn.Parameter(spread)
        inputs = 2 * config.frequencies
        self.linear: torch.nn.Module = (
            torch.nn.Linear(inputs, size) if config.shared else ColumnLinear(columns, inputs, size)
        )

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """See `Embedding`; waves are computed in float64 in evaluation, for the same bits at every batch size."""
        phase = 2 * math.pi * self.frequencies * numbers[:, :, None]
        phase = phase if self.training else phase.double()
        waves = torch.cat([torch.cos(phase), torch.sin(phase)], dim=-1).float()
        return torch.relu(self.linear(waves))
