"""How the config of a table becomes the recipe that is replayed on rows to be scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from headway import DataError
from headway.contracts import AsOf, Column, Derive, Join, Limits, NullValues, Recipe, Step, TableSchema, Window
from headway.contracts import parse_expression as parse
from headway.errors import Place

from headway_tabular.data.kinds import kind_of
from headway_tabular.sources.scan import scan
from headway_tabular.sources.typed import typed

if TYPE_CHECKING:
    from headway_tabular.data.joining import JoinConfig, WindowConfig
    from headway_tabular.table import Rows


def recipe_of(table: Rows, schema: pl.Schema, limits: Iterable[Limits], tables: Mapping[str, pl.LazyFrame]) -> Recipe:
    """The steps from the source's rows to the dataset's.

    Args:
        table: The config.
        schema: The columns of the source and their types.
        limits: The rules of its columns.
        tables: The further tables, typed.

    Raises:
        DataError: The config names a column or table that is not there.
    """
    steps: list[Step] = [NullValues(table.null_values), *limits]
    steps += [Derive(name, text) for name, text in table.derive.items()]
    steps += [step for name, join in table.join.items() for step in _join(table, name, join, tables[name])]
    steps += [_window(table, name, window) for name, window in table.windows.items()]
    known = tuple(
        TableSchema(name, _columns(rows.collect_schema()), table.join[name].null_values)
        for name, rows in tables.items()
    )
    return Recipe(tuple(steps), _columns(schema), known)


def tables_of(table: Rows, work: Path) -> dict[str, pl.LazyFrame]:
    """The further tables by name, typed."""
    found = {}
    for name, join in table.join.items():
        rows = scan(join.path, join.read, work)
        found[name] = typed(NullValues(join.null_values).apply(rows), join.kinds, join.read)
    return found


def brought(name: str, join: JoinConfig, there: list[str]) -> dict[str, str]:
    """Column of a further table to the name it gets in the rows."""
    if join.columns is None:
        apart = {*join.keys.values(), join.time, join.known_at}
        return {column: f"{name}_{column}" for column in there if column not in apart}
    if isinstance(join.columns, tuple | list):
        return {column: f"{name}_{column}" for column in join.columns}
    return dict(join.columns)


def used(table: Rows) -> set[str]:
    """The columns that something else than a model needs, so that they are read although they are left out."""
    found = {column for text in table.derive.values() for column in parse(text, "data.derive").columns}
    for join in table.join.values():
        found |= {*join.keys, *([join.row_time] if join.row_time else ())}
    for window in table.windows.values():
        found |= {name for name in (*window.by, window.of, window.time, window.known_at) if name}
    roles = (table.target, table.time, table.group, table.weight, table.split.column)
    times = [when for when in table.available_at.values() if when != "after"]
    return found | {*table.rules, *times, *table.sensitive, *(name for name in roles if name)}


def _columns(schema: pl.Schema) -> tuple[Column, ...]:
    return tuple(Column(name, kind_of(name, dtype), type(dtype).__name__) for name, dtype in schema.items())


def _join(table: Rows, name: str, join: JoinConfig, rows: pl.LazyFrame) -> Iterator[Step]:
    columns = brought(name, join, rows.collect_schema().names())
    if not columns:
        return  # it is there for windows alone
    if join.time is None:
        yield Join(name, join.keys, columns, join.unmatched)
        return
    yield AsOf(
        name,
        join.keys,
        _moment(table, join.row_time, f"data.join.{name}.row_time"),
        join.time,
        columns,
        join.direction,
        join.known_at,
        join.delay,
        join.tolerance,
        join.exact,
    )


def _window(table: Rows, name: str, window: WindowConfig) -> Window:
    at = f"data.windows.{name}"
    time = _moment(table, None, f"{at}.time")
    if window.table is None:
        keys = {column: column for column in window.by}
        return Window(
            name, window.take, keys, time, window.of, window.over, None, window.time, window.known_at, window.delay
        )
    if window.table not in table.join:
        what = f"{at}.table is '{window.table}', which is no table of data.join"
        raise DataError(what, hint="declare it there; `columns: []` brings nothing else", where=Place(f"{at}.table"))
    join = table.join[window.table]
    keys = {column: join.keys.get(column, column) for column in window.by}
    event_time = window.time or join.time
    return Window(
        name, window.take, keys, time, window.of, window.over, window.table, event_time, window.known_at, window.delay
    )


def _moment(table: Rows, given: str | None, at: str) -> str:
    if given is None and table.time is None:
        raise DataError(
            f"{at}: the rows have no time", hint="name the moment of prediction: data.time=COLUMN", where=Place(at)
        )
    return given or table.time or ""
