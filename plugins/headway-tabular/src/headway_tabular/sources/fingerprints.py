"""Whether what is no local file has changed, as far as that can be told cheaply and honestly."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headway.fields import is_url

from headway_tabular.sources.databases import duckdb_file, sqlite_file
from headway_tabular.sources.needs import is_duckdb, missing
from headway_tabular.sources.remote import remote_fingerprint

READERS = (
    "read_parquet", "parquet_scan", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_ndjson",
    "read_ndjson_auto",
)  # fmt: skip
"""Table functions of DuckDB whose first argument names the files they read."""
PURE = ("range", "generate_series", "unnest", "repeat", "repeat_row")
"""Table functions that read nothing."""
CLOCKS = re.compile(r"(now|today|age|local(time|timestamp)|(get_)?current_\w+|transaction_\w+|get(env|variable))$")
"""Functions of DuckDB whose answers depend on when, where and by whom they are asked."""
CHANGING = re.compile(r"\b(random|randomblob|now|current_(date|time|timestamp)|unixepoch|localtime)\b", re.IGNORECASE)
"""What makes SQLite's answer depend on more than its file."""


def path_fingerprint(path: str) -> str | None:
    """What tells a version of a source: for a URL what the server says, None if nothing.

    Every file gets the same answer: the core hashes its content.

    Raises:
        DataError: The URL cannot be reached, or a library is missing.
    """
    return remote_fingerprint(path) if is_url(path) else "file"


def query_fingerprint(sql: str, database: str, project: Path) -> str | None:
    """A digest of the files that a query reads, or None where its answer depends on anything else.

    Raises:
        DataError: A library or a file is missing, or the statement is no query.
    """
    for lack in missing(database=database):
        raise lack
    if is_duckdb(database):
        files = _of_duckdb(sql, duckdb_file(database, project), project)
    else:
        files = _of_sqlite(sql, database, project)
    if files is None:
        return None
    parts = [(file.name, _sha256(file)) for file in files]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _of_sqlite(sql: str, database: str, project: Path) -> list[Path] | None:
    import sqlalchemy

    path = sqlite_file(sqlalchemy.make_url(database), project)
    if path is None or CHANGING.search(sql):
        return None
    log = path.with_name(f"{path.name}-wal")
    return [path, log] if log.is_file() else [path]


def _of_duckdb(sql: str, database: Path | None, project: Path) -> list[Path] | None:
    from headway_tabular.sources.duck import syntax

    text, changing = syntax(sql, database, project)
    nodes = list(_nodes(json.loads(text)))
    if any(_differs(node, changing) for node in nodes):
        return None
    files = [database] if database else []
    if database and (log := database.with_name(f"{database.name}.wal")).is_file():
        files.append(log)
    own = {entry["key"] for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    for name in _names(nodes):
        found = _matched(name, project) if name else []
        if not found and (name is None or (name not in own and database is None)):
            return None
        files += found
    return files


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of a syntax tree."""
    if isinstance(tree, dict):
        yield tree
    for item in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(item)


def _differs(node: dict[str, Any], changing: set[str]) -> bool:
    """Whether a part of a query gives another answer from time to time: a clock, a random number, a sample."""
    column = node.get("column_names") or [""]
    name = str(node.get("function_name") or (column[0] if len(column) == 1 else "")).lower()
    return bool(node.get("sample")) or name in changing or CLOCKS.match(name) is not None


def _names(nodes: list[dict[str, Any]]) -> Iterator[str | None]:
    """The tables and files that a query names; None for what cannot be told."""
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"]
        elif node.get("type") == "TABLE_FUNCTION":
            function = node["function"]
            if function["function_name"] in READERS:
                yield from _constants(function)
            elif function["function_name"] not in PURE:
                yield None


def _constants(function: dict[str, Any]) -> Iterator[str | None]:
    """The texts of a function's first argument, which may be a list of them."""
    arguments = function.get("arguments") or [{}]
    texts = [
        node["literal"]["text"] for node in _nodes(arguments[0]) if node.get("literal", {}).get("kind") == "STRING"
    ]
    yield from texts or [None]


def _matched(name: str, project: Path) -> list[Path]:
    path = project / Path(name).expanduser()
    if path.is_file():
        return [path]
    parts = path.relative_to(path.anchor)
    return [] if is_url(name) else sorted(file for file in Path(path.anchor).glob(str(parts)) if file.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
