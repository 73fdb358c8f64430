"""SQL as a source."""

import datetime
import json
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import duckdb
import polars as pl
import pytest
import sqlalchemy
from headway import DataError
from headway_tabular.sources.fingerprints import query_fingerprint
from headway_tabular.sources.needs import missing
from headway_tabular.sources.query import query
from headway_tabular.sources.typed import typed
from polars.testing import assert_frame_equal


@pytest.fixture
def project(tmp_path):
    """A folder with one table as Parquet, SQLite and DuckDB."""
    table = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    table.write_parquet(tmp_path / "rows.parquet")
    table.write_csv(tmp_path / "rows.csv")
    with sqlite3.connect(tmp_path / "rows.db") as connection:
        connection.execute("CREATE TABLE rows (a INTEGER, b TEXT)")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", table.rows())
    connection.close()
    with duckdb.connect(str(tmp_path / "rows.duckdb")) as duck:
        duck.execute("CREATE TABLE rows (a BIGINT, b VARCHAR)")
        duck.executemany("INSERT INTO rows VALUES (?, ?)", table.rows())
    return tmp_path


@pytest.fixture
def ask(project):
    return lambda sql, database="": query(sql, database, project, project / "work").collect()


@pytest.mark.parametrize(
    ("table", "database"),
    [("'rows.parquet'", ""), ("'*.csv'", ""), ("rows", "rows.duckdb"), ("rows", "sqlite:///rows.db")],
)
def test_a_query_gives_its_rows(ask, project, table, database):
    sql = f"SELECT a * 2 AS twice, b\nFROM {table} -- all of it\nWHERE a > 1 ORDER BY a DESC;"
    assert ask(sql, database).rows() == [(6, "z"), (4, None)]
    assert [path.name for path in (project / "work").rglob("*") if path.is_file()] == ["rows.parquet"]


def test_absolute_paths_and_urls_are_taken_too(ask, project):
    assert ask("SELECT count(*) AS n FROM rows", str(project / "rows.duckdb")).item() == 3
    assert ask("SELECT count(*) AS n FROM rows", f"sqlite:///{project / 'rows.db'}").item() == 3


def test_types_of_duckdb_are_those_of_tables(ask):
    sql = """
        SELECT 1::TINYINT AS tiny, 2::UBIGINT AS long, sum(3) AS total, 1.25::DECIMAL(10, 2) AS price, 0.5::FLOAT AS x,
            true AS yes, DATE '2024-01-31' AS day, TIMESTAMP '2024-01-31 10:00:00.5' AS moment,
            TIMESTAMPTZ '2024-01-31 10:00:00+02' AS zoned, TIMESTAMP_NS '2024-01-31 10:00:00' AS fine,
            'b'::ENUM ('a', 'b') AS level, '1bd99cf4-0a0f-4c2a-9d3c-0f5f2a2f9b1e'::UUID AS id, NULL AS nothing
    """
    frame = typed(ask(sql).lazy(), {}).frame.collect()
    assert frame.row(0) == (
        1, 2, 3, 1.25, 0.5, True, datetime.datetime(2024, 1, 31), datetime.datetime(2024, 1, 31, 10, 0, 0, 500_000),
        datetime.datetime(2024, 1, 31, 8), datetime.datetime(2024, 1, 31, 10), "b",
        "1bd99cf4-0a0f-4c2a-9d3c-0f5f2a2f9b1e", None,
    )  # fmt: skip
    assert {dtype.base_type() for dtype in frame.dtypes} == {pl.Int64, pl.Float64, pl.Boolean, pl.Datetime, pl.String}


def test_values_of_a_database_of_loose_types_meet_over_its_batches(project, ask, monkeypatch):
    monkeypatch.setattr("headway_tabular.sources.alchemy.BATCH", 2)
    rows = [(1, 1, None, "x", 1), (2, 2, None, "y", 2), (3, 2.5, None, "z", None), (4, None, 7, None, "no")]
    with sqlite3.connect(project / "loose.db") as connection:
        connection.execute("CREATE TABLE rows (a, b, c, d, e)")
        connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()
    frame = ask("SELECT * FROM rows ORDER BY a", "sqlite:///loose.db")
    assert frame.dtypes == [pl.Int64, pl.Float64, pl.Int64, pl.String, pl.String]
    assert frame.rows() == [(a, b, c, d, None if e is None else str(e)) for a, b, c, d, e in rows]
    assert [path.name for path in (project / "work").rglob("*") if path.is_file()] == ["rows.parquet"]


def test_a_second_question_is_asked_again(project, ask):
    assert ask("SELECT sum(a) AS s FROM rows", "sqlite:///rows.db").item() == 6
    with sqlite3.connect(project / "rows.db") as connection:
        connection.execute("DELETE FROM rows WHERE a = 1")
    connection.close()
    assert ask("SELECT sum(a) AS s FROM rows", "sqlite:///rows.db").item() == 5


@pytest.mark.parametrize("database", ["rows.duckdb", "sqlite:///rows.db"])
@pytest.mark.parametrize("sql", ["DELETE FROM rows", "INSERT INTO rows VALUES (9, 'q') RETURNING a", "DROP TABLE rows"])
def test_a_database_is_only_read(project, ask, database, sql):
    before = {name: (project / name).read_bytes() for name in ("rows.db", "rows.duckdb")}
    with pytest.raises(DataError, match=r"data\.sql") as caught:
        ask(sql, database)
    assert caught.value.code == "sql"
    assert {name: (project / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    ("sql", "database", "what", "place"),
    [
        ("SELECT a,\n  bb\nFROM 'rows.parquet'", "", 'column "bb" not found', (2, 3)),
        ("SELEKT a", "", "syntax error", (1, 1)),
        ("SELECT a,\n b::INT AS b\nFROM 'rows.parquet'", "", "Could not convert string 'x'", (2, 3)),
        ("SELECT a FROM 'row.parquet'", "", "No files found that match", None),
        ("SELECT a FROM 's3://bucket/rows.parquet'", "", "requires the extension httpfs", None),
        ("SELECT 1; SELECT 2", "", "data.sql is SELECT, SELECT", None),
        ("COPY (SELECT 1) TO 'out.csv'", "", "data.sql is COPY", None),
        ("SET threads = 9", "", "data.sql is SET", None),
        ("", "", "data.sql is nothing", None),
        ("SELECT 1 AS a, 2 AS a", "", "twice: a", None),
        ("SELECT INTERVAL 1 DAY AS a", "", "'a' is an INTERVAL", None),
        ("SELECT a FROM 'rows.parquet' WHERE a > 9", "", "gives no rows", None),
        ("SELECT 1 AS a", "row.duckdb", "there is no database row.duckdb", None),
        ("SELECT a,\n bb FROM rows", "sqlite:///rows.db", "no such column: bb", None),
        ("SELEKT 1", "sqlite:///rows.db", "syntax error", None),
        ("SELECT 1 AS a, 2 AS a", "sqlite:///rows.db", "twice: a", None),
        ("SELECT a FROM rows WHERE a > 9", "sqlite:///rows.db", "gives no rows", None),
        ("SELECT 1", "sqlite:///row.db", "there is no database row.db", None),
        ("SELECT 1", "rows.sqlite3", "rows.sqlite3 is no database", None),
        ("SELECT 1", "postgres_://h/d", "unknown database 'postgres_'; did you mean 'postgresql'?", None),
    ],
)
def test_what_is_wrong_is_told_with_its_place(ask, sql, database, what, place):
    with pytest.raises(DataError) as caught:
        ask(sql, database)
    assert what in caught.value.what
    where = caught.value.where
    assert (where and (where.line, where.column)) == place


def test_an_error_of_a_database_shows_the_line_and_never_the_password(project, ask, monkeypatch):
    with pytest.raises(DataError) as caught:
        ask("SELECT a,\n bb FROM rows", "sqlite:///rows.db")
    assert caught.value.hint == "see line 2: bb FROM rows"

    def refused():
        raise sqlalchemy.exc.OperationalError("connect", None, OSError("connection refused"))

    monkeypatch.setattr("headway_tabular.sources.query.missing", lambda **given: [])
    engine = SimpleNamespace(connect=refused, dispose=lambda: None)
    monkeypatch.setattr("sqlalchemy.create_engine", lambda url: engine)
    with pytest.raises(DataError, match="postgresql://me:\\*\\*\\*@host/base: connection refused"):
        ask("SELECT 1", "postgresql://me:hunter2@host/base")


def test_a_driver_that_is_missing_is_told_before_anything_runs():
    assert missing(database="") == missing(database="sqlite:///rows.db") == missing("rows.csv") == []
    (lack,) = missing(database="postgresql+psycopg2://me:hunter2@host/base")
    assert (lack.code, lack.hint) == ("missing-library", "pip install psycopg2-binary")
    assert "hunter2" not in lack.what


def test_libraries_that_are_missing_are_named_by_their_extra(monkeypatch):
    monkeypatch.setattr("headway_tabular.sources.needs.find_spec", lambda name: None)
    lacks = [*missing("s3://bucket/rows.csv", ""), *missing(database="postgresql://host/base")]
    assert [lack.hint for lack in lacks] == [
        "pip install 'headway-tabular[remote]'",
        "pip install 'headway-tabular[sql]'",
        "pip install 'headway-tabular[sql]'",
    ]


@pytest.mark.parametrize(
    ("sql", "database", "file"),
    [
        ("SELECT * FROM 'rows.parquet'", "", "rows.parquet"),
        ("WITH t AS (FROM read_csv('*.csv')) SELECT * FROM t JOIN range(3) r ON r.range = t.a", "", "rows.csv"),
        ("SELECT year(TIMESTAMP '2024-01-31 10:00:00') + a AS y FROM 'rows.csv'", "", "rows.csv"),
        ("SELECT * FROM read_parquet(['rows.parquet'])", "", "rows.parquet"),
        ("SELECT * FROM 'rows.parquet' WHERE a IN (SELECT a FROM 'rows.csv')", "", "rows.csv"),
        ("SELECT * FROM rows", "rows.duckdb", "rows.duckdb"),
        ("WITH Own AS (SELECT * FROM Rows) SELECT * FROM own, 'rows.csv'", "rows.duckdb", "rows.duckdb"),
        ("SELECT * FROM rows, read_csv(['rows.csv'])", "rows.duckdb", "rows.csv"),
        ("SELECT * FROM rows", "sqlite:///rows.db", "rows.db"),
        ("SELECT *, date(b) AS d FROM some", "sqlite:///rows.db", "rows.db"),
    ],
)
def test_a_query_over_files_is_known_by_their_content(project, sql, database, file):
    with sqlite3.connect(project / "rows.db") as connection:
        connection.execute("CREATE VIEW some AS SELECT * FROM rows WHERE a > 1")
        connection.execute("CREATE VIEW other AS SELECT date('now') AS d")
    connection.close()
    told = query_fingerprint(sql, database, project)
    assert told == query_fingerprint(sql, database, project)
    path = project / file
    if file == "rows.duckdb":
        with duckdb.connect(str(path)) as duck:
            duck.execute("DELETE FROM rows")
    elif file == "rows.db":
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM rows")
        connection.close()
    else:
        path.write_bytes(path.read_bytes() + b"4,y\n")
    assert told is not None
    assert query_fingerprint(sql, database, project) not in (None, told)


@pytest.mark.parametrize(
    ("sql", "database"),
    [
        ("SELECT random() FROM 'rows.parquet'", ""),
        ("SELECT a, now() FROM 'rows.parquet'", ""),
        ("SELECT current_date FROM 'rows.parquet'", ""),
        ("SELECT a FROM 'rows.parquet' USING SAMPLE 1", ""),
        ("SELECT a FROM 'rows.parquet' WHERE current_timestamp > TIMESTAMPTZ '2024-01-31 10:00:00Z'", ""),
        ("SELECT * FROM glob('*.csv')", ""),
        ("SELECT * FROM read_text('rows.csv')", ""),
        ("SELECT * FROM read_csv('r' || 'ows.csv')", ""),
        ("SELECT * FROM duckdb_settings()", ""),
        ("SELECT * FROM 's3://bucket/rows.parquet'", ""),
        ("SELECT * FROM 'missing.parquet'", ""),
        ("SELECT random() FROM rows", "sqlite:///rows.db"),
        ("SELECT a FROM rows WHERE b > date('now')", "sqlite:///rows.db"),
        ("SELECT a, date() AS d FROM rows", "sqlite:///rows.db"),
        ("SELECT a, julianday ( ) AS d FROM rows", "sqlite:///rows.db"),
        ("SELECT a, strftime('%Y') AS d FROM rows", "sqlite:///rows.db"),
        ("SELECT * FROM Today", "sqlite:///rows.db"),
        ("SELECT * FROM later", "sqlite:///rows.db"),
        ("SELECT * FROM outside", "rows.duckdb"),
        ("SELECT * FROM main.Outside", "rows.duckdb"),
        ("WITH outside AS (SELECT * FROM outside) SELECT * FROM outside", "rows.duckdb"),
        ("SELECT hour_of() AS h FROM rows", "rows.duckdb"),
        ("SELECT * FROM missing", "rows.duckdb"),
        ("SELECT * FROM read_csv('r' || '.csv')", "rows.duckdb"),
        ("SELECT * FROM read_csv('rows.csv' || '')", "rows.duckdb"),
        ("SELECT * FROM read_csv(['rows.csv', lower('X.csv')])", "rows.duckdb"),
        ("SELECT * FROM read_csv('missing.csv')", "rows.duckdb"),
    ],
)
def test_a_query_whose_answer_depends_on_more_is_never_known(project, sql, database):
    with sqlite3.connect(project / "rows.db") as connection:
        connection.execute("CREATE VIEW today AS SELECT a, date('now') AS d FROM rows")
        connection.execute("CREATE VIEW later AS SELECT a FROM today")
    connection.close()
    with duckdb.connect(str(project / "rows.duckdb")) as duck:
        duck.execute(f"CREATE VIEW outside AS SELECT * FROM '{project}/rows.parquet'")
        duck.execute("CREATE MACRO hour_of() AS hour(now())")
    assert query_fingerprint(sql, database, project) is None


def test_rows_do_not_depend_on_the_number_of_processors(project, ask):
    pl.DataFrame({"k": [n * 7919 % 5000 for n in range(200_000)], "v": [n / 7 for n in range(200_000)]}).write_parquet(
        project / "many.parquet", row_group_size=5000
    )
    sql = "SELECT k, sum(v) AS s, count(*) AS n FROM 'many.parquet' GROUP BY k"
    assert_frame_equal(ask(sql), ask(sql), check_exact=True)
    assert ask("SELECT current_setting('threads') AS n").item() == 1


LIGHT = """
import json, sys
from headway_tabular.sources import fingerprints, needs, options
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_planning_needs_no_heavy_library():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert not set(json.loads(done.stdout)) & {"polars", "duckdb", "sqlalchemy", "fsspec", "numpy", "torch"}
