"""Graphs as bytes and back: parsed under rules, stripped, and written the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headway.errors import HeadwayError

from headway_onnx.operators import ALLOWED, ML, domain_of

if TYPE_CHECKING:
    from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

OPSET = 20
"""The opset of every graph (graphs of different opsets do not merge)."""

ML_OPSET = 3
"""The opset of ``ai.onnx.ml``: the newest with trees in one attribute a field."""

IR = 10
"""The format version of every graph."""

LARGEST = 2**31 - 1
"""Bytes that protobuf can hold in one message; larger graphs would need external data."""

BATCH = "batch"
"""The name of the first, free dimension of inputs and outputs."""

FILE = "model.onnx"
"""The name of the only file of an ``onnx`` graph."""


class GraphError(HeadwayError):
    """A graph that breaks the rules for graphs, or graphs that do not fit together."""


def parse(content: bytes) -> ModelProto:
    """Reads a graph and checks that it is closed; nothing is run or loaded.

    Args:
        content: The bytes of one ONNX file.

    Returns:
        The parsed graph.

    Raises:
        GraphError: The content is empty, too large or no ONNX; or the graph refers to external data,
            holds functions or other graphs, or uses an operator outside the allow-list.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import ModelProto

    if not content or len(content) > LARGEST:
        raise GraphError(
            f"a graph must have between 1 and {LARGEST} bytes, this has {len(content)}",
            hint="export it again",
            code="graph-size",
        )
    model = ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise _unreadable() from error
    if not model.graph.node:
        raise _unreadable()
    check_closed(model)
    return model


def _unreadable() -> GraphError:
    return GraphError("the graph is no ONNX model", hint="export it again", code="graph-format")


def check_closed(model: ModelProto) -> None:
    """Raises `GraphError` unless all of the graph is in the message and in the allow-list."""
    if model.functions or model.training_info:
        raise GraphError(
            "the graph holds functions or training information",
            hint="inline functions before saving (onnx.inliner.inline_local_functions)",
            code="graph-functions",
        )
    for node in model.graph.node:
        _check_node(node)
    for tensor in _tensors(model):
        if tensor.external_data or tensor.data_location:
            raise GraphError(
                f"the graph keeps '{tensor.name}' in another file",
                hint="save it with external_data=False",
                code="graph-external-data",
            )


def _check_node(node: NodeProto) -> None:
    name = (domain_of(node.domain), node.op_type)
    if name not in ALLOWED:
        raise GraphError(
            # (damaged text is given as bytes, hence str)
            f"node '{node.name}' uses {'.'.join(str(part) for part in name if part)}, which is not in the list of "
            "operators",
            hint="write it with operators of headway_onnx.operators.ALLOWED",
            code="graph-operator",
        )
    if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
        raise GraphError(f"node '{node.name}' holds a graph of its own", code="graph-operator")


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    yield from model.graph.initializer
    for sparse in model.graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for attribute in _attributes(model):
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        for sparse in (
            *([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []),
            *attribute.sparse_tensors,
        ):
            yield from (sparse.values, sparse.indices)


def _attributes(model: ModelProto) -> Iterator[AttributeProto]:
    for node in model.graph.node:
        yield from node.attribute


def strip(model: ModelProto) -> ModelProto:
    """A copy without what does not decide an output: texts, metadata, producer, intermediate shapes.

    Exporters write stack traces with source paths and their own versions into these.
    """
    from onnx import ModelProto

    clean = ModelProto()
    clean.CopyFrom(model)
    for field in ("metadata_props", "doc_string", "producer_name", "producer_version", "domain", "model_version"):
        clean.ClearField(field)
    graph = clean.graph
    for field in ("metadata_props", "doc_string", "value_info", "quantization_annotation"):
        graph.ClearField(field)
    for value in (*graph.input, *graph.output, *graph.node, *_tensors(clean)):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")
    for attribute in _attributes(clean):
        attribute.ClearField("doc_string")
    graph.name = "headway"
    return clean


def pin(model: ModelProto) -> ModelProto:
    """A copy with this package's IR version and each opset imported once.

    Raises:
        GraphError: The graph was written for other opsets; renaming the version would change meanings.
    """
    from onnx import ModelProto, helper

    wanted = {"": OPSET, ML: ML_OPSET}
    given = {domain_of(entry.domain): entry.version for entry in model.opset_import}
    used = {domain_of(node.domain) for node in model.graph.node}
    for domain in sorted(used):
        if given.get(domain) != wanted.get(domain):
            raise GraphError(
                f"the graph uses opset {given.get(domain)} of '{domain or 'ai.onnx'}', not {wanted.get(domain)}",
                hint=f"write it for opset {OPSET} of ai.onnx and {ML_OPSET} of {ML}",
                code="graph-opset",
            )
    pinned = ModelProto()
    pinned.CopyFrom(model)
    del pinned.opset_import[:]
    pinned.opset_import.extend(helper.make_opsetid(domain, wanted[domain]) for domain in sorted(used | {""}))
    pinned.ir_version = IR
    return pinned


def to_bytes(model: ModelProto) -> bytes:
    """The graph stripped, pinned, checked and serialised: equal graphs give equal bytes.

    Raises:
        GraphError: It is not valid ONNX, not closed, for another opset or too large.
    """
    import onnx

    final = pin(strip(model))
    check_closed(final)
    if final.ByteSize() > LARGEST:
        raise GraphError(f"the graph is larger than {LARGEST} bytes", hint="use a smaller model", code="graph-size")
    try:
        onnx.checker.check_model(final, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise GraphError(f"the graph is not valid: {error}", hint="mend the export", code="graph-invalid") from error
    return bytes(final.SerializeToString(deterministic=True))


def type_of(value: ValueInfoProto) -> int:
    """The element type of an input or output, as in `onnx.TensorProto.DataType`."""
    return value.type.tensor_type.elem_type


def type_name(element: int) -> str:
    """The element type for people, such as ``float32`` or ``string``."""
    from onnx import TensorProto

    name = str(TensorProto.DataType.Name(element)).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)
