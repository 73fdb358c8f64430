"""SQL → the rows it means, lazy."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from headway import DataError

from headway_tabular.sources.alchemy import copy_result
from headway_tabular.sources.databases import duckdb_file
from headway_tabular.sources.duck import copy_query
from headway_tabular.sources.faults import readable
from headway_tabular.sources.landing import folder_of, write_whole
from headway_tabular.sources.needs import is_duckdb, missing


def query(sql: str, database: str, project: Path, work: Path) -> pl.LazyFrame:
    """The rows that a query gives, streamed once into a Parquet file of the work folder.

    The database is opened for reading only, where it can be, and DuckDB without network and extensions.

    Args:
        sql: One SELECT. Its rows come in its order: without ORDER BY a database may give them in another each time.
        database: Empty for DuckDB over files (``SELECT … FROM 'rows.parquet'``), a ``.duckdb`` file, or the URL of
            another database as SQLAlchemy writes it.
        project: The folder that relative paths start from.
        work: Where the rows lie; asked again, the database is read again.

    Raises:
        DataError: A library or the database is missing, the statement is no query or fails, or gives no rows.
    """
    for lack in missing(database=database):
        raise lack
    path = folder_of(work, (sql, database)) / "rows.parquet"
    if is_duckdb(database):
        write_whole(path, lambda out: copy_query(sql, duckdb_file(database, project), project, out))
    else:
        write_whole(path, lambda out: copy_result(sql, database, project, out))
    with readable("the result of data.sql"):
        frame = pl.scan_parquet(path, glob=False)
        rows = frame.select(pl.len()).collect().item()
    if not rows:
        raise DataError("data.sql gives no rows", hint="loosen its conditions", code="empty-file")
    return frame
