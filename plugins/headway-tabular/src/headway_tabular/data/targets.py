"""What a table's target is: a number, or one of few classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from headway import DataError
from headway.contracts import Category, Target
from headway.errors import Place
from headway.naming import unknown

if TYPE_CHECKING:
    from headway_tabular.table import Rows

POSITIVE, TARGET = Place("data.positive"), Place("data.target")
MOST_CLASSES = 100
"""A whole-number target with more distinct values than this is a quantity, not a class."""


def missing_targets(frame: pl.LazyFrame, target: str) -> pl.Expr:
    """Which rows have no target: null, or NaN."""
    lost = pl.col(target).is_null()
    return lost | pl.col(target).is_nan() if frame.collect_schema()[target].is_float() else lost


def target_of(frame: pl.LazyFrame, table: Rows, kind: str) -> Target:
    """The target of rows that all have one; raises `DataError` if it is constant or of a kind that is not predicted."""
    name = table.target
    if kind in ("timestamp", "identifier", "text"):
        what = f"the target '{name}' is of kind {kind}, which cannot be predicted"
        hint = f"derive a number or a class from it; or say what else it is: data.kinds.{name}"
        raise DataError(what, where=TARGET, hint=hint, code="target-kind")
    distinct = frame.select(name).unique().head(MOST_CLASSES + 1).collect(engine="streaming")[name].sort().to_list()
    if len(distinct) < 2:
        what = f"the target '{name}' is always {distinct[0]!r}" if distinct else "no row is left that has a target"
        hint = "there is nothing to learn: choose another, or look at what leaves rows out, such as data.rules"
        raise DataError(what, where=TARGET, hint=hint, code="constant-target")
    if frame.collect_schema()[name].is_float():
        _refuse_infinite(frame, name)
    if kind == "numeric" or (kind == "integer" and len(distinct) > MOST_CLASSES):
        return Target(name, "regression")
    if len(distinct) > MOST_CLASSES:
        values = frame.select(name).unique().collect(engine="streaming")[name]
        distinct = values.sort().to_list()
    return Target(name, "classification", _classes(distinct, table))


def _refuse_infinite(frame: pl.LazyFrame, name: str) -> None:
    count = frame.select(pl.col(name).is_infinite().sum()).collect(engine="streaming").item()
    if count:
        raise DataError(
            f"the target '{name}' is infinite in {count} rows",
            hint=f"data.rules.{name} says what becomes of them: {{min: …, max: …, otherwise: drop}}",
            code="infinite-target",
        )


def _classes(distinct: list[Category], table: Rows) -> tuple[Category, ...]:
    if table.positive is None:
        return tuple(distinct)
    if table.positive not in distinct:
        names = [str(value) for value in distinct]
        what = f"data.positive: {unknown('class', str(table.positive), names)}"
        raise DataError(what, where=POSITIVE, code="unknown-class")
    if len(distinct) != 2:
        what = f"data.positive is for two classes, the target has {len(distinct)}"
        raise DataError(what, where=POSITIVE, code="unknown-class")
    return (*(value for value in distinct if value != table.positive), table.positive)
