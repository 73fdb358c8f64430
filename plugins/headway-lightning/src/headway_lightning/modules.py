"""What stands around an author's network: arrays in, probabilities or values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from headway.contracts import ArraySpec, Graph, Output
from headway.errors import DataError
from headway_onnx.graphs import as_graph, export_module

if TYPE_CHECKING:
    from headway_lightning.network import NetworkStage

CHUNK = 16_384


class Encoder(torch.nn.Module):
    """Arrays → one float32 matrix: floats as they are, codes by an embedding each.

    Args:
        inputs: Floats of shape (rows, …), or codes with `cardinalities`.
        largest: Largest size of an embedding; small vocabularies get half their size, rounded up.
    """

    def __init__(self, inputs: Sequence[ArraySpec], largest: int) -> None:
        super().__init__()
        self._coded = [spec.cardinalities is not None for spec in inputs]
        sizes = [n for spec in inputs for n in spec.cardinalities or ()]
        self.tables = torch.nn.ModuleList(torch.nn.Embedding(n, min(largest, (n + 1) // 2)) for n in sizes)
        floats = sum(int(np.prod(spec.shape)) for spec in inputs if spec.cardinalities is None)
        self.width = floats + sum(table.embedding_dim for table in self.tables)

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """(rows, …) each → (rows, width) float32."""
        parts = [array.flatten(1) for array, coded in zip(arrays, self._coded, strict=True) if not coded]
        codes = [array for array, coded in zip(arrays, self._coded, strict=True) if coded]
        columns = [array[:, i] for array in codes for i in range(array.shape[1])]
        parts += [table(column) for table, column in zip(self.tables, columns, strict=True)]
        return torch.cat(parts, dim=-1)


class Network(torch.nn.Module):
    """Encoder, the author's network, and for a value the target's centre and spread.

    Args:
        encoder: What comes before.
        body: The author's network.
        is_value: Whether the output is a value, not logits.
    """

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, encoder: Encoder, body: torch.nn.Module, is_value: bool) -> None:
        super().__init__()
        self.encoder = encoder
        self.body = body
        self.is_value = is_value
        self.register_buffer("centre", torch.zeros(()))
        self.register_buffer("spread", torch.ones(()))

    def scores(self, *arrays: torch.Tensor) -> torch.Tensor:
        """Logits (rows, classes), or standardised values (rows,): what the loss takes."""
        given: torch.Tensor = self.body(self.encoder(*arrays)).float()  # from bfloat16, under autocast
        return given.squeeze(-1) if self.is_value else given

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """Probabilities (rows, classes) or values (rows,), float32."""
        return self.outputs(self.scores(*arrays))

    def outputs(self, scores: torch.Tensor) -> torch.Tensor:
        """What the scores mean: probabilities, or values in the target's units."""
        return scores * self.spread + self.centre if self.is_value else torch.softmax(scores, dim=-1)


def build(stage: NetworkStage, inputs: Sequence[ArraySpec], output: Output) -> Network:
    """The network of a stage, with fresh weights."""
    for spec in inputs:
        if spec.cardinalities is None and spec.dtype != "float32":
            raise DataError(
                f"networks take float32 arrays and codes; the features' array '{spec.name}' is {spec.dtype}",
                hint="give other features, or write a stage of your own",
                code="network-input",
            )
    encoder = Encoder(inputs, stage.embedding)
    body = stage.network(encoder.width, len(output.classes) if output.classes else 1)
    return Network(encoder, body, output.classes is None)


def tensors(inputs: Sequence[ArraySpec], batch: Mapping[str, np.ndarray]) -> list[torch.Tensor]:
    """The arrays of a batch as tensors, in the order of `inputs`."""
    return [torch.from_numpy(np.array(batch[spec.name])) for spec in inputs]


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Lets torch use so many CPU threads: sums are divided among them, and rounded differently for each number."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def predict(module: torch.nn.Module, inputs: Sequence[ArraySpec], batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """The module's output for all rows, by chunks; the module is in evaluation mode."""
    arrays = tensors(inputs, batch)
    with torch.inference_mode():
        parts = [module(*chunk) for chunk in zip(*(array.split(CHUNK) for array in arrays), strict=True)]
    return torch.cat(parts).numpy()


def export(module: torch.nn.Module, inputs: Sequence[ArraySpec], output: str) -> Graph:
    """The module as a graph whose inputs are named after the arrays."""
    examples = {spec.name: torch.zeros((2, *spec.shape), dtype=getattr(torch, spec.dtype)) for spec in inputs}
    graph: Graph = as_graph(export_module(module, examples, [output]))
    return graph
