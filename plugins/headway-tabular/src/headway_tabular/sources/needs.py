"""What a source needs of this machine: optional libraries, told before anything runs."""

from __future__ import annotations

from importlib.util import find_spec

from headway import DataError, HeadwayError
from headway.fields import is_url
from headway.naming import unknown

SCHEMES = ("http", "https", "s3", "gs", "abfs", "ftp", "sftp", "hdfs", "memory", "file")
"""The usual ones; fsspec knows more."""
DRIVERS = {"psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient", "pymssql": "pymssql", "oracledb": "oracledb"}
"""Module of a database driver to the distribution it comes in, where that is called otherwise."""


def missing(path: str = "", database: str | None = None) -> list[HeadwayError]:
    """What is lacking to read a source; for a stage's `preflight`.

    Args:
        path: A file, which needs nothing, or a URL.
        database: As `query` takes it, where SQL is the source.
    """
    found: list[HeadwayError] = []
    if is_url(path):
        found += _of_url(path)
    if database is not None:
        found += _of_duckdb() if is_duckdb(database) else _of_database(database)
    return found


def is_duckdb(database: str) -> bool:
    """Whether DuckDB answers: files, or a database file of its own."""
    return database == "" or (not is_url(database) and database.endswith((".duckdb", ".ddb")))


def _of_url(url: str) -> list[HeadwayError]:
    if find_spec("fsspec") is None:
        return [_lacking("fsspec", "URLs", "remote")]
    import fsspec
    from fsspec.registry import known_implementations

    scheme = url.partition("://")[0].lower()
    try:
        fsspec.get_filesystem_class(scheme)
    except ValueError:
        known = unknown("kind of URL", f"{scheme}://", [f"{name}://" for name in SCHEMES])
        return [DataError(known, hint="see data.path", code="unknown-scheme")]
    except ImportError as error:
        module = known_implementations[scheme]["class"].partition(".")[0]
        name = module if module != "fsspec" else getattr(error.__cause__, "name", None)
        hint = f"pip install {name}" if name else str(error)
        return [DataError(f"{scheme}:// needs a library: {error}", hint=hint, code="missing-library")]
    return []


def _of_duckdb() -> list[HeadwayError]:
    return [] if find_spec("duckdb") else [_lacking("duckdb", "SQL over files", "sql")]


def _of_database(database: str) -> list[HeadwayError]:
    if not is_url(database):
        hint = "nothing for SQL over files, a .duckdb file, or a URL such as sqlite:///rows.db"
        return [DataError(f"{database} is no database", hint=hint, code="unknown-database")]
    if find_spec("sqlalchemy") is None:
        return [_lacking("sqlalchemy", "SQL databases", "sql")]
    import sqlalchemy

    try:
        sqlalchemy.make_url(database).get_dialect().import_dbapi()
    except sqlalchemy.exc.ArgumentError:
        known = unknown(
            "database", database.partition("://")[0], ["postgresql", "mysql", "mariadb", "sqlite", "oracle"]
        )
        return [DataError(known, hint="write it as a SQLAlchemy URL", code="unknown-database")]
    except ImportError as error:
        name = DRIVERS.get(error.name or "", error.name)
        what = f"{database.partition('://')[0]}:// needs the library {error.name}"
        return [DataError(what, hint=f"pip install {name}", code="missing-library")]
    return []


def _lacking(library: str, use: str, extra: str) -> DataError:
    return DataError(
        f"{use} need the library {library}", hint=f"pip install 'headway-tabular[{extra}]'", code="missing-library"
    )
