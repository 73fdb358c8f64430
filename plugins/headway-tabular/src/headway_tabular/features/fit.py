"""How `Tabular` is fitted: training rows → transforms → a graph → arrays of every split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
from headway import Context, DataError
from headway.contracts import ROW, TARGET, ArraySpec, Dataset, Features, Graph, Schema, labels
from headway_onnx.graphs import as_graph, export_module, merge

from headway_tabular.features.assembly import ARRAYS, Assembly, array_name, example
from headway_tabular.features.columns import Columns
from headway_tabular.features.fitting import FittedBranch, Supervision, fit_branch
from headway_tabular.features.folds import draw, folds, smallest
from headway_tabular.features.layout import Layout, plan_layout
from headway_tabular.features.outputs import TRAIN, Sources
from headway_tabular.features.transformation import Transformation
from headway_tabular.features.vocabularies import learn_vocabularies

if TYPE_CHECKING:
    from headway_tabular.tabular import Tabular


def fit(stage: Tabular, context: Context, data: Dataset) -> Features:
    """Fits, exports and runs the transforms."""
    layout = plan_layout(stage, data.schema, context)
    columns, branches = _learn(stage, data, layout)
    graph = _graph(columns, branches)
    transformation = Transformation(columns, branches, data.schema, graph.open(context.registry))
    writer = Sources(transformation, context.work / "arrays")
    sources = writer.write(data, lambda done, total: context.progress(done, total, "rows"))
    sources[TRAIN] = writer.balance(sources[TRAIN], stage.balance, stage.seed)
    recipe = data.recipe.only([column.name for column in layout.columns])
    return Features(layout.columns, recipe, graph, specs(columns, branches), data.schema.target, sources)


def _learn(stage: Tabular, data: Dataset, layout: Layout) -> tuple[Columns, list[FittedBranch]]:
    train = data.split(TRAIN)
    rows = train.select(pl.len()).collect(engine="streaming").item()
    if not rows:
        raise DataError(f"the split '{TRAIN}' has no rows to learn from", hint="look at data.split", code="no-rows")
    sample = _sample(train, data.schema, layout, rows, stage.fit_rows)
    whole = sample if sample.height == rows else None
    columns = Columns(layout, learn_vocabularies(layout, train, whole))
    supervision = _supervision(sample, data.schema)
    branches = [
        fit_branch(branch, columns.block(branch), partial(columns.values, branch, sample), supervision)
        for branch in layout.branches
    ]
    return columns, branches


def _sample(train: pl.LazyFrame, schema: Schema, layout: Layout, rows: int, limit: int) -> pl.DataFrame:
    """The training rows that statistics are learnt from: row ids, raw columns, targets and groups."""
    roles = [name for name in (schema.group, schema.target.column) if name is not None]
    names = dict.fromkeys([ROW, *(column.name for column in layout.columns), *roles])
    return smallest(draw(train.select(list(names)), rows, limit).collect(engine="streaming"), limit)


def _supervision(sample: pl.DataFrame, schema: Schema) -> Supervision:
    target = schema.target
    if target.classes is not None:
        codes = labels(sample, replace(schema, weight=None))[TARGET]
        return Supervision(codes, len(target.classes), folds(sample, schema))
    numbers = sample[target.column].cast(pl.Float64).to_numpy()
    return Supervision(numbers, None, folds(sample, schema))


def _graph(columns: Columns, branches: Sequence[FittedBranch]) -> Graph:
    names = [spec.name for spec in specs(columns, branches)]
    exported = export_module(Assembly(columns, branches), example(columns.inputs), names)
    encoders = columns.vocabularies.encoders()
    return as_graph(exported if encoders is None else merge(encoders, exported))


def specs(columns: Columns, branches: Sequence[FittedBranch]) -> tuple[ArraySpec, ...]:
    """What the graph gives."""
    found = []
    raw = [column.name for column in columns.layout.columns]
    for kind, (_, dtype) in ARRAYS.items():
        own = [(block, fitted) for fitted in branches for block in fitted.blocks if block.kind == kind]
        if not own:
            continue
        names = tuple(name for block, _ in own for name in block.names)
        sizes = tuple(size for block, _ in own for size in block.cardinalities)
        learnt = [bool(fitted.folds) for block, fitted in own for _ in block.names]
        places = tuple(place for place, is_learnt in enumerate(learnt) if is_learnt)
        found.append(
            ArraySpec(array_name(kind, raw), dtype, (len(names),), names, sizes if kind == "code" else None, places)
        )
    return tuple(found)
