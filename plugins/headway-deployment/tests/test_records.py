import gzip

import polars as pl
import pytest
from headway import DataError
from headway_deployment import reading
from headway_deployment.reading import open_source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2,3\n4,5\n", "line 3 has 2 fields, the header has 3"),
        ("a,b\n1,2,3\n", "line 2 has 3 fields, the header has 2"),
        ("a,b\n1,2\n\n3,4\n", "line 3 is blank, the header has 2"),
        ("a,b\n1,2\n   \n", "line 3 has 1 field, the header has 2"),
        ("a,b,a\n1,2,3\n", "names a column twice: a"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
def test_records_that_training_refuses_are_not_filled_up(tmp_path, text, message, suffix):
    path = tmp_path / f"rows{suffix}"
    given = (text.replace(",", "\t") if suffix == ".tsv" else text).encode()
    path.write_bytes(gzip.compress(given) if suffix.endswith(".gz") else given)
    with pytest.raises(DataError, match=message):
        open_source(path)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "\ufeffa,b\r\n1,2\r\n",
        "\na,b\n1,2",
        'a,b\n"x,\ny",2\n',
        "a\n1\n\n2\n",
        "a,b\n",
    ],
)
def test_whole_records_are_read(tmp_path, text):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8", newline="")
    source = open_source(path)
    assert list(source.schema) == (["a"] if text.startswith("a\n") else ["a", "b"])
    list(source.batches(["a"]))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('name,x\n5" pipe,1\n"7, or 8",\n', [('5" pipe', "1"), ("7, or 8", None)]),
        ('name,x\na"b"c,1\nplain,2\n', [('a"b"c', "1"), ("plain", "2")]),
        ('name,x\n6" pipe,1\n7 pipe,2\n6" pipe,3\n', [('6" pipe', "1"), ("7 pipe", "2"), ('6" pipe', "3")]),
        ("name,x\ra,1\rb,2\r", [("a", "1"), ("b", "2")]),
    ],
)
def test_texts_are_read_as_training_reads_them(tmp_path, text, rows, suffix, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", 2)
    path = tmp_path / f"rows{suffix}"
    given = (text.replace(",", "\t") if suffix == ".tsv" else text).encode()
    path.write_bytes(gzip.compress(given) if suffix.endswith(".gz") else given)
    source = open_source(path)
    found = pl.concat(source.batches(["name", "x"]))
    assert [tuple(value and value.replace("\t", ",") for value in row) for row in found.rows()] == rows
    assert next(iter(source.batches(["x"]))).columns == ["x"]


@pytest.mark.parametrize("text", [" age, inc,\n1,2,3\n", '" age", inc,\n1,5" pipe,3\n'])
def test_names_are_those_that_training_takes(tmp_path, text):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    source = open_source(path)
    assert list(source.schema) == ["age", "inc", "column_3"]
    assert next(iter(source.batches(["column_3", "age"]))).rows() == [("3", "1")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a,b\n1,2\n3,"x"y\n', "line 3 is malformed: ',' expected after '\"'"),
        ('a,b\n1,2\n3,"x\n', "line 3 is malformed: unexpected end of data"),
        ("a, a\n1,2\n", "names a column twice: a"),
    ],
)
def test_what_training_cannot_read_is_told_with_its_line(tmp_path, text, message):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        open_source(path)
