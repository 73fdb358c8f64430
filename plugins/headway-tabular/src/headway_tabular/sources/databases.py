"""Files that are databases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headway import DataError
from headway.naming import nearest

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def duckdb_file(database: str, project: Path) -> Path | None:
    """The file of a DuckDB database, or None for an empty name.

    Raises:
        DataError: There is no such file.
    """
    return _existing(project / Path(database).expanduser()) if database else None


def located(database: str, project: Path) -> URL:
    """The URL of a database; that of a file is made absolute.

    Raises:
        DataError: There is no such file.
    """
    import sqlalchemy

    url = sqlalchemy.make_url(database)
    path = sqlite_file(url, project)
    return url if path is None else url.set(database=str(path))


def sqlite_file(url: URL, project: Path) -> Path | None:
    """The file that a URL of SQLite names, or None.

    Raises:
        DataError: There is no such file.
    """
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return _existing(project / Path(url.database).expanduser())


def _existing(path: Path) -> Path:
    if path.is_file():
        return path.resolve()
    close = nearest(path.name, [entry.name for entry in path.parent.iterdir()]) if path.parent.is_dir() else None
    hint = f"did you mean {close}?" if close else f"looked in {path.parent}"
    raise DataError(f"there is no database {path.name}", hint=hint, code="no-file")
