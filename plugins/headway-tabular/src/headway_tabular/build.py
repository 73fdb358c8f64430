"""How a `Table` becomes a `Dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from headway import Context, DataError
from headway.contracts import ROW, Category, Column, Dataset, NullValues, Recipe, Schema, Target
from headway.naming import unknown

from headway_tabular.reading import read, typed
from headway_tabular.splitting import NAMES, assign

if TYPE_CHECKING:
    from headway_tabular.table import Table

KINDS = ("numeric", "integer", "boolean", "categorical", "text", "timestamp", "identifier")
DTYPES: dict[str, pl.DataType] = {
    "numeric": pl.Float64(), "integer": pl.Int64(), "boolean": pl.Boolean(), "categorical": pl.String(),
    "text": pl.String(), "timestamp": pl.Datetime("us"), "identifier": pl.String(),
}  # fmt: skip
MOST_CLASSES = 100
"""A whole-number target with more distinct values than this is a quantity, not a class."""


def build_dataset(table: Table, context: Context) -> Dataset:
    """Reads, types and divides the rows of a table; raises `DataError` for whatever does not fit."""
    recipe = Recipe((NullValues(table.null_values),))
    source = read(Path(table.path))
    _check_names(table, source.collect_schema().names())
    frame = typed(recipe.apply(source.drop(table.drop)).collect())
    if not frame.height:
        raise DataError(f"{Path(table.path).name} has no rows", hint="a table has a header and rows", code="empty-file")
    frame = _with_kinds(frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)), table)
    frame = _with_target(frame, table, context)
    target = _target(frame[table.target], table)
    splits = _splits(frame, table, target)
    if table.split.column is not None:
        splits = {name: rows.drop(table.split.column) for name, rows in splits.items()}
    schema = _schema(splits["train"], table, target)
    return Dataset(schema, {name: rows.lazy() for name, rows in splits.items()}, recipe)


def _splits(frame: pl.DataFrame, table: Table, target: Target) -> dict[str, pl.DataFrame]:
    codes = assign(
        frame.lazy(), table.split, table.seed, target=target.column, time=table.time, group=table.group,
        is_classification=target.task == "classification",
    )  # fmt: skip
    splits = {name: frame.filter(pl.Series(codes == code)) for code, name in enumerate(NAMES)}
    return {name: rows for name, rows in splits.items() if rows.height}


def _check_names(table: Table, names: list[str]) -> None:
    given = {
        "target": [table.target], "drop": table.drop, "kinds": table.kinds, "sensitive": table.sensitive,
        "time": [table.time], "group": [table.group], "weight": [table.weight], "split.column": [table.split.column],
    }  # fmt: skip
    for field, columns in given.items():
        for name in columns:
            if name is not None and name not in names:
                raise DataError(f"data.{field}: {unknown('column', name, names)}", code="unknown-column")
            if name in table.drop and field != "drop":
                raise DataError(f"data.{field} names '{name}', which data.drop leaves out", code="dropped-column")
    for name, kind in table.kinds.items():
        if kind not in KINDS:
            raise DataError(f"data.kinds.{name}: {unknown('kind', kind, KINDS)}", code="unknown-kind")


def _with_kinds(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Casts columns to the types of the kinds that the config gives them."""
    for name, kind in table.kinds.items():
        cast = frame[name].cast(DTYPES[kind], strict=False)
        lost = frame[name].filter(cast.is_null() & frame[name].is_not_null())
        if lost.len():
            raise DataError(
                f"data.kinds.{name} is {kind}, but {lost.len()} value(s) are not, such as {lost[0]!r}",
                hint="list what means missing in data.null_values",
                code="kind",
            )
        frame = frame.with_columns(cast.alias(name))
    return frame


def _with_target(frame: pl.DataFrame, table: Table, context: Context) -> pl.DataFrame:
    values = frame[table.target]
    missing = values.is_null() | (values.is_nan() if values.dtype.is_float() else False)
    count = int(missing.fill_null(value=True).sum())
    if count and not table.drop_missing_target:
        raise DataError(
            f"the target '{table.target}' is missing in {count} of {frame.height} rows",
            hint="data.drop_missing_target=true leaves them out",
            code="missing-target",
        )
    if count:
        context.log.info("left out %d rows without a target", count)
    return frame.filter(~missing.fill_null(value=True))


def _target(values: pl.Series, table: Table) -> Target:
    distinct = values.unique().sort().to_list()
    if len(distinct) < 2:
        raise DataError(
            f"the target '{table.target}' is always {distinct[0]!r}" if distinct else "no row has a target",
            hint="there is nothing to learn",
            code="constant-target",
        )
    kind = table.kinds.get(table.target) or ("integer" if values.dtype.is_integer() else _kind(values))
    if kind == "numeric" or (kind == "integer" and len(distinct) > MOST_CLASSES):
        return Target(table.target, "regression")
    if kind in ("timestamp", "identifier"):
        raise DataError(f"the target '{table.target}' is of kind {kind}, which cannot be predicted", code="target-kind")
    return Target(table.target, "classification", _classes(distinct, table))


def _classes(distinct: list[Category], table: Table) -> tuple[Category, ...]:
    if table.positive is None:
        return tuple(distinct)
    if table.positive not in distinct:
        names = [str(value) for value in distinct]
        raise DataError(f"data.positive: {unknown('class', str(table.positive), names)}", code="unknown-class")
    if len(distinct) != 2:
        raise DataError(f"data.positive is for two classes, the target has {len(distinct)}", code="unknown-class")
    return (*(value for value in distinct if value != table.positive), table.positive)


def _kind(series: pl.Series) -> str:
    dtype = series.dtype
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "numeric"
    if dtype.is_temporal():
        return "timestamp"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "categorical"
    raise DataError(
        f"column '{series.name}' holds {dtype}, which tables do not take",
        hint="leave it out with data.drop",
        code="column-type",
    )


def _schema(train: pl.DataFrame, table: Table, target: Target) -> Schema:
    columns = [
        Column(name, table.kinds.get(name) or _kind(train[name]), _dtype(train[name]), _nullable(train[name]))
        for name in train.columns
        if name != ROW
    ]
    return Schema(tuple(columns), (target,), table.time, table.group, table.weight, table.sensitive)


def _dtype(series: pl.Series) -> str:
    return type(series.dtype).__name__


def _nullable(series: pl.Series) -> bool:
    return bool(series.null_count())
