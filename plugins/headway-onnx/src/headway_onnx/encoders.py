"""Strings to codes: the part of a features graph that torch cannot write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headway_onnx.operators import ML
from headway_onnx.protos import BATCH, IR, ML_OPSET, OPSET, GraphError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


def code_name(column: str) -> str:
    """The name under which `label_encoders` gives the codes of `column`."""
    return f"code/{column}"


def label_encoders(columns: Mapping[str, Sequence[str]]) -> ModelProto:
    """A graph of one LabelEncoder a column, with codes in a closed domain.

    Input ``NAME`` (string, shape (rows,)) becomes output ``code/NAME`` (int64, shape (rows,); see
    `code_name`): the position of the string among its categories, and n, their number, for any other
    string. Missing strings reach a graph as `headway.contracts.MISSING`; list it among the categories
    to give it a code of its own, otherwise it is unseen.

    Args:
        columns: Column name to its n categories in the order of their codes; none is allowed (every
            string is then 0, unseen).

    Returns:
        The graph, to be merged with the graph that takes the codes.

    Raises:
        GraphError: There are no columns, or a category is given twice.
    """
    from onnx import TensorProto, helper

    if not columns:
        raise GraphError("label_encoders was given no columns", hint="leave the encoder out", code="graph-encoder")
    nodes = [_encoder(name, list(categories)) for name, categories in columns.items()]
    inputs = [helper.make_tensor_value_info(name, TensorProto.STRING, [BATCH]) for name in columns]
    outputs = [helper.make_tensor_value_info(code_name(name), TensorProto.INT64, [BATCH]) for name in columns]
    graph = helper.make_graph(nodes, "headway", inputs, outputs)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR)


def _encoder(name: str, categories: list[str]) -> NodeProto:
    from onnx import helper

    twice = sorted(category for category, count in Counter(categories).items() if count > 1)
    if twice:
        raise GraphError(
            f"column '{name}' lists {twice[0]!r} twice",
            hint="give each category once",
            code="graph-encoder",
        )
    unseen = len(categories)
    # An encoder without keys is not valid ONNX; any single key that maps to 0, as all others do, will do.
    keys = categories or [""]
    return helper.make_node(
        "LabelEncoder",
        [name],
        [code_name(name)],
        name=f"encode/{name}",
        domain=ML,
        keys_strings=keys,
        values_int64s=list(range(len(keys))),
        default_int64=unseen,
    )
