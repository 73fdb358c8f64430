"""Several graphs of the same outputs as one that gives their mean."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headway_onnx.merging import rename
from headway_onnx.protos import GraphError, parse, pin, strip, type_name, type_of

if TYPE_CHECKING:
    import numpy as np
    from onnx import ModelProto, NodeProto, SparseTensorProto, TensorProto


def average(graphs: Sequence[bytes], weights: Sequence[float]) -> ModelProto:
    """One graph whose outputs are the weighted means of those of several; what these have in common is there once.

    The mean is taken in float64, in the order of the graphs, and cast to float32 once: `mean` gives the same bits.

    Args:
        graphs: They have the same inputs, and the same outputs in float32.
        weights: One a graph.

    Returns:
        A graph to be written by `to_bytes`; equal graphs give equal bytes.

    Raises:
        GraphError: Inputs or outputs are not the same.
    """
    parts = [pin(strip(parse(graph))) for graph in graphs]
    _check(parts)
    fixed = {value.name: value.name for value in parts[0].graph.input}
    merged = _joined([rename(part, fixed, f"{number}/") for number, part in enumerate(parts, 1)])
    merged.graph.output.extend(parts[0].graph.output)
    for value in parts[0].graph.output:
        _mean(merged, value.name, [f"{number}/{value.name}" for number in range(1, len(parts) + 1)], weights)
    return deduplicated(merged)


def mean(arrays: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The same mean by numpy: float64, in the order of the arrays, cast to float32 once."""
    import numpy as np

    total, *terms = (array.astype(np.float64) * weight for array, weight in zip(arrays, weights, strict=True))
    for term in terms:
        total = total + term
    return np.asarray((total / math.fsum(weights)).astype(np.float32))


def _check(parts: Sequence[ModelProto]) -> None:
    """Raises `GraphError` unless all take and give the same."""
    from onnx import TensorProto

    for side in ("input", "output"):
        first, *others = [
            {v.name: (type_name(type_of(v)), len(v.type.tensor_type.shape.dim)) for v in getattr(part.graph, side)}
            for part in parts
        ]
        for other in others:
            for name in first.keys() | other.keys():
                if first.get(name) != other.get(name):
                    raise GraphError(
                        f"the graphs do not have the {side} '{name}' alike: (type, axes) is {first.get(name)} of one, "
                        f"{other.get(name)} of another",
                        hint="average graphs of the same columns and outputs",
                        code="graph-average",
                    )
    for value in parts[0].graph.output:
        if type_of(value) != TensorProto.FLOAT:
            raise GraphError(
                f"'{value.name}' is {type_name(type_of(value))}, a mean is of float32", code="graph-average"
            )


def _joined(parts: Sequence[ModelProto]) -> ModelProto:
    """All nodes and constants side by side, over the inputs of the first; nothing is an output."""
    merged = type(parts[0])()
    merged.CopyFrom(parts[0])
    merged.graph.ClearField("output")
    for part in parts[1:]:
        for field in ("node", "initializer", "sparse_initializer"):
            getattr(merged.graph, field).extend(getattr(part.graph, field))
        known = {entry.domain for entry in merged.opset_import}
        merged.opset_import.extend(entry for entry in part.opset_import if entry.domain not in known)
    return merged


def _mean(model: ModelProto, name: str, given: Sequence[str], weights: Sequence[float]) -> None:
    """Adds the nodes of the mean of the named arrays, called `name`."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph, own = model.graph, f"mean/{name}/"

    def node(operator: str, inputs: list[str], output: str, **attributes: int) -> str:
        graph.node.append(helper.make_node(operator, inputs, [output], name=f"{own}{len(graph.node)}", **attributes))
        return output

    def constant(value: float, called: str) -> str:
        graph.initializer.append(numpy_helper.from_array(np.float64(value), own + called))
        return own + called

    terms = []
    for number, (array, weight) in enumerate(zip(given, weights, strict=True), 1):
        term = node("Cast", [array], f"{own}{number}", to=TensorProto.DOUBLE)
        if weight != 1:
            term = node("Mul", [term, constant(weight, f"weight/{number}")], f"{own}{number}/weighted")
        terms.append(term)
    total = node("Sum", terms, f"{own}sum")
    share = node("Div", [total, constant(math.fsum(weights), "weights")], f"{own}mean")
    node("Cast", [share], name, to=TensorProto.FLOAT)


def deduplicated(model: ModelProto) -> ModelProto:
    """A copy in which equal computations are there once: same operator and attributes on the same values.

    Every operator of the allow-list is a function of its inputs alone, so no answer changes.
    """
    result = type(model)()
    result.CopyFrom(model)
    graph = result.graph
    same = _constants(result)
    outputs, nodes = {value.name for value in graph.output}, []
    seen: dict[bytes, NodeProto] = {}
    for node in graph.node:
        node.input[:] = [same.get(name, name) for name in node.input]
        twin = seen.setdefault(_meaning(node), node)
        if twin is node or outputs & set(node.output):
            nodes.append(node)
        else:
            same |= dict(zip(node.output, twin.output, strict=True))
    kept = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    return result


def _constants(model: ModelProto) -> dict[str, str]:
    """Removes constants that are there before by another name: their name → that name."""
    same: dict[str, str] = {}
    for field in ("initializer", "sparse_initializer"):
        seen: dict[bytes, str] = {}
        kept = []
        for tensor in getattr(model.graph, field):
            name = tensor.values.name if field == "sparse_initializer" else tensor.name
            first = seen.setdefault(_nameless(tensor), name)
            if first == name:
                kept.append(type(tensor).FromString(tensor.SerializeToString()))
            else:
                same[name] = first
        del getattr(model.graph, field)[:]
        getattr(model.graph, field).extend(kept)
    return same


def _nameless(tensor: TensorProto | SparseTensorProto) -> bytes:
    """A digest of a constant's values, shape and type."""
    from onnx import SparseTensorProto

    copy = type(tensor).FromString(tensor.SerializeToString())
    named = copy.values if isinstance(copy, SparseTensorProto) else copy
    named.ClearField("name")
    return hashlib.sha256(copy.SerializeToString(deterministic=True)).digest()


def _meaning(node: NodeProto) -> bytes:
    """A digest of what a node computes: its operator, attributes and inputs, and which of its outputs are wanted."""
    copy = type(node).FromString(node.SerializeToString())
    copy.ClearField("name")
    copy.output[:] = ["x" * bool(name) for name in node.output]
    return hashlib.sha256(copy.SerializeToString(deterministic=True)).digest()
