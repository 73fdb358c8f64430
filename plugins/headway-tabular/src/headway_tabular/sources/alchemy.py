"""SQL that a database answers through SQLAlchemy."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from headway import DataError

from headway_tabular.sources.databases import located
from headway_tabular.sources.parts import widest

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

BATCH = 20_000
"""Rows that are held at once."""
READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY", "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
}  # fmt: skip
KEPT = {
    bool, int, float, str, bytes, decimal.Decimal, datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
}  # fmt: skip
"""Types of values that polars takes as they are."""


def copy_result(sql: str, database: str, project: Path, out: Path) -> None:
    """Writes the rows of a query as Parquet, batch by batch; the database is only read.

    Raises:
        DataError: The database cannot be reached, or the statement is no query or fails.
    """
    url = located(database, project)
    with _connected(url) as connection:
        batches = out.with_name(f"{out.name}.batches")
        batches.mkdir(exist_ok=True)
        paths: list[Path] = []
        for frame in _frames(connection, sql):
            paths.append(batches / f"{len(paths):06}.parquet")
            frame.write_parquet(paths[-1])
    _merge(paths, out)
    for path in paths:
        path.unlink()
    batches.rmdir()


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            if statement := READ_ONLY.get(url.get_backend_name()):
                connection.exec_driver_sql(statement)
            yield connection
            connection.rollback()
    except sqlalchemy.exc.DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        name = url.render_as_string(hide_password=True)
        raise DataError(f"data.sql fails in {name}: {reason}", hint=_near(error), code="sql") from error
    finally:
        engine.dispose()


def _near(error: Any) -> str | None:
    """The line of the statement that holds the word an error names, if one does."""
    reason, sql = str(error.orig), error.statement or ""
    words = [word.strip("'\"`:;,.()") for word in reason.split()]
    for word in reversed(words):
        held = [n for n, line in enumerate(sql.splitlines(), 1) if word and word in line]
        if len(word) > 1 and len(held) == 1:
            return f"see line {held[0]}: {sql.splitlines()[held[0] - 1].strip()}"
    return None


def _frames(connection: Connection, sql: str) -> Iterator[pl.DataFrame]:
    """The rows in batches; the first one also if it has no rows."""
    result = connection.execution_options(stream_results=True, max_row_buffer=BATCH).exec_driver_sql(sql)
    if not result.returns_rows:
        raise DataError("data.sql gives no rows", hint="write one SELECT", code="sql")
    names = list(result.keys())
    twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if twice is not None:
        raise DataError(f"data.sql names a column twice: {twice}", hint="rename one: AS", code="duplicate-column")
    yield pl.DataFrame(schema=dict.fromkeys(names, pl.Null))
    while rows := result.fetchmany(BATCH):
        yield pl.DataFrame([_series(name, [row[n] for row in rows]) for n, name in enumerate(names)])


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    """Values of one type as they are, whole numbers among others as numbers, anything else as texts."""
    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        return pl.Series(name, values, pl.Float64, strict=False)
    if types == {int}:
        small = all(value is None or -(2**63) <= value < 2**63 for value in values)
        return pl.Series(name, values, pl.Int64 if small else pl.Int128)
    if not types or (len(types) == 1 and types <= KEPT):
        return pl.Series(name, values)
    return pl.Series(name, [None if value is None else str(value) for value in values], pl.String)


def _merge(paths: Sequence[Path], out: Path) -> None:
    """One file of all batches, whose types hold every value."""
    frames = [pl.scan_parquet(path, glob=False) for path in paths]
    schemas = [frame.collect_schema() for frame in frames]
    dtypes = {name: widest(schema[name] for schema in schemas) for name in schemas[0]}
    cast = [frame.select(pl.col(name).cast(dtype) for name, dtype in dtypes.items()) for frame in frames]
    pl.concat(cast).sink_parquet(out)
