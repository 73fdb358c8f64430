"""What is wrong with a table or its config, and where that is told."""

from dataclasses import replace

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW
from headway.testing import tiny_table
from headway_tabular.data.joining import JoinConfig, WindowConfig
from headway_tabular.quality.rules import Rule
from headway_tabular.sources.options import ReadOptions
from headway_tabular.splits.split import Split
from headway_tabular.table import Table


def faulty(**change):
    return tiny_table(60).with_columns(**change)


@pytest.mark.parametrize(
    ("fields", "place", "what"),
    [
        ({"time": "day", "windows": {"x": WindowConfig("count", by=("wrk",))}}, "windows.x.by", "unknown column 'wrk'"),
        ({"time": "day", "windows": {"x": WindowConfig("mean", of="ag")}}, "windows.x.of", "unknown column 'ag'"),
        ({"time": "day", "windows": {"x": WindowConfig("mean", of="work")}}, "windows.x.of", "no mean of values of"),
        ({"windows": {"x": WindowConfig("count")}}, "windows.x.time", "the rows have no time"),
        ({"time": "day", "windows": {"x": WindowConfig("count", table="y")}}, "windows.x.table", "no table of data"),
        ({"time": "day", "windows": {"work": WindowConfig("count", by=("work",))}}, "windows.work", "'work' is read"),
        ({"join": {"y": JoinConfig("y.csv", by=("wrk",))}}, "join.y.by", "unknown column of y 'wrk'"),
        ({"join": {"y": JoinConfig("y.csv", by={"wrk": "work"})}}, "join.y.by", "unknown column 'wrk'"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), columns=("pp",))}}, "join.y.columns", "of y 'pp'"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), kinds={"p": "timestamp"})}}, "join.y.kinds.p", "such as '1'"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), columns=())}}, "join.y", "`columns` is empty"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), time="p")}}, "join.y", "keys and times: work, p"),
        ({"available_at": {"age": "later"}}, "available_at.age", "there are: after, age, "),
        ({"derive": {"x": "age + hour"}}, "derive.x", "unknown column 'hour'; did you mean 'hours'?"),
        ({"kinds": {"work": "numeric"}}, "kinds.work", "is numeric, but"),
        ({"rules": {"work": Rule(min=1)}}, "rules.work", "min and max are numbers"),
        ({"positive": "high"}, "positive", "unknown class 'high'"),
        ({"weight": "work"}, "weight", "'work' is categorical"),
        ({"weight": "loss"}, "weight", "'loss' is missing, infinite or negative in 200 rows"),
    ],
)
def test_a_fault_of_a_table_is_told_at_the_key_that_has_it(table, make_context, tmp_path, fields, place, what):
    day = pl.lit("2024-03-01").alias("day")
    (tmp_path / "y.csv").write_text("work,p\nprivate,1\npublic,2\n")
    for name, join in fields.get("join", {}).items():
        fields = fields | {"join": {name: replace(join, path=str(tmp_path / join.path))}}
    with pytest.raises(DataError) as caught:
        table(tiny_table(200).with_columns(day, loss=-1), **fields).run(make_context())
    assert caught.value.where.source == f"data.{place}"
    assert what in caught.value.what
    assert ROW not in caught.value.what


@pytest.mark.parametrize("make", [Table, JoinConfig])
def test_an_empty_path_is_not_the_project(make):
    fields = {"target": "income"} if make is Table else {"by": ("shop",)}
    with pytest.raises(DataError, match="path names no file"):
        make(path=" ", **fields)


@pytest.mark.parametrize("field", ["separator", "quote"])
def test_a_field_of_one_character_is_looked_at_with_the_config(field):
    with pytest.raises(DataError, match=f"{field} is ';;'") as caught:
        ReadOptions(**{field: ";;"})
    assert caught.value.where.source == field


@pytest.mark.parametrize("by", ["time", "group"])
def test_a_split_that_lacks_its_column_is_told_before_anything_runs(by):
    with pytest.raises(DataError, match="which needs a column") as caught:
        Table(path="rows.csv", target="income", split=Split(by=by))
    assert caught.value.where.source == "split.by"


@pytest.mark.parametrize("name", [ROW, "__past__"])
def test_names_that_rows_are_told_apart_by_are_reserved(table, make_context, name):
    with pytest.raises(DataError) as caught:
        table(tiny_table(50).rename({"age": name})).run(make_context())
    assert caught.value.code == "reserved-column"


@pytest.mark.parametrize(
    ("frame", "fields", "part"),
    [
        (None, {"target": "incone"}, "did you mean 'income'?"),
        (None, {"drop": ("wrk",)}, "did you mean 'work'?"),
        (None, {"drop": ("income",)}, "which data.drop leaves out"),
        (None, {"split": Split(by="column", column="work")}, "is missing in"),
        (None, {"split": Split(by="column", column="education")}, "unknown split"),
        (faulty(income=pl.when(pl.col("age") > 30).then("income")), {}, "is missing in"),
        (faulty(income=pl.Series(["rare"] + ["a", "b"] * 29 + ["a"])), {}, "class 'rare'"),
    ],
)
def test_a_fault_is_explained(table, make_context, frame, fields, part):
    with pytest.raises(DataError) as caught:
        table(frame, **fields).run(make_context())
    assert part in caught.value.what


def test_a_file_that_cannot_be_read_is_explained(tmp_path, make_context):
    (tmp_path / "rows.csv").write_bytes(b"age,income\n1,x,3\n")
    with pytest.raises(DataError, match="line 2"):
        Table(path=str(tmp_path / "rows.csv"), target="income").run(make_context())


def test_a_table_without_rows_is_refused_in_every_format(table, make_context):
    for name in ("rows.csv", "rows.parquet"):
        with pytest.raises(DataError, match="no rows"):
            table(tiny_table(60).clear(), name=name).run(make_context())
    with pytest.raises(DataError, match="no row"):
        table(faulty(income=pl.lit(None, pl.String)), drop_missing_target=True).run(make_context())


def test_all_rows_may_break_a_rule(table, make_context):
    with pytest.raises(DataError, match="no row"):
        table(rules={"age": Rule(max=1, otherwise="drop")}).run(make_context())


def test_a_leak_stops_the_run_and_says_how_to_accept_it(table, make_context):
    frame = tiny_table(300).with_columns(copy=(pl.col("income") == ">50K").cast(pl.Int64) * 3)
    with pytest.raises(DataError, match="copy") as caught:
        table(frame).run(make_context("data"))
    assert "data.checks.single_feature=warning" in caught.value.hint
    table(frame, checks={"single_feature": "warning"}).run(make_context("data"))
