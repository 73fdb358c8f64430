"""Files, folders and globs, and what can be wrong with them."""

import bz2
import gzip
import lzma
import zipfile

import polars as pl
import pytest
from headway import DataError
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.scan import scan
from headway_tabular.sources.typed import typed

TEXT = b"a,b\n1,x\n2,y\n"


@pytest.fixture
def read(tmp_path):
    """Reads what lies in the folder `rows`, typed."""

    def call(name, **options):
        chosen = ReadOptions(**options)
        return typed(scan(str(tmp_path / "rows" / name), chosen, tmp_path / "work"), {}, chosen).frame.collect()

    return call


@pytest.fixture
def put(tmp_path):
    """Writes files into the folder `rows`."""

    def write(**files):
        for name, content in files.items():
            path = tmp_path / "rows" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                frame = pl.DataFrame(content)
                frame.write_parquet(path) if name.endswith(("parquet", "pq")) else frame.write_ipc(path)

    return write


def zipped(path, members):
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zip", ".zst"])
def test_texts_are_read_packed_or_not(put, read, tmp_path, suffix):
    put(**{"rows.csv": TEXT})
    name = f"rows.csv{suffix}"
    packers = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    if suffix == ".zip":
        zipped(tmp_path / "rows" / name, {"rows.csv": TEXT, "__MACOSX/._rows.csv": b"?"})
    elif suffix == ".zst":
        pl.scan_csv(tmp_path / "rows" / "rows.csv").sink_csv(tmp_path / "rows" / name, compression="zstd")
    else:
        put(**{name: packers[suffix](TEXT)})
    assert read(name).rows() == [(1, "x"), (2, "y")]


def test_one_member_of_a_zip_is_named(read, tmp_path):
    zipped(tmp_path / "rows" / "rows.zip", {"day.csv": TEXT, "hour.csv": b"h\n3\n", "Readme.txt": b"hi"})
    assert read("rows.zip", member="hour.csv")["h"].to_list() == [3]
    with pytest.raises(DataError, match=r"holds 3 files: day.csv, hour.csv") as caught:
        read("rows.zip", format="csv")
    assert "data.read.member" in caught.value.hint
    with pytest.raises(DataError, match=r"holds no hours.csv") as caught:
        read("rows.zip", member="hours.csv")
    assert "hour.csv" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "options", "rows"),
    [
        (b"a;b\n1;2,5\n", {"separator": ";", "decimal": ","}, [(1, 2.5)]),
        (b"a,b\n1,'x,\"'\n", {"quote": "'"}, [(1, 'x,"')]),
        (b'a,b\n1,"x\n', {"quote": ""}, [(1, '"x')]),
        (b"1,x\n2,y\n", {"header": False, "names": ("a", "b")}, [(1, "x"), (2, "y")]),
        (b"A,B\n1,x\n", {"names": ("a", "b")}, [(1, "x")]),
        (b'made "by hand\n\na,b\n1,x\n', {"skip": 1}, [(1, "x")]),
        (b"# by hand\na,b\n# more\n1,x\n2,#y\n#\n", {"comment": "#"}, [(1, "x"), (2, "#y")]),
        (b"\xef\xbb\xbfa,b\r\n1,x\r\n", {}, [(1, "x")]),
        (b"a,b\r1,x\r2,y\r", {}, [(1, "x"), (2, "y")]),
        (b"a,b\n\n1,x\n\r\n2,y\n\n\n", {}, [(1, "x"), (2, "y")]),
        (b'a,b\n1,5" pipe\n2,y\n', {}, [(1, '5" pipe'), (2, "y")]),
        ("a,b\n1,naïve\n".encode("latin-1"), {"encoding": "latin-1"}, [(1, "naïve")]),
        ("a,b\n1,€\n".encode("cp1252"), {"encoding": "windows-1252"}, [(1, "€")]),
        ("a,b\n1,漢\n".encode("utf-16"), {"encoding": "utf-16"}, [(1, "漢")]),
        (b'a,b\n1,""\n2,\n', {}, [(1, None), (2, None)]),
        (b'a,b\n1,"' + b"x" * 200_000 + b'"\n2,y"\n', {}, [(1, "x" * 200_000), (2, 'y"')]),
    ],
)
def test_texts_are_read_as_the_options_say(put, read, text, options, rows):
    put(**{"rows.csv": text})
    found = read("rows.csv", **options)
    assert found.columns == ["a", "b"]
    assert found.rows() == rows


def test_columns_without_a_name_are_numbered(put, read):
    put(**{"rows.csv": b",x, y \n0,1,2\n", "bare.csv": b"0,1\n"})
    assert read("rows.csv").columns == ["column_1", "x", "y"]
    assert read("bare.csv", header=False).columns == ["column_1", "column_2"]


def test_a_blank_line_of_one_column_is_a_missing_value(put, read):
    put(**{"rows.csv": b"a\n1\n\n3\n", "old.csv": b"a\r1\r\r3"})
    assert read("rows.csv")["a"].to_list() == [1, None, 3]
    assert read("old.csv")["a"].to_list() == [1, None, 3]


def test_a_folder_is_its_files_in_order_and_a_glob_some_of_them(put, read):
    put(**{"b/2.csv": b"a\n2\n", "b/1.csv": b"a\n1\n", "b/10.csv.gz": gzip.compress(b"a\n10\n"), "b/README.md": b"hi"})
    put(**{"b/_SUCCESS": b"", "b/.hidden.csv": b"z\n1\n"})
    assert read("b")["a"].to_list() == [1, 10, 2]
    assert read("b/?.csv")["a"].to_list() == [1, 2]
    assert read("*/[1]*")["a"].to_list() == [1, 10]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_file_whose_name_looks_like_a_pattern_is_that_file(put, read, kind):
    contents = {"csv": b"a\n%d\n", "jsonl": b'{"a": %d}\n', "parquet": None}
    for name, value in ((f"p[1]/r[1].{kind}", 1), (f"p[1]/r1.{kind}", 2), (f"p1/r[1].{kind}", 3), (f"p1/r1.{kind}", 4)):
        put(**{name: contents[kind] % value if contents[kind] else {"a": [value]}})
    assert read(f"p[1]/r[1].{kind}")["a"].to_list() == [1]
    assert read(f"p[1]/r?.{kind}")["a"].to_list() == [2]
    assert sorted(read("p[1]")["a"]) == [1, 2]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_folders_that_name_a_value_become_columns(put, read, kind):
    for year, month, value in [("2013", "01", 1), ("2013", "02", 2), ("2014", "__HIVE_DEFAULT_PARTITION__", 3)]:
        contents = {"csv": b"a\n%d\n" % value, "jsonl": b'{"a": %d}\n' % value, "parquet": {"a": [value]}}
        put(**{f"p/year={year}/m={month}/part.{kind}": contents[kind]})
    expected = [(1, 2013, "01"), (2, 2013, "02"), (3, 2014, None)]
    assert read("p").rows() == expected
    assert read("p/*/*/*").rows() == expected
    assert read("p/year=2013").columns == ["a", "m"]


def test_files_may_order_their_columns_as_they_like(put, read):
    put(**{"c/1.csv": b"a,b\n1,x\n", "c/2.csv": b"b,a\ny,2\n", "p/1.parquet": {"a": [1], "b": ["x"]}})
    put(**{"p/2.parquet": {"b": ["y"], "a": [2]}})
    assert read("c").rows() == read("p").rows() == [(1, "x"), (2, "y")]


def test_types_of_several_files_meet_where_nothing_is_lost(put, read):
    put(**{"p/1.parquet": {"a": [1], "b": pl.Series([1], dtype=pl.Int8), "c": [None]}})
    put(**{"p/2.parquet": {"a": [2.5], "b": pl.Series([300], dtype=pl.Int16), "c": ["x"]}})
    assert read("p").rows() == [(1.0, 1, None), (2.5, 300, "x")]
    put(**{"p/1.parquet": {"a": [2**53 + 1], "b": [1], "c": [None]}})
    with pytest.raises(DataError, match=r"column 'a' is Float64 in 2.parquet, but Int64 in 1.parquet"):
        read("p")


def test_json_lines_have_the_types_that_hold_all_their_values(put, read):
    lines = [
        b'{"a": 1, "b": 1, "c": true, "d": "x"}', b"", b'{"a": null, "b": 2.5, "c": "no"}',
        b'{"b": 3, "a": 12345678901234567890, "c": 7, "e": "2024-01-31T10:00:00Z"}',
    ]  # fmt: skip
    put(**{"rows.jsonl": b"\xef\xbb\xbf" + b"\n".join(lines), "rows.ndjson.gz": gzip.compress(b"\n".join(lines))})
    found = read("rows.jsonl")
    assert found["a"].to_list() == ["1", None, "12345678901234567890"]
    assert found["b"].to_list() == [1.0, 2.5, 3.0]
    assert found["c"].to_list() == ["true", "no", "7"]
    assert found["d"].to_list() == ["x", None, None]
    assert found["e"].dtype == pl.Datetime("us")
    assert read("rows.ndjson.gz").equals(found)


def test_mixed_values_of_json_lines_are_written_as_predict_writes_them(put, read):
    """Its test has the same values: `headway-deployment/tests/test_reading.py`."""
    given = ["1.0", "1e20", "1e-7", "1.50", "5", "true", '"x"', '"1.50"', "null"]
    put(**{"rows.jsonl": "\n".join(f'{{"a": {text}}}' for text in given).encode()})
    written = ["1", "1" + "0" * 20, "0.0000001", "1.5", "5", "true", "x", "1.50", None]
    assert read("rows.jsonl")["a"].to_list() == written


def test_types_of_json_lines_are_those_of_all_blocks(put, read, monkeypatch):
    monkeypatch.setattr("headway_tabular.sources.jsonlines.BLOCK", 16)
    put(**{"rows.jsonl": b'{"a": 1, "b": 1}\n{"a": 2, "b": true}\n{"a": 2.5}\n{"a": 3, "b": "x"}\n{"a": "\xc3'})
    with pytest.raises(DataError, match="not utf-8: byte 0xc3 in line 5"):
        read("rows.jsonl")
    put(**{"rows.jsonl": b'{"a": 1, "b": 1}\n{"a": 2, "b": true}\n{"a": 2.5}\n{"a": 3, "b": "x"}'})
    found = read("rows.jsonl")
    assert found["a"].to_list() == [1.0, 2.0, 2.5, 3.0]
    assert found["b"].to_list() == ["1", "true", None, "x"]


PARQUET = {"a": [1, 2]}


@pytest.mark.parametrize(
    ("files", "name", "options", "what", "hint"),
    [
        ({"rows.csv": TEXT}, "row.csv", {}, "there is no file row.csv", "did you mean rows.csv?"),
        ({"rows.csv": TEXT}, "2013-*.csv", {}, "there is no file 2013-*.csv", ""),
        ({"rows.xlsx": b"?"}, "rows.xlsx", {}, "rows.xlsx is of no known format", "data.read.format"),
        ({"rows.json": b"[]"}, "rows.json", {}, "no known format", "one JSON object a line"),
        ({"rows.parquet.gz": b""}, "rows.parquet.gz", {}, "is a compressed parquet file", "unpack it"),
        ({"d/a.csv": TEXT, "d/b.jsonl": b"{}"}, "d", {}, "holds several formats: csv (a.csv), jsonl (b.jsonl)", "glob"),
        ({"rows.csv": b""}, "rows.csv", {}, "rows.csv is empty", "a header and rows"),
        ({"rows.csv": b"\n \n"}, "rows.csv", {}, "rows.csv", ""),
        ({"rows.csv.gz": gzip.compress(b"")}, "rows.csv.gz", {}, "rows.csv.gz is empty", ""),
        ({"rows.parquet": b""}, "rows.parquet", {}, "rows.parquet is empty", ""),
        ({"rows.jsonl": b"\n"}, "rows.jsonl", {}, "rows.jsonl is empty", ""),
        ({"rows.csv": b"a,b\n"}, "rows.csv", {}, "a header but no rows", ""),
        ({"rows.csv": b"a,b\n\n\n"}, "rows.csv", {}, "a header but no rows", ""),
        ({"rows.csv": b"a,b\r"}, "rows.csv", {}, "a header but no rows", ""),
        ({"rows.parquet": {"a": pl.Series([], dtype=pl.Int64)}}, "rows.parquet", {}, "a header but no rows", ""),
        ({"rows.parquet": {}}, "rows.parquet", {}, "has no columns", ""),
        ({"rows.csv": b"a,b\n1,2\n1,2,3\n"}, "rows.csv", {}, "line 3 has 3 fields, the header has 2", "','"),
        ({"rows.csv": b'a,b\n1,"x\ny"\n\n1\n'}, "rows.csv", {}, "line 5 has 1 field, the header has 2", "cut off"),
        ({"rows.csv": b"a,b\n1,2\n3,4\n5"}, "rows.csv", {}, "line 4 has 1 field", ""),
        ({"rows.csv": b"#\n#\na,b\n#\n1\n"}, "rows.csv", {"comment": "#"}, "line 5 has 1 field", ""),
        ({"rows.csv": b'a,b\n1,2\n3,"4\n5,6\n'}, "rows.csv", {}, "line 3 is malformed", "quote=''"),
        ({"rows.csv": b'a,b\n1,"2" x\n'}, "rows.csv", {}, "line 2 is malformed", "quote=''"),
        ({"rows.csv": b"a,b,a\n1,2,3\n"}, "rows.csv", {}, "twice: a (columns 1, 3)", "data.read.names"),
        ({"rows.csv": TEXT}, "rows.csv", {"names": ("x",)}, "names has 1 names, but rows.csv has 2 columns", ""),
        ({"rows.csv": b"a\nx\n\xe9t\xe9\n"}, "rows.csv", {}, "not utf-8: byte 0xe9 in line 3", "encoding=cp1252"),
        ({"rows.csv": b"a\n\x81\n"}, "rows.csv", {}, "byte 0x81 in line 2", "encoding=latin-1"),
        ({"rows.csv": "a\n1\n".encode("utf-16")}, "rows.csv", {}, "byte 0xff in line 1", "encoding=utf-16"),
        ({"rows.csv": "a\né\n".encode()}, "rows.csv", {"encoding": "ascii-8"}, "unknown encoding 'ascii-8'", ""),
        ({"rows.csv": TEXT}, "rows.csv", {"encoding": "ltin-1"}, "unknown encoding", "did you mean latin-1?"),
        ({"rows.csv": TEXT}, "rows.csv", {"separator": "||"}, "separator is '||'", "one ASCII character"),
        ({"rows.csv": TEXT}, "rows.csv", {"separator": '"'}, "gives one character two meanings", "quote"),
        ({"rows.csv": TEXT}, "rows.csv", {"comment": '"'}, "gives one character two meanings", "comment"),
        ({"rows.csv": "a,b\n1,2\n".encode("utf-16-le")}, "rows.csv", {}, "holds zero bytes", "utf-16-le"),
        ({"rows.csv": TEXT}, "rows.csv", {"quote": "«"}, "quote is '«'", "one ASCII character"),
        ({"rows.csv.gz": gzip.compress(TEXT * 99)[:-9]}, "rows.csv.gz", {}, "rows.csv.gz cannot be read", "whole"),
        ({"rows.csv.gz": b"plain"}, "rows.csv.gz", {}, "rows.csv.gz cannot be read: Not a gzipped file", "whole"),
        ({"rows.csv.zip": b"PK\3\4"}, "rows.csv.zip", {}, "rows.csv.zip cannot be read: File is not a zip file", ""),
        ({"rows.csv.zst": b"\x28\xb5\x2f\xfd"}, "rows.csv.zst", {}, "rows.csv.zst cannot be read", ""),
        ({"rows.csv.bz2": b"BZh9"}, "rows.csv.bz2", {}, "rows.csv.bz2 cannot be read", ""),
        ({"rows.parquet": b"PAR1 no"}, "rows.parquet", {}, "rows.parquet cannot be read", "whole"),
        ({"rows.arrow": b"ARROW1 no"}, "rows.arrow", {}, "rows.arrow cannot be read", "whole"),
        ({"rows.arrow": b"\xff\xff\xff\xff no"}, "rows.arrow", {}, "rows.arrow cannot be read", "the file format"),
        ({"rows.jsonl": b'{"a": 1}\n[1]\n'}, "rows.jsonl", {}, "line 2 is no JSON object but [1]", "one JSON object"),
        ({"rows.jsonl": b'{"a": 1}\n\n3\n'}, "rows.jsonl", {}, "line 3 is no JSON object but 3", ""),
        ({"rows.jsonl": b'{"a": 1}\n{"a": \n'}, "rows.jsonl", {}, "line 2 is no JSON", ""),
        ({"rows.jsonl": b'{"a": NaN}\n'}, "rows.jsonl", {}, "line 1 is no JSON: NaN is no number", ""),
        ({"rows.jsonl": b'{"a": {"b": 1}}\n'}, "rows.jsonl", {}, "column 'a' holds Struct", "data.drop"),
        (
            {"rows.parquet": {"a": [[1]]}},
            "rows.parquet",
            {},
            "column 'a' holds List(Int64), which",
            "it out with data.drop",
        ),
        (
            {"rows.parquet": {"a": [[1]], "b": [b"1"]}},
            "rows.parquet",
            {},
            "Int64), 'b' holds Binary, which",
            "them out",
        ),
        ({"d/1.csv": TEXT, "d/2.csv": b"a,c\n1,2\n"}, "d", {}, "2.csv has no column 'b', which 1.csv has", ""),
        (
            {"d/1.pq": PARQUET, "d/2.pq": {"a": ["x"]}},
            "d",
            {},
            "'a' is String in 2.pq, but Int64 in 1.pq",
            "same types",
        ),
        ({"d/y=1/1.pq": PARQUET, "d/2.pq": PARQUET}, "d", {}, "do not both say y=…", "partition"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(put, read, files, name, options, what, hint):
    put(**files)
    with pytest.raises(DataError) as caught:
        read(name, **options)
    assert what in caught.value.what
    assert hint in (caught.value.hint or "")


def test_an_empty_folder_is_told(tmp_path, read):
    (tmp_path / "rows" / "none").mkdir(parents=True)
    with pytest.raises(DataError, match="is an empty folder"):
        read("none")


def test_damage_within_a_file_is_told_when_its_rows_are_typed(put, read, tmp_path):
    put(**{"rows.parquet": {"a": [f"w{n}" for n in range(5000)]}})
    path = tmp_path / "rows" / "rows.parquet"
    content = bytearray(path.read_bytes())
    content[8:400] = b"\0" * 392
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read("rows.parquet")


def test_only_the_columns_that_are_asked_for_are_read(put, tmp_path):
    put(**{"rows.csv": TEXT, "rows.parquet": {"a": [1], "b": [2]}})
    for name in ("rows.csv", "rows.parquet"):
        plan = scan(str(tmp_path / "rows" / name), ReadOptions(), tmp_path / "work").select("b").explain()
        assert "PROJECT 1/2 COLUMNS" in plan


def test_what_was_unpacked_is_found_again(put, read, tmp_path):
    put(**{"rows.csv.gz": gzip.compress(TEXT)})
    read("rows.csv.gz")
    (copy,) = (tmp_path / "work").rglob("rows.csv")
    stat = copy.stat()
    read("rows.csv.gz")
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == (stat.st_ino, stat.st_mtime_ns)
    assert [path.name for path in (tmp_path / "work").rglob("*") if path.is_file()] == ["rows.csv"]
    put(**{"rows.csv.gz": gzip.compress(b"a\n5\n")})
    assert read("rows.csv.gz")["a"].to_list() == [5]
