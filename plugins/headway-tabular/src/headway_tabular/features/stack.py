"""How `Tensor` makes its array: a graph written by hand, and its output for every split."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from headway import Context, DataError
from headway.contracts import CHUNK, NUMBERS, ArraySpec, Column, Dataset, Features, Feed, Graph, Runtime, Schema, feeds
from headway_onnx.graphs import BATCH, IR, OPSET, as_graph, rename

from headway_tabular.features.fitting import LIMIT
from headway_tabular.features.layout import hidden_of
from headway_tabular.features.outputs import Sources
from headway_tabular.features.selectors import Candidates, fault

if TYPE_CHECKING:
    from headway_tabular.tensor import Tensor

ARRAY = "tensor"
"""The name of the array."""


@dataclass(frozen=True)
class Stack:
    """Rows → the array; see `headway_tabular.features.outputs.Transforming`.

    Attributes:
        raw: The columns it is made of.
        schema: Of the data.
        runtime: The graph, open.
    """

    raw: Sequence[Column]
    schema: Schema
    runtime: Runtime = field(repr=False)

    def feeds(self, rows: pl.DataFrame) -> dict[str, Feed]:
        """What the graph is given of raw rows."""
        return feeds(rows, self.raw)

    def pieces(self, rows: pl.DataFrame, given: Mapping[str, Feed], *, train: bool) -> Iterator[dict[str, np.ndarray]]:
        """What the graph gives, `CHUNK` rows at a time; of training rows as of others."""
        for start in range(0, max(rows.height, 1), CHUNK):
            yield self.runtime.run({name: feed[start : start + CHUNK] for name, feed in given.items()})


def stack(stage: Tensor, context: Context, data: Dataset) -> Features:
    """Chooses the columns, writes the graph and runs it; raises `DataError` if they do not fit the shape."""
    columns = chosen(stage, data.schema)
    spec = ArraySpec(_name(columns), "float32", stage.shape, _labels(stage.shape, columns))
    graph = write_graph(stage, [column.name for column in columns], spec.name)
    writer = Sources(Stack(columns, data.schema, graph.open(context.registry)), context.work / "arrays")
    sources = writer.write(data, lambda done, total: context.progress(done, total, "rows"))
    recipe = data.recipe.only([column.name for column in columns])
    augmentation = _augmentation(stage.augmentation)
    return Features(tuple(columns), recipe, graph, (spec,), data.schema.target, sources, augmentation)


def chosen(stage: Tensor, schema: Schema) -> list[Column]:
    """The columns in the order of the table; raises `DataError` if one is no number, or for another count of them."""
    candidates = Candidates({column.name: column.kind for column in schema.inputs}, hidden_of(schema), frozenset())
    wanted = {name for selector in stage.only for name in candidates.chosen(selector, "features.only")}
    columns = [c for c in schema.inputs if (c.name in wanted if stage.only else c.kind in NUMBERS)]
    for column in columns:
        if column.kind not in NUMBERS:
            hint = f"leave it out of the selectors, or declare it: data.kinds.{column.name}=numeric"
            raise fault("features.only", f"'{column.name}' is {column.kind}, no number", hint=hint, code="tensor-kind")
    if len(columns) != math.prod(stage.shape):
        raise _misfit(stage, columns)
    return columns


def _misfit(stage: Tensor, columns: Sequence[Column]) -> DataError:
    names = [column.name for column in columns]
    told = f" ({', '.join(names[:3])}{' …' if len(names) > 3 else ''})" if names else ""
    return fault(
        "features.shape",
        f"{list(stage.shape)} has {math.prod(stage.shape)} places, there are {len(names)} columns of numbers{told}",
        hint="features.only chooses columns, by name or pattern" if not stage.only else "look at features.only",
        code="tensor-shape",
    )


def _name(columns: Sequence[Column]) -> str:
    """Not that of a raw column, since a graph has all names once."""
    name, taken = ARRAY, {column.name for column in columns}
    while name in taken:
        name = f"{name}_"
    return name


def _labels(shape: Sequence[int], columns: Sequence[Column]) -> tuple[str, ...]:
    """What the places along the last axis are, where it is the only one."""
    return tuple(column.name for column in columns) if len(shape) == 1 else ()


def _augmentation(value: str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As `Features` names it."""
    if value is None:
        return None
    ((name, fields),) = [(value, {})] if isinstance(value, str) else value.items()
    return {"use": name, **(fields or {})}


def write_graph(stage: Tensor, columns: Sequence[str], output: str) -> Graph:
    """The graph: columns (rows,) float64 → the array (rows, *shape) float32.

    Written by hand: one Concat and one Transpose, where torch would write a node or more a column.
    """
    from onnx import TensorProto, helper

    names = {f"input/{place}": name for place, name in enumerate(columns)}
    inputs = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [BATCH]) for name in names]
    given = helper.make_tensor_value_info("output", TensorProto.FLOAT, [BATCH, *stage.shape])
    graph = helper.make_graph(list(_nodes(list(names))), "headway", inputs, [given], _constants(stage, len(columns)))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    return as_graph(rename(model, {**names, "output": output}, "stack/"))


def _nodes(inputs: list[str]) -> Iterator[Any]:
    from onnx import TensorProto, helper

    steps = (
        ("Concat", inputs, "joined", {"axis": 0}),
        ("Reshape", ["joined", "by_column"], "columns", {}),
        ("Transpose", ["columns"], "rows", {"perm": [1, 0]}),
        ("IsNaN", ["rows"], "missing", {}),
        ("IsInf", ["rows"], "infinite", {}),
        ("Or", ["missing", "infinite"], "unknown", {}),
        ("Where", ["unknown", "fill", "rows"], "known", {}),
        ("Div", ["known", "scale"], "scaled", {}),
        ("Clip", ["scaled", "lowest", "highest"], "bounded", {}),
        ("Cast", ["bounded"], "single", {"to": TensorProto.FLOAT}),
        ("Reshape", ["single", "by_row"], "output", {}),
    )
    return (helper.make_node(kind, given, [out], name=out, **more) for kind, given, out, more in steps)


def _constants(stage: Tensor, columns: int) -> list[Any]:
    from onnx import numpy_helper

    values = {
        "by_column": np.array([columns, -1]),
        "by_row": np.array([-1, *stage.shape]),
        "fill": np.array(stage.fill),
        "scale": np.array(stage.scale),
        "lowest": np.array(-LIMIT),
        "highest": np.array(LIMIT),
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]
