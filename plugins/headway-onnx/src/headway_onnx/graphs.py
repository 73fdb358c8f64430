"""What other plugins use to build graphs.

* `export_module`: a torch module → the bytes of a graph.
* `label_encoders`: strings → closed codes, as a graph; its outputs are named by `code_name`.
* `merge`: two graphs → one.
* `to_bytes`, `strip`, `pin`, `parse`: graphs ↔ bytes, under the rules.
* `as_graph`: bytes or a parsed graph → `headway.contracts.Graph` for the ``onnx`` runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headway.contracts import Graph

from headway_onnx.encoders import code_name, label_encoders
from headway_onnx.merging import merge, rename
from headway_onnx.protos import BATCH, FILE, IR, ML_OPSET, OPSET, GraphError, parse, pin, strip, to_bytes
from headway_onnx.torch_export import export_module

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = [
    "BATCH",
    "FILE",
    "IR",
    "ML_OPSET",
    "OPSET",
    "GraphError",
    "as_graph",
    "code_name",
    "export_module",
    "label_encoders",
    "merge",
    "parse",
    "pin",
    "rename",
    "strip",
    "to_bytes",
]


def as_graph(model: ModelProto | bytes) -> Graph:
    """A graph for the runtime ``onnx``; a parsed one is written by `to_bytes`."""
    return Graph("onnx", {FILE: model if isinstance(model, bytes) else to_bytes(model)})
