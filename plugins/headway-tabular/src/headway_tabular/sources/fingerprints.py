"""Whether what is no local file has changed, as far as that can be told cheaply and honestly."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Set
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.fields import is_url

from headway_tabular.sources.databases import duckdb_file, sqlite_file
from headway_tabular.sources.needs import is_duckdb, missing
from headway_tabular.sources.remote import remote_fingerprint

if TYPE_CHECKING:
    from headway_tabular.sources.duck import Syntax

READERS = (
    "read_parquet", "parquet_scan", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_ndjson",
    "read_ndjson_auto",
)  # fmt: skip
"""Table functions of DuckDB whose first argument names the files they read."""
PURE = ("range", "generate_series", "unnest", "repeat", "repeat_row")
"""Table functions that read nothing."""
CLOCKS = re.compile(r"(now|today|age|local(time|timestamp)|(get_)?current_\w+|transaction_\w+|get(env|variable))$")
"""Functions of DuckDB whose answers depend on when, where and by whom they are asked."""
CHANGING = re.compile(
    r"\b(random|randomblob|now|current_(date|time|timestamp)|unixepoch|localtime|subsec(ond)?)\b"
    r"|\b(date|time|datetime|julianday)\s*\(\s*\)|\bstrftime\s*\(\s*'[^']*'\s*\)",
    re.IGNORECASE,
)
"""What makes SQLite's answer depend on more than its file; its functions of time mean now where no time is given."""


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
    views = None if path is None else _views(path)
    if path is None or views is None or any(CHANGING.search(text) for text in _reached(sql, views)):
        return None
    return [path, *_log(path, "-wal")]


def _views(path: Path) -> dict[str, str] | None:
    """The views of a SQLite file and their statements; None if it cannot be read, which its query will tell."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return dict(connection.execute("SELECT lower(name), sql FROM sqlite_master WHERE type = 'view'"))
    except sqlite3.Error:
        return None


def _reached(sql: str, views: dict[str, str]) -> list[str]:
    """A statement and those of the views that it may read, and of the views that these may."""
    texts, left = [sql], dict(views)
    for text in texts:  # which grow
        texts += [left.pop(name) for name in list(left) if name in text.lower()]
    return texts


def _log(path: Path, suffix: str) -> list[Path]:
    """What was written and is not yet part of a database file; readers may leave an empty log."""
    log = path.with_name(f"{path.name}{suffix}")
    return [log] if log.is_file() and log.stat().st_size else []


def _of_duckdb(sql: str, database: Path | None, project: Path) -> list[Path] | None:
    from headway_tabular.sources.duck import syntax

    told = syntax(sql, database, project)
    nodes = list(_nodes(json.loads(told.tree)))
    own = {entry["key"].lower() for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    files = [database, *_log(database, ".wal")] if database else []
    for node in nodes:
        found = None if _differs(node, told.changing) else _read(node, own, told, project)
        if found is None:
            return None
        files += found
    return files


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of a syntax tree."""
    if isinstance(tree, dict):
        yield tree
    for item in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(item)


def _differs(node: dict[str, Any], changing: Set[str]) -> bool:
    """Whether a part of a query gives another answer from time to time: a clock, a random number, a sample."""
    column = node.get("column_names") or [""]
    name = str(node.get("function_name") or (column[0] if len(column) == 1 else "")).lower()
    return bool(node.get("sample")) or name in changing or CLOCKS.match(name) is not None


def _read(node: dict[str, Any], own: Set[str], told: Syntax, project: Path) -> list[Path] | None:
    """The files that a part of a query reads beside its database; None where that cannot be told."""
    if node.get("type") == "TABLE_FUNCTION":
        return _of_function(node["function"], project)
    if node.get("type") != "BASE_TABLE":
        return []
    name = node["table_name"].lower()
    found = _matched(node["table_name"], project)
    is_known = name in told.tables or (name in own and not node["schema_name"])
    return found if (found or is_known) and name not in told.views else None


def _of_function(function: dict[str, Any], project: Path) -> list[Path] | None:
    if function["function_name"] not in READERS:
        return [] if function["function_name"] in PURE else None
    argument = next(iter(function["arguments"]), {})
    texts = _constants(argument.get("expression", argument))
    found = [_matched(text, project) for text in texts or ()]
    return [file for files in found for file in files] if found and all(found) else None


def _constants(expression: dict[str, Any]) -> list[str] | None:
    """The texts of an expression that is one, or a list of them; None for what is worked out."""
    literal = expression.get("literal", {})
    if literal.get("kind") == "STRING":
        return [literal["text"]]
    if expression.get("function_name") != "list_value":
        return None
    parts = [_constants(part.get("expression", part)) for part in expression["arguments"]]
    return None if None in parts else [text for part in parts for text in part or ()]


def _matched(name: str, project: Path) -> list[Path]:
    """The files that a name or pattern means."""
    path = project / Path(name).expanduser()
    if path.is_file():
        return [path]
    parts = path.relative_to(path.anchor)
    return [] if is_url(name) else sorted(file for file in Path(path.anchor).glob(str(parts)) if file.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
