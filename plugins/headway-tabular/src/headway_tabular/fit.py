"""How `Tabular` is fitted: statistics of the training rows → a graph → arrays of every split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from headway import Context, DataError
from headway.contracts import (
    MISSING,
    NUMBERS,
    ArraySpec,
    Column,
    Dataset,
    Expression,
    Features,
    Graph,
    Schema,
    Source,
    feeds,
    labels,
    parse_expression,
    run_chunked,
)
from headway.naming import unknown
from headway_onnx.graphs import as_graph, code_name, export_module, label_encoders, merge

from headway_tabular.transform import Derivation, Statistics, Transform, example, learn

if TYPE_CHECKING:
    from headway_tabular.tabular import Tabular


@dataclass(frozen=True)
class Layout:
    """Which columns play which part.

    Attributes:
        numbers: Numeric columns that the graph takes.
        features: Those of them that are features.
        strings: Categorical columns.
        expressions: Derived columns.
    """

    numbers: tuple[Column, ...]
    features: tuple[str, ...]
    strings: tuple[Column, ...]
    expressions: Mapping[str, Expression]

    @property
    def names(self) -> list[str]:
        """The numeric features in their order."""
        return [*self.features, *self.expressions]


def fit(stage: Tabular, context: Context, data: Dataset) -> Features:
    """Fits, exports and runs the transform."""
    layout = plan_layout(stage, data.schema, context)
    train = data.split("train").collect()
    derivation = _derivation(layout)
    statistics = _statistics(stage, layout, derivation, train)
    vocabularies = {column.name: vocabulary(train[column.name], stage.min_frequency) for column in layout.strings}
    graph = _graph(layout, derivation, statistics, vocabularies)
    columns = (*layout.numbers, *layout.strings)
    runtime = graph.open(context.registry)
    sources = {}
    for name, frame in data.splits.items():
        rows = frame.collect()
        arrays = run_chunked(runtime, feeds(rows, columns)) | labels(rows, data.schema)
        sources[name] = Source(arrays, rows.height)
    specs = _specs(layout, statistics, vocabularies)
    return Features(columns, data.recipe, graph, specs, data.schema.target, sources)


def plan_layout(stage: Tabular, schema: Schema, context: Context) -> Layout:
    """Decides the part of each column; raises `DataError` for unknown names."""
    inputs = {column.name: column for column in schema.inputs}
    for name in stage.drop:
        if name not in inputs:
            raise DataError(f"features.drop: {unknown('column', name, inputs)}", code="unknown-column")
    numbers = {name: column for name, column in inputs.items() if column.kind in NUMBERS}
    expressions = _expressions(stage, numbers, inputs)
    used = {column for expression in expressions.values() for column in expression.columns}
    features = [name for name in numbers if name not in stage.drop]
    strings = [c for c in inputs.values() if c.kind == "categorical" and c.name not in stage.drop]
    taken = tuple(column for name, column in numbers.items() if name in features or name in used)
    left = [c.name for c in inputs.values() if c.kind not in (*NUMBERS, "categorical") and c.name not in stage.drop]
    if left:
        context.log.info("left out: %s (neither numbers nor categories)", ", ".join(left))
    if not features and not expressions and not strings:
        raise DataError(
            "no column is left to make features of", hint="look at data.kinds and features.drop", code="no-features"
        )
    return Layout(taken, tuple(features), tuple(strings), expressions)


def _expressions(stage: Tabular, numbers: Mapping[str, Column], inputs: Mapping[str, Column]) -> dict[str, Expression]:
    known, found = set(numbers), {}
    for name, text in stage.derive.items():
        if name in inputs:
            raise DataError(
                f"features.derive.{name}: the data have a column of that name", hint="choose another", code="derive"
            )
        found[name] = parse_expression(text, f"features.derive.{name}", known, set(inputs) - set(numbers))
        known.add(name)
    return found


def _derivation(layout: Layout) -> Derivation | None:
    names = [column.name for column in layout.numbers]
    return Derivation(names, layout.features, layout.expressions) if layout.names else None


def _statistics(
    stage: Tabular, layout: Layout, derivation: Derivation | None, train: pl.DataFrame
) -> Statistics | None:
    if derivation is None:
        return None
    arrays = feeds(train, layout.numbers)
    with torch.no_grad():
        values = derivation(*(torch.from_numpy(np.array(array)) for array in arrays.values())).numpy()
    return learn(values, stage.impute)


def vocabulary(values: pl.Series, min_frequency: int) -> list[str]:
    """The strings that get a code, sorted; `MISSING` last, if training rows had missing values."""
    counts = values.drop_nulls().cast(pl.String).value_counts(name="count")
    names = counts.filter(pl.col("count") >= min_frequency)[values.name].sort().to_list()
    return names + ([MISSING] if values.null_count() else [])


def _graph(
    layout: Layout, derivation: Derivation | None, statistics: Statistics | None, vocabularies: Mapping[str, list[str]]
) -> Graph:
    inputs = {column.name: torch.float64 for column in layout.numbers}
    module = Transform(derivation, statistics, len(inputs))
    inputs |= {code_name(name): torch.int64 for name in vocabularies}
    outputs = [spec.name for spec in _specs(layout, statistics, vocabularies)]
    exported = export_module(module, example(inputs), outputs)
    return as_graph(merge(label_encoders(vocabularies), exported) if vocabularies else exported)


def _specs(
    layout: Layout, statistics: Statistics | None, vocabularies: Mapping[str, list[str]]
) -> tuple[ArraySpec, ...]:
    specs = []
    if statistics is not None:
        names = [*layout.names, *(f"{layout.names[i]}_missing" for i in statistics.flagged)]
        specs.append(ArraySpec("numeric", "float32", (len(names),), tuple(names)))
    if vocabularies:
        sizes = tuple(len(words) + 1 for words in vocabularies.values())
        specs.append(ArraySpec("categorical", "int64", (len(sizes),), tuple(vocabularies), sizes))
    return tuple(specs)
