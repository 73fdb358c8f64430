"""Whatever table is written in a format comes back equal."""

import datetime
import gzip
import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.query import query
from headway_tabular.sources.scan import scan
from headway_tabular.sources.typed import typed
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
WORDS = st.text(st.one_of(st.sampled_from(',;"\n\r\t |é漢😀'), CHARACTERS), min_size=1, max_size=9)
TIMES = st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1))
VALUES = {
    "whole": st.integers(-(2**63), 2**63 - 1),
    "real": st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0),
    "flag": st.booleans(),
    "moment": TIMES,
    # Texts that are neither numbers nor times, so that a text file can tell them from those.
    "word": WORDS.map(lambda text: "w" + text),
}
TYPES = {"whole": pl.Int64, "real": pl.Float64, "flag": pl.Boolean, "moment": pl.Datetime("us"), "word": pl.String}


@st.composite
def tables(draw):
    """A table with one column of each type and missing values, of which no column is all missing."""
    height = draw(st.integers(1, 12))
    columns = {}
    for name, values in VALUES.items():
        some = draw(st.lists(st.one_of(st.none(), values), min_size=height - 1, max_size=height - 1))
        columns[name] = [draw(values), *some]
    return pl.DataFrame(columns, schema=TYPES)


def read(path, folder, **options):
    chosen = ReadOptions(**options)
    return typed(scan(str(path), chosen, folder / "work"), {}, chosen).frame.collect()


@QUICK
@given(
    rows=st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(WORDS, min_size=width, max_size=width), min_size=2)),
    separator=st.sampled_from([",", ";", "\t", "|", " "]),
    quote=st.sampled_from(['"', "'"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    final=st.booleans(),
    always=st.booleans(),
)
@example(rows=[["a", "b"], ["\n", '"'], ["\r", ","]], separator=",", quote='"', end="\r\n", final=False, always=False)
def test_any_texts_survive_csv(rows, separator, quote, end, final, always):
    import csv
    import io

    names = [f"c{n}" for n in range(len(rows[0]))]
    text = io.StringIO(newline="")
    # Python's writer leaves line ends other than its own unquoted.
    broken = any(set(text) & {"\r", "\n"} for row in rows for text in row)
    quoting = csv.QUOTE_ALL if always or broken else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=separator, quotechar=quote, quoting=quoting, lineterminator=end)
    writer.writerows([names, *rows])
    content = text.getvalue() if final else text.getvalue().removesuffix(end)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(content.encode())
        options = ReadOptions(separator=separator, quote=quote)
        found = scan(str(path), options, Path(folder) / "work").collect()
    assert found.columns == names
    assert [list(row) for row in found.rows()] == rows


@QUICK
@given(tables())
def test_typed_tables_survive_csv_and_its_encodings(table):
    text = table.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6f")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv.gz"
            path.write_bytes(gzip.compress(text.encode(encoding)))
            assert_frame_equal(read(path, Path(folder), encoding=encoding), table)


@QUICK
@given(tables())
def test_typed_tables_survive_json_lines(table):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        rows = [{k: v.isoformat() if k == "moment" and v else v for k, v in row.items()} for row in table.to_dicts()]
        path.write_text("\n".join(json.dumps(row) for row in rows))
        assert_frame_equal(read(path, Path(folder)), table)


@QUICK
@given(tables())
def test_typed_tables_survive_columnar_files(table):
    with TemporaryDirectory() as folder:
        for name, write in {"rows.parquet": table.write_parquet, "rows.arrow": table.write_ipc}.items():
            write(Path(folder) / name)
            assert_frame_equal(read(Path(folder) / name, Path(folder)), table)


@settings(QUICK, max_examples=15)
@given(tables())
def test_typed_tables_survive_databases(table):
    def rows(url, folder):
        return typed(query("SELECT * FROM rows", url, Path(folder), Path(folder) / "work"), {}).frame.collect()

    with TemporaryDirectory() as folder:
        with sqlite3.connect(Path(folder) / "rows.db") as connection:
            connection.execute("CREATE TABLE rows (whole INTEGER, real REAL, flag TEXT, moment TEXT, word TEXT)")
            values = [
                (a, b, None if c is None else str(c), None if d is None else d.isoformat(" "), e)
                for a, b, c, d, e in table.rows()
            ]
            connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", values)
        connection.close()
        assert_frame_equal(rows("sqlite:///rows.db", folder), table)
        with duckdb.connect(str(Path(folder) / "rows.duckdb")) as duck:
            duck.execute("CREATE TABLE rows (whole BIGINT, real DOUBLE, flag BOOLEAN, moment TIMESTAMP, word VARCHAR)")
            duck.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", table.rows())
        assert_frame_equal(rows("rows.duckdb", folder), table)


def test_infinities_and_nan_survive_csv(tmp_path):
    table = pl.DataFrame({"x": [1.5, float("nan"), float("inf"), -float("inf"), 5e-324, 1.7976931348623157e308]})
    table.write_csv(tmp_path / "rows.csv")
    assert_frame_equal(read(tmp_path / "rows.csv", tmp_path), table)
