import gzip
import zipfile
from pathlib import Path

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW
from headway.testing import DatasetSuite, StageSuite, tiny_table
from headway_tabular.table import Split, Table


@pytest.fixture
def table(tmp_path):
    """Writes a frame as a file and gives the stage that reads it."""

    def make(frame=None, name="rows.csv", **fields):
        frame = tiny_table(200) if frame is None else frame
        path = tmp_path / name
        frame.write_parquet(path) if name.endswith("parquet") else path.write_text(frame.write_csv())
        return Table(str(path), **({"target": "income"} | fields))

    return make


class TestTable(StageSuite):
    @pytest.fixture
    def stage(self):
        return Table

    @pytest.fixture
    def values(self):
        return {"path": "rows.csv", "target": "income"}


class TestTablesDataset(DatasetSuite):
    @pytest.fixture
    def artifact(self, table, make_context):
        return table().run(make_context())


def test_csv_and_parquet_give_the_same_rows(table, make_context):
    csv, parquet = table().run(make_context()), table(name="rows.parquet").run(make_context())
    assert csv.schema == parquet.schema
    for split in csv.splits:
        assert csv.split(split).collect().equals(parquet.split(split).collect())


def test_compressed_text_is_read(tmp_path, make_context, table):
    plain = table().run(make_context())
    text = tiny_table(200).write_csv().encode()
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "rows.csv.zip", "w") as archive:
        archive.writestr("rows.csv", text)
    for name in ("rows.csv.gz", "rows.csv.zip"):
        read = Table(str(tmp_path / name), "income").run(make_context())
        assert read.split("test").collect().equals(plain.split("test").collect())


def test_kinds_are_inferred(table, make_context):
    frame = pl.DataFrame(
        {
            "whole": ["1", "2", None] * 10,
            "real": ["1.5", "2", "-3e2"] * 10,
            "code": ["007", "010", "123"] * 10,
            "flag": ["true", "False", "TRUE"] * 10,
            "day": ["2024-01-31", "2024-02-01", ""] * 10,
            "word": ["a", "b", "c"] * 10,
            "income": ["x", "y", "x"] * 10,
        }
    )
    schema = table(frame).run(make_context()).schema
    kinds = {column.name: column.kind for column in schema.columns}
    assert kinds == {
        "whole": "integer", "real": "numeric", "code": "categorical", "flag": "boolean", "day": "timestamp",
        "word": "categorical", "income": "categorical",
    }  # fmt: skip
    assert schema.column("whole").nullable
    assert not schema.column("word").nullable


def test_null_values_are_missing_and_replayed_by_the_recipe(table, make_context):
    frame = tiny_table(200).with_columns(pl.col("work").fill_null("?"))
    data = table(frame, null_values=("?",)).run(make_context())
    assert data.split("train").collect()["work"].null_count() > 0
    raw = pl.DataFrame({"work": [" ? ", "private "]})
    assert data.recipe.apply(raw.lazy()).collect()["work"].to_list() == [None, "private"]


def test_the_positive_class_is_last(table, make_context):
    assert table(positive="<=50K").run(make_context()).schema.target.classes == (">50K", "<=50K")
    assert table().run(make_context()).schema.target.classes == ("<=50K", ">50K")


def test_a_target_of_many_numbers_is_a_regression(table, make_context):
    target = table(target="spending", split=Split(stratify=False)).run(make_context()).schema.target
    assert (target.task, target.classes) == ("regression", None)


def test_the_split_is_stratified_seeded_and_complete(table, make_context):
    data = table().run(make_context())
    rows = {name: frame.collect() for name, frame in data.splits.items()}
    ids = [set(frame[ROW]) for frame in rows.values()]
    assert sorted(set.union(*ids)) == list(range(200))
    assert sum(map(len, ids)) == 200
    shares = [frame["income"].eq(">50K").mean() for frame in rows.values()]
    assert max(shares) - min(shares) < 0.03
    again = table().run(make_context()).split("train").collect()
    assert again.equals(rows["train"])
    assert not table(seed=1).run(make_context()).split("train").collect().equals(rows["train"])


def test_a_column_may_say_the_split(table, make_context):
    frame = tiny_table(200).with_columns(part=pl.Series(["train", "test", "validation", "train"] * 50))
    data = table(frame, split=Split(by="column", column="part")).run(make_context())
    assert data.split("train").collect().height == 100
    assert "part" not in data.schema.by_name


def faulty(**change):
    return tiny_table(60).with_columns(**change)


@pytest.mark.parametrize(
    ("frame", "fields", "part"),
    [
        (None, {"target": "incone"}, "did you mean 'income'?"),
        (None, {"drop": ("wrk",)}, "did you mean 'work'?"),
        (None, {"drop": ("income",)}, "which data.drop leaves out"),
        (None, {"kinds": {"work": "categoric"}}, "did you mean 'categorical'?"),
        (None, {"kinds": {"work": "integer"}}, "value(s) are not, such as"),
        (None, {"positive": "rich"}, "unknown class 'rich'"),
        (None, {"split": Split(by="column", column="work")}, "is missing in"),
        (None, {"split": Split(by="column", column="education")}, "unknown split"),
        (faulty(income=pl.lit("x")), {}, "is always 'x'"),
        (faulty(income=pl.when(pl.col("age") > 30).then("income")), {}, "is missing in"),
        (faulty(income=pl.Series(["rare"] + ["a", "b"] * 29 + ["a"])), {}, "class 'rare'"),
        (tiny_table(60).clear(), {}, "has no rows"),
    ],
)
def test_a_fault_is_explained(table, make_context, frame, fields, part):
    with pytest.raises(DataError) as caught:
        table(frame, **fields).run(make_context())
    assert part in caught.value.what


def test_rows_without_a_target_can_be_left_out(table, make_context):
    frame = faulty(income=pl.when(pl.col("age") > 30).then("income"))
    data = table(frame, drop_missing_target=True).run(make_context())
    assert sum(split.collect().height for split in data.splits.values()) == frame["income"].count()


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", b"a,b\n\xff,1\n", "is not UTF-8: byte 0xff in line 2"),
        ("rows.csv", b"a,b,a\n1,2,3\n", "names a column twice: a"),
        ("rows.csv", b"a,income\n1,2,3\n", "cannot be read"),
        ("rows.parquet", b"not parquet", "cannot be read"),
        ("rows.xlsx", b"", "is of no known format"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(tmp_path, make_context, name, content, part):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        Table(str(tmp_path / name), "income").run(make_context())
    assert part in caught.value.what


def test_flights_are_read_from_a_zip_of_a_package_that_is_never_imported(tmp_path, monkeypatch):
    from headway.paths import resolve_source

    package = tmp_path / "nyc_toy"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('it needs pkg_resources')")
    with zipfile.ZipFile(package / "data" / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", "delay\nNA\n3\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = resolve_source("pkg://nyc_toy/data/flights.csv.zip", Path("/"))
    from headway_tabular.reading import read

    assert read(path).collect()["delay"].to_list() == ["NA", "3"]
