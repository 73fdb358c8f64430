"""How many rows a graph can be given at a time, by what it computes for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headway.contracts import CHUNK, FEW

from headway_onnx.protos import parse

if TYPE_CHECKING:
    from onnx import ValueInfoProto

VALUE = 2**26
"""Bytes of the largest value of a chunk; a few such values are held at a time."""


def rows_at_a_time(content: bytes) -> int:
    """Halves `CHUNK` until the largest value fits into `VALUE`, but not below `FEW`.

    A first axis of unknown length is taken for the rows; values with other unknown axes do not count.

    Args:
        content: A graph.
    """
    from onnx import shape_inference

    graph = shape_inference.infer_shapes(parse(content), data_prop=True).graph
    largest = max(_bytes(value) for value in (*graph.input, *graph.value_info, *graph.output))
    rows = CHUNK
    while rows // 2 >= FEW and rows * largest > VALUE:
        rows //= 2
    return rows


def _bytes(value: ValueInfoProto) -> int:
    """Of one row; 0 for a value that has no rows, or another axis of unknown length."""
    from onnx import helper

    tensor = value.type.tensor_type
    dims = list(tensor.shape.dim)
    if not dims or dims[0].HasField("dim_value") or not all(dim.HasField("dim_value") for dim in dims[1:]):
        return 0
    size = helper.tensor_dtype_to_np_dtype(tensor.elem_type).itemsize
    return int(math.prod(dim.dim_value for dim in dims[1:]) * size)
