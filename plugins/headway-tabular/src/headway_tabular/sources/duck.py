"""SQL that DuckDB answers: over files, or over a database file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headway import DataError
from headway.errors import Place

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
AS_PARQUET = {"HUGEINT": "BIGINT", "UHUGEINT": "BIGINT", "UUID": "VARCHAR", "TIME WITH TIME ZONE": "VARCHAR"}
"""Types that Parquet has no exact equal of; a sum of whole numbers is HUGEINT."""
AT = re.compile(r"^LINE (\d+): (.*)\n( *)\^", re.MULTILINE)


def copy_query(sql: str, database: Path | None, project: Path, out: Path) -> None:
    """Writes the rows of a query as Parquet, as a stream.

    One thread computes them: sums and the order of groups would depend on the number of threads.

    Raises:
        DataError: The statement is no query, or it fails.
    """
    with _connected(database, project, out.parent) as connection, _explained(""):
        query = _single(connection, sql)
        with _explained("EXPLAIN\n"):
            connection.execute(f"EXPLAIN\n{query}")
        relation = connection.sql(query)
        columns = [(name, str(dtype)) for name, dtype in zip(relation.columns, relation.types, strict=True)]
        _check(columns)
        casts = [f"{_name(n)}::{AS_PARQUET[dtype]} AS {_name(n)}" for n, dtype in columns if dtype in AS_PARQUET]
        casts += [f"{_name(n)}::VARCHAR AS {_name(n)}" for n, dtype in columns if dtype.startswith("ENUM")]
        replaced = f"* REPLACE ({', '.join(casts)})" if casts else "*"
        head = f"COPY (SELECT {replaced} FROM (\n"  # noqa: S608 - the statement is the user's own
        with _explained(head):
            connection.execute(f"{head}{query}\n)) TO '{_text(str(out))}' (FORMAT parquet)")


@dataclass(frozen=True)
class Syntax:
    """What a query names, and what that is.

    Attributes:
        tree: The syntax tree as JSON.
        changing: Functions whose answers differ from call to call, or that the database defines.
        tables: The tables of the database, in lower case.
        views: Its views, which may read anything.
    """

    tree: str
    changing: frozenset[str]
    tables: frozenset[str]
    views: frozenset[str]


def syntax(sql: str, database: Path | None, project: Path) -> Syntax:
    """The syntax of a query.

    Raises:
        DataError: The statement is no query.
    """
    with _connected(database, project, None) as connection, _explained(""):
        query = _single(connection, sql)

        def names(asked: str) -> frozenset[str]:
            return frozenset(name.lower() for (name,) in connection.execute(asked).fetchall())

        return Syntax(
            connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()[0][0],
            names("SELECT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE' OR NOT internal"),
            names("SELECT table_name FROM duckdb_tables()"),
            names("SELECT view_name FROM duckdb_views() WHERE NOT internal"),
        )


@contextmanager
def _connected(database: Path | None, project: Path, scratch: Path | None) -> Iterator[DuckDBPyConnection]:
    import duckdb

    name, read_only = str(database or ":memory:"), database is not None
    with duckdb.connect(name, read_only=read_only, config=dict(OFFLINE)) as connection:
        settings = {"file_search_path": str(project), "TimeZone": "UTC", "threads": 1}
        settings |= {"temp_directory": str(scratch / "duckdb")} if scratch else {}
        for setting, value in settings.items():
            connection.execute(f"SET {setting} = '{_text(str(value))}'")
        connection.execute("SET lock_configuration = true")
        yield connection


def _single(connection: DuckDBPyConnection, sql: str) -> str:
    import duckdb

    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        found = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise DataError(f"data.sql is {found}", hint="write one SELECT", code="sql")
    return statements[0].query.strip().rstrip(";")


def _check(columns: list[tuple[str, str]]) -> None:
    for name, dtype in columns:
        if "INTERVAL" in dtype:
            raise DataError(f"column '{name}' is an INTERVAL", hint="select its seconds: epoch(…)", code="column-type")
        twice = [other for other, _ in columns].count(name) > 1
        if twice:
            raise DataError(f"data.sql names a column twice: {name}", hint="rename one: AS", code="duplicate-column")


@contextmanager
def _explained(head: str) -> Iterator[None]:
    """Errors of a statement, with the place in the text that came after `head`."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        found = AT.search(text)
        where = None
        if found:
            line = int(found[1]) - head.count("\n")
            where = Place("data.sql", line, len(found[3]) - len(f"LINE {found[1]}: ") + 1, found[2])
        reason = " ".join(text.partition("\nLINE ")[0].partition("\n\nPlease try")[0].split())
        hint = "only local files are read; name others in data.path" if "extension" in text else None
        raise DataError(f"data.sql fails: {reason}", where=where, hint=hint, code="sql") from error


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(value: str) -> str:
    return value.replace("'", "''")
