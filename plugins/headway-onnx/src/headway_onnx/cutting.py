"""A graph in two: the encoders of its strings, run on distinct values, and the rest, run on codes.

To look up a string costs a graph more than all else it does to a row, and most rows repeat strings of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.contracts import Feed, Strings

from headway_onnx.operators import ML, domain_of
from headway_onnx.protos import IR, ML_OPSET, OPSET, parse, type_of

if TYPE_CHECKING:
    import numpy as np
    from onnx import GraphProto, ModelProto, NodeProto


@dataclass(frozen=True)
class Cut:
    """Two open sessions that together give what the whole graph gives, bit for bit.

    Attributes:
        encoders: Strings → codes, of any number of strings each; None if no input can be cut off.
        rest: All else; takes codes in place of those strings.
        codes: Code name to the name of the strings that it is of.
    """

    encoders: Any
    rest: Any
    codes: Mapping[str, str]

    def run(self, feeds: Mapping[str, Feed]) -> list[Any]:
        """The outputs of the whole graph, in its order."""
        import numpy as np

        cut = set(self.codes.values())
        return self.rest.run(None, {n: np.asarray(f) for n, f in feeds.items() if n not in cut} | self._encoded(feeds))

    def _encoded(self, feeds: Mapping[str, Feed]) -> dict[str, np.ndarray]:
        if not self.codes:
            return {}
        words = {name: _words(feeds[name]) for name in self.codes.values()}
        names = list(self.codes)
        tables = dict(zip(names, self.encoders.run(names, {n: table for n, (table, _) in words.items()}), strict=True))
        return {name: _gathered(table, words[self.codes[name]][1]) for name, table in tables.items()}


def _words(feed: Feed) -> tuple[np.ndarray, np.ndarray | None]:
    """What is encoded, and the position of each row in it; None if it is the rows themselves."""
    import numpy as np

    # Of a few rows of a long column, most of its values are not needed.
    if isinstance(feed, Strings) and len(feed.values) <= len(feed):
        return feed.values, feed.codes
    return np.asarray(feed), None


def _gathered(table: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    return table if codes is None else table[codes]


def cut(content: bytes, opened: Callable[[bytes], Any]) -> Cut:
    """Cuts off the encoders of all inputs of strings that nothing else reads, and opens both parts.

    Args:
        content: A graph.
        opened: Bytes to a session.
    """
    model = parse(content)
    encoders = _encoders(model.graph)
    if not encoders:
        return Cut(None, opened(content), {})
    codes = {node.output[0]: node.input[0] for node in encoders}
    return Cut(opened(_alone(encoders)), opened(_without(model, encoders)), codes)


def _encoders(graph: GraphProto) -> list[NodeProto]:
    """The nodes that can be cut off: their strings are read by such nodes alone, their codes are no outputs."""
    from onnx import TensorProto

    outputs = {value.name for value in graph.output}
    kept = {name for node in graph.node if not _encodes(node, outputs) for name in node.input}
    strings = {
        value.name
        for value in graph.input
        if type_of(value) == TensorProto.STRING and len(value.type.tensor_type.shape.dim) == 1
    }
    return [node for node in graph.node if _encodes(node, outputs) and node.input[0] in strings - kept]


def _encodes(node: NodeProto, outputs: set[str]) -> bool:
    """Whether a node maps strings to whole numbers that are no output."""
    given = {attribute.name for attribute in node.attribute}
    mapped = {"keys_strings", "values_int64s"} <= given and (domain_of(node.domain), node.op_type) == (
        ML,
        "LabelEncoder",
    )
    return mapped and node.output[0] not in outputs


def _alone(encoders: list[NodeProto]) -> bytes:
    from onnx import TensorProto, helper

    names = dict.fromkeys(node.input[0] for node in encoders)
    inputs = [helper.make_tensor_value_info(name, TensorProto.STRING, [f"of {name}"]) for name in names]
    outputs = [
        helper.make_tensor_value_info(node.output[0], TensorProto.INT64, [f"of {node.input[0]}"]) for node in encoders
    ]
    graph = helper.make_graph(encoders, "headway", inputs, outputs)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=IR).SerializeToString())


def _without(model: ModelProto, encoders: list[NodeProto]) -> bytes:
    from onnx import TensorProto

    rest = type(model)()
    rest.CopyFrom(model)
    codes = {node.output[0]: node.input[0] for node in encoders}
    given = {value.name: value for value in model.graph.input}
    del rest.graph.node[:], rest.graph.input[:]
    rest.graph.node.extend(node for node in model.graph.node if node.output[0] not in codes)
    rest.graph.input.extend(value for name, value in given.items() if name not in codes.values())
    for name, strings in codes.items():
        rest.graph.input.add().CopyFrom(given[strings])
        rest.graph.input[-1].name = name
        rest.graph.input[-1].type.tensor_type.elem_type = TensorProto.INT64
    return bytes(rest.SerializeToString())
