"""How the config of a table becomes the recipe that is replayed on rows to be scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from headway import DataError
from headway.contracts import ROW, AsOf, Column, Derive, Join, Limits, NullValues, Recipe, Step, TableSchema, Window
from headway.contracts import parse_expression as parse
from headway.contracts.steps.aggregates import result_type
from headway.errors import Place
from headway.naming import unknown

from headway_tabular.data.known import AFTER
from headway_tabular.sources.scan import scan
from headway_tabular.sources.typed import Typed, typed

if TYPE_CHECKING:
    from headway_tabular.data.joining import JoinConfig, WindowConfig
    from headway_tabular.table import Rows


def recipe_of(
    table: Rows, columns: tuple[Column, ...], limits: Iterable[Limits], tables: Mapping[str, Typed]
) -> Recipe:
    """The steps from the source's rows to the dataset's.

    Args:
        table: The config.
        columns: The columns of the source.
        limits: The rules of its columns.
        tables: The further tables.

    Raises:
        DataError: The config names a column or table that is not there, or makes a column that is there already.
    """
    late = {*table.targets, *table.available_at}
    steps: list[Step] = [NullValues(table.null_values), *(replace(each, late=each.column in late) for each in limits)]
    there = {column.name: getattr(pl, column.dtype)() for column in columns}
    steps += [_derived(name, text, there) for name, text in table.derive.items()]
    for name, join in table.join.items():
        _check_brings(name, join, _names(tables[name]), table.windows)
        check_columns(join.keys, there, f"data.join.{name}.by")
        check_columns([join.row_time] if join.row_time else (), there, f"data.join.{name}.row_time")
        with told_at(f"data.join.{name}"):
            steps += _join(table, name, join, _names(tables[name]))
        there |= dict.fromkeys(brought(name, join, _names(tables[name])).values(), pl.Null())
    for name, window in table.windows.items():
        _check_window(name, window, there, tables)
        with told_at(f"data.windows.{name}"):
            steps.append(_window(table, name, window))
        there[name] = pl.Null()
    _check_made(table, columns, tables)
    known = tuple(TableSchema(name, each.columns, table.join[name].null_values) for name, each in tables.items())
    return Recipe(tuple(steps), columns, known)


def _check_made(table: Rows, columns: Iterable[Column], tables: Mapping[str, Typed]) -> None:
    """Whether no column that is made takes the place of another."""
    whose = {column.name: "the source has" for column in columns}
    for at, names in _made(table, tables):
        for name in names:
            if name in whose:
                what = f"{at} makes the column '{name}', which {whose[name]} too"
                place = f"{at}.columns, as COLUMN: NAME" if at.startswith("data.join.") else at
                hint = f"give one of them another name ({place})"
                raise DataError(what, where=Place(at), hint=hint, code="column-names")
            whose[name] = f"{at} makes"


def _made(table: Rows, tables: Mapping[str, Typed]) -> Iterator[tuple[str, list[str]]]:
    """Config key to the columns that it makes."""
    yield from ((f"data.derive.{name}", [name]) for name in table.derive)
    for name, join in table.join.items():
        yield f"data.join.{name}", list(brought(name, join, _names(tables[name])).values())
    yield from ((f"data.windows.{name}", [name]) for name in table.windows)


def tables_of(table: Rows, work: Path) -> dict[str, Typed]:
    """The further tables by name, typed."""
    found = {}
    for name, join in table.join.items():
        rows = NullValues(join.null_values).apply(scan(join.path, join.read, work))
        _check_table(name, join, rows.collect_schema().names())
        found[name] = typed(rows, join.kinds, join.read, at=f"data.join.{name}.kinds")
    return found


def _check_table(table: str, join: JoinConfig, names: list[str]) -> None:
    """Whether a further table has the columns that the config names."""
    given = {
        "by": tuple(join.keys.values()), "columns": tuple(join.columns or ()), "kinds": tuple(join.kinds),
        "time": (join.time,), "known_at": (join.known_at,),
    }  # fmt: skip
    for field, columns in given.items():
        check_columns([column for column in columns if column], names, f"data.join.{table}.{field}", f"of {table}")


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
    roles = (*table.targets, table.time, table.group, table.weight, table.split.column)
    times = [when for when in table.available_at.values() if when != AFTER]
    return found | {*table.rules, *times, *table.sensitive, *(name for name in roles if name)}


def check_columns(wanted: Iterable[str], names: Iterable[str], at: str, whose: str = "") -> None:
    """Raises `DataError` at a config key that names a column which is not there.

    Args:
        wanted: The columns that it names.
        names: The columns that there are.
        at: The key.
        whose: What they are columns of, for the error.
    """
    known = [name for name in names if name != ROW]
    for name in wanted:
        if name not in known:
            what = f"{at}: {unknown(f'column {whose}'.strip(), name, known)}"
            raise DataError(what, where=Place(at), code="unknown-column")


@contextmanager
def told_at(at: str) -> Iterator[None]:
    """Gives errors that have no place a config key as theirs."""
    try:
        yield
    except DataError as error:
        error.where = error.where or Place(at)
        raise


def _derived(name: str, text: str, there: dict[str, pl.DataType]) -> Derive:
    """The step that makes a column, which is then there too."""
    at = f"data.derive.{name}"
    numbers = [each for each, dtype in there.items() if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)]
    parse(text, at, numbers, [each for each in there if each not in numbers])
    with told_at(at):
        step = Derive(name, text)
    there[name] = pl.Float64()
    return step


def _names(rows: Typed) -> list[str]:
    return [column.name for column in rows.columns]


def _join(table: Rows, name: str, join: JoinConfig, there: list[str]) -> Iterator[Step]:
    columns = brought(name, join, there)
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
        hint = "declare it there; `columns: []` brings nothing else"
        raise DataError(what, where=Place(f"{at}.table"), hint=hint, code="window")
    join = table.join[window.table]
    keys = {column: join.keys.get(column, column) for column in window.by}
    event_time = window.time or join.time
    return Window(
        name, window.take, keys, time, window.of, window.over, window.table, event_time, window.known_at, window.delay
    )


def _check_brings(name: str, join: JoinConfig, there: list[str], windows: Mapping[str, WindowConfig]) -> None:
    """Whether a further table brings columns, or a window looks at it."""
    if brought(name, join, there) or any(window.table == name for window in windows.values()):
        return
    told = "`columns` is empty" if join.columns is not None else f"its columns are keys and times: {', '.join(there)}"
    raise DataError(
        f"data.join.{name} brings nothing, and no window looks at it: {told}",
        where=Place(f"data.join.{name}"),
        hint=f"data.join.{name}.columns says what it brings",
        code="join-nothing",
    )


def _check_window(
    name: str, window: WindowConfig, rows: Mapping[str, pl.DataType], tables: Mapping[str, Typed]
) -> None:
    """Whether the rows, or the further table, have the columns that a window names, and of what it can take of them."""
    if window.table is not None and window.table not in tables:
        return  # told where the window is made
    check_columns(window.by, rows, f"data.windows.{name}.by")
    types, whose = rows, ""
    if window.table is not None:
        types, whose = tables[window.table].frame.collect_schema(), f"of {window.table}"
    for field in ("of", "time", "known_at"):
        if (column := getattr(window, field)) is not None:
            check_columns([column], types, f"data.windows.{name}.{field}", whose)
    if window.of is not None:
        with told_at(f"data.windows.{name}.of"):
            result_type(window.take, types[window.of], f"data.windows.{name}.of: '{window.of}'")


def _moment(table: Rows, given: str | None, at: str) -> str:
    if given is None and table.time is None:
        raise DataError(
            f"{at}: the rows have no time",
            where=Place(at),
            hint="name the moment of prediction: data.time=COLUMN",
            code="no-time",
        )
    return given or table.time or ""
