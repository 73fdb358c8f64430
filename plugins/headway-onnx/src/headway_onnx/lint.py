"""Refuses operators whose answer for a row depends on the rows beside it.

Which ones do was measured, at ten batch sizes, on onnxruntime's processor kernels: their inner loops
treat the elements that fill a vector register otherwise than those that are left over, or choose
another blocking for another number of rows. In float64 the difference is lost when the result is cast
to float32; that, or another operator, is the remedy each finding names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway_onnx.operators import ML, domain_of
from headway_onnx.protos import GraphError, parse

if TYPE_CHECKING:
    from onnx import AttributeProto, ModelProto, NodeProto

_VECTORISED = {"Log", "Sin", "Cos", "Softplus"}
_ACCUMULATING = {
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMean",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
}
_TREES = {"TreeEnsembleClassifier", "TreeEnsembleRegressor"}
_IN_DOUBLE = "cast to float64 before it and back to float32 after it"


@dataclass(frozen=True)
class Finding:
    """One node that a graph must not have.

    Attributes:
        node: The node's name.
        operator: What it computes.
        reason: Why it is refused.
        remedy: What to write instead.
    """

    node: str
    operator: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"node '{self.node}' ({self.operator}): {self.reason}; {self.remedy}"


@dataclass(frozen=True)
class _Value:
    """What is known of a value: its element type (0 unknown), its rank, and whether no input reaches it."""

    element: int
    rank: int | None
    constant: bool = False


@dataclass(frozen=True)
class _Site:
    """A node with what is known of its inputs."""

    node: NodeProto
    inputs: tuple[_Value, ...]
    constants: Mapping[str, tuple[int, ...]]

    def attribute(self, name: str) -> AttributeProto | None:
        return next((a for a in self.node.attribute if a.name == name), None)

    @property
    def single(self) -> bool:
        """Whether it computes in float32 or less (unknown types are taken to be)."""
        from onnx import TensorProto

        wide = {TensorProto.UNDEFINED, TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16}
        return self.inputs[0].element in wide


def lint(model: ModelProto | bytes) -> tuple[Finding, ...]:
    """Every node of a graph that is refused, in the order of the graph.

    Nodes that no input reaches are passed over: onnxruntime computes them once.

    Args:
        model: The whole graph, raw columns to outputs; bytes are parsed under the rules of `parse`.

    Raises:
        GraphError: The bytes are no closed graph, or its types contradict one another.
    """
    model = parse(model) if isinstance(model, bytes) else model
    values, constants = _known(model), _integer_constants(model)
    findings = []
    for node in model.graph.node:
        inputs = tuple(values[name] for name in node.input if name)
        if inputs and not all(value.constant for value in inputs):
            finding = _judge(_Site(node, inputs, constants))
            findings += [finding] if finding else []
    return tuple(findings)


def refuse_unsafe(model: ModelProto | bytes) -> None:
    """Raises `GraphError` naming every finding of `lint`, with its reason and remedy."""
    findings = lint(model)
    if findings:
        raise GraphError(
            "a prediction would depend on the rows beside it: " + "; ".join(map(str, findings)),
            hint="change the module or converter that writes these nodes",
            code="graph-unsafe",
        )


def _judge(site: _Site) -> Finding | None:
    name = site.node.op_type
    if domain_of(site.node.domain) == ML:
        return _judge_ml(site)
    if name == "Einsum" and site.single:
        return _found(site, "its products depend on the number of rows", "write it as MatMul or Gemm")
    if name == "MatMul" and site.single and any(v.constant and (v.rank or 3) > 2 for v in site.inputs):
        return _found(site, "its constant weight has more than two axes", "use one MatMul or Gemm for each matrix")
    if name in _VECTORISED and site.single:
        return _found(site, "in float32 it rounds the last elements of a batch otherwise", _IN_DOUBLE)
    if name in _ACCUMULATING and site.single and not _reduces_only_the_last_axis(site):
        return _found(site, "in float32 it sums over another axis than the last", _IN_DOUBLE + ", or transpose first")
    return None


def _judge_ml(site: _Site) -> Finding | None:
    from onnx import TensorProto

    if site.node.op_type == "LinearClassifier":
        return _found(site, "its sums depend on the number of rows", "write Gemm and Softmax or Sigmoid")
    if site.node.op_type not in _TREES:
        return None
    thresholds = site.attribute("nodes_values_as_tensor")
    double = thresholds is not None and thresholds.t.data_type == TensorProto.DOUBLE
    if double and site.inputs[0].element == TensorProto.DOUBLE:
        return None
    return _found(site, "in float32 its sums and thresholds round", "use double *_as_tensor attributes, Cast before it")


def _found(site: _Site, reason: str, remedy: str) -> Finding:
    return Finding(site.node.name, site.node.op_type, reason, remedy)


def _reduces_only_the_last_axis(site: _Site) -> bool:
    axes = _axes(site)
    if axes is None:
        return False
    if not axes:  # all axes, unless it is told to do nothing then
        flag = site.attribute("noop_with_empty_axes")
        return flag is not None and flag.i == 1
    rank = site.inputs[0].rank
    if rank is None:
        return set(axes) == {-1}
    return rank > 1 and {axis % rank for axis in axes} == {rank - 1}


def _axes(site: _Site) -> tuple[int, ...] | None:
    """The axes; empty for all, None if they are computed."""
    attribute = site.attribute("axes")
    if attribute is not None:
        return tuple(attribute.ints)
    if len(site.node.input) < 2 or not site.node.input[1]:
        return ()
    return site.constants.get(site.node.input[1])


def _integer_constants(model: ModelProto) -> dict[str, tuple[int, ...]]:
    from onnx import TensorProto, numpy_helper

    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                tensors[node.output[0]] = attribute.t
    return {
        name: tuple(numpy_helper.to_array(tensor).ravel().tolist())
        for name, tensor in tensors.items()
        if tensor.data_type == TensorProto.INT64 and sum(tensor.dims) <= 16
    }


def _known(model: ModelProto) -> dict[str, _Value]:
    """Type, rank and constness of every value, by ONNX's own inference."""
    inferred = _inferred(model).graph
    values = {tensor.name: _Value(tensor.data_type, len(tensor.dims), True) for tensor in inferred.initializer}
    for sparse in inferred.sparse_initializer:
        values[sparse.values.name] = _Value(sparse.values.data_type, len(sparse.dims), True)
    for value in (*inferred.input, *inferred.output, *inferred.value_info):
        tensor = value.type.tensor_type
        rank = len(tensor.shape.dim) if tensor.HasField("shape") else None
        values.setdefault(value.name, _Value(tensor.elem_type, rank))
    for node in inferred.node:
        constant = all(values[name].constant for name in node.input if name)
        for name in node.output:
            known = values.get(name, _Value(0, None))
            values[name] = _Value(known.element, known.rank, constant)
    return values


def _inferred(model: ModelProto) -> ModelProto:
    from onnx import shape_inference

    try:
        return shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except shape_inference.InferenceError as error:
        raise GraphError(f"the graph is not valid: {error}", hint="mend the export", code="graph-invalid") from error
