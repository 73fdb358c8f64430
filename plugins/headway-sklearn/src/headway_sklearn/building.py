"""Writes graphs node by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headway.contracts import ArraySpec, Graph

if TYPE_CHECKING:
    import numpy as np

    from headway_sklearn.models import TableModel

ML = "ai.onnx.ml"
"""The domain of trees."""


@dataclass(frozen=True)
class Builder:
    """Nodes and constants, collected in order; values are named after their position."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, array: np.ndarray) -> str:
        """The name of a constant value."""
        from onnx import numpy_helper

        name = f"constant/{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """Adds a node of one output, and gives its name."""
        from onnx import helper

        name = f"{operator}/{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output or name], name=name, **attributes))
        return output or name

    def graph(self, model: TableModel) -> Graph:
        """The nodes as a graph with the model's inputs and output."""
        from headway_onnx.graphs import BATCH, IR, ML_OPSET, OPSET, as_graph
        from onnx import TensorProto, helper

        inputs = [_declared(spec, BATCH) for spec in model.inputs]
        output = model.outputs[0]
        items = output.classes or output.levels
        shape: list[str | int | None] = [BATCH, *([len(items)] if items else [])]
        outputs = [helper.make_tensor_value_info(output.name, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, "headway", inputs, outputs, self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        return as_graph(helper.make_model(graph, opset_imports=opsets, ir_version=IR))


def _declared(spec: ArraySpec, rows: str) -> Any:
    import numpy as np
    from onnx import helper

    element = helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))
    return helper.make_tensor_value_info(spec.name, element, [rows, *spec.shape])
