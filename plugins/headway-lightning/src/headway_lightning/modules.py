"""What stands around an author's network: arrays in, probabilities or values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from headway.contracts import CHUNK, ArraySpec, Graph, Lookup, Output
from headway.stage import build_used
from headway_onnx.graphs import as_graph, export_module
from headway_onnx.protos import GraphError

from headway_lightning.heads import Head
from headway_lightning.losses import Loss
from headway_lightning.rows import tensors

if TYPE_CHECKING:
    from headway_lightning.network import NetworkStage

USUAL = {"classification": "cross_entropy", "multilabel": "binary_cross_entropy"}
"""Task to the loss that is taken if none is chosen; mse for all others."""


class Network(torch.nn.Module):
    """The author's network and what makes outputs of its scores.

    Args:
        body: Arrays → scores of shape (rows, outputs) or (rows, members, outputs).
        head: Scores → outputs.
        chunk: Rows that are predicted at a time.
    """

    def __init__(self, body: torch.nn.Module, head: Head, chunk: int) -> None:
        super().__init__()
        self.body = body
        self.head = head
        self.chunk = chunk

    def _get_name(self) -> str:
        """For texts: whose network it is."""
        return type(self.body).__name__

    def fit(self, arrays: Sequence[torch.Tensor], target: torch.Tensor, weight: torch.Tensor) -> None:
        """What must be known of the training rows before training: bins, and the target's units."""
        fit = getattr(self.body, "fit", None)
        if fit is not None:
            fit(arrays)
        self.head.fit(target, weight)

    def scores(self, *arrays: torch.Tensor) -> torch.Tensor:
        """What the loss takes, float32."""
        given: torch.Tensor = self.body(*arrays).float()  # from bfloat16, under autocast
        return given

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """Probabilities (rows, classes) or (rows, labels), quantiles (rows, levels) or values (rows,), float32."""
        given: torch.Tensor = self.head(self.scores(*arrays))
        return given


def loss_of(stage: NetworkStage, task: str, lookup: Lookup) -> Loss:
    """The loss of a stage, by default the task's."""
    loss: Loss = build_used(stage.loss or USUAL.get(task, "mse"), "loss", lookup)
    return loss


def build(stage: NetworkStage, inputs: Sequence[ArraySpec], output: Output, lookup: Lookup) -> Network:
    """The network of a stage, with fresh weights."""
    task = {"probability": "classification", "marginal": "multilabel"}.get(output.kind, "regression")
    head = loss_of(stage, task, lookup).head(output)
    numeric = None if stage.numeric is None else build_used(stage.numeric, "numeric_embedding", lookup)
    return Network(stage.body(inputs, head.outputs, numeric), head, stage.chunk)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Lets torch use so many CPU threads: sums are divided among them, and rounded differently for each number."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def predict(
    module: torch.nn.Module,
    inputs: Sequence[ArraySpec],
    batch: Mapping[str, np.ndarray],
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """The module's output for all rows, `Network.chunk` at a time; it is in evaluation mode, on that device."""
    rows = getattr(module, "chunk", CHUNK)
    chunks = zip(*(array.split(rows) for array in tensors(inputs, batch)), strict=True)
    with torch.inference_mode():
        # Copies: a module that works in place would write to the file.
        parts = [module(*(part.to(device, copy=True) for part in chunk)).cpu() for chunk in chunks]
    return torch.cat(parts).numpy()


def export(module: torch.nn.Module, inputs: Sequence[ArraySpec], output: str, use: str) -> Graph:
    """The module as a graph whose inputs are named after the arrays; raises `GraphError` naming the model `use`."""
    examples = {spec.name: torch.zeros((2, *spec.shape), dtype=getattr(torch, spec.dtype)) for spec in inputs}
    try:
        graph: Graph = as_graph(export_module(module, examples, [output]))
    except GraphError as error:
        why = error.what.removeprefix(f"{type(module).__name__} cannot be exported: ")
        raise GraphError(f"the model '{use}' cannot be exported: {why}", hint=error.hint, code=error.code) from error
    return graph
