"""The data stage holds tables to their rules and looks for leaks: what bad values come to."""

import json
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from headway import DataError
from headway.contracts import Dataset, conform
from headway.testing import tiny_table
from headway_tabular.quality.rules import Rule
from headway_tabular.splits.split import Split
from headway_tabular.table import Table


@pytest.fixture
def run(tmp_path, make_context):
    """Writes a frame and runs the data stage on it."""

    def go(frame, name="rows.parquet", **fields):
        path = tmp_path / name
        if name.endswith("parquet"):
            frame.write_parquet(path)
        elif name.endswith("jsonl"):
            path.write_text("\n".join(json.dumps(row) for row in frame.to_dicts()))
        else:
            path.write_text(frame.write_csv())
        return Table(path=str(path), **({"target": "income"} | fields)).run(make_context("data"))

    return go


def census(rows=400):
    return tiny_table(rows).drop("spending")


def every(data):
    return pl.concat([frame.collect() for frame in data.splits.values()])


def test_rules_are_held_and_replayed_on_rows_to_be_scored(run, tmp_path):
    rules = {
        "hours": Rule(min=30, max=50, otherwise="clip"),
        "work": Rule(categories=("private", "public"), otherwise="missing"),
        "age": Rule(max=80, otherwise="drop"),
    }
    data = run(census(), rules=rules)
    rows = every(data)
    assert (rows["hours"].min(), rows["hours"].max(), rows["age"].max()) == (30, 50, 80)
    assert set(rows["work"].unique()) == {"private", "public", None}
    assert len(rows) == census().filter(pl.col("age") <= 80).height
    (tmp_path / "saved").mkdir()
    data.save(tmp_path / "saved")
    recipe = Dataset.load(tmp_path / "saved", None).recipe
    fresh = pl.DataFrame({"age": [30], "hours": [99.0], "work": ["none"]})
    assert recipe.apply(fresh.lazy()).collect().row(0, named=True) == {"age": 30, "hours": 50.0, "work": None}


def test_a_table_that_breaks_its_rules_is_refused_before_anything_else(run):
    with pytest.raises(DataError) as caught:
        run(census(), rules={"age": Rule(max=20), "hours": Rule(missing=False)})
    lines = caught.value.what.splitlines()
    assert "age: " in lines[1]
    assert "values above 20" in lines[1]
    assert "hours: " in lines[2]
    assert "values missing: row" in lines[2]


def test_a_constant_target_is_refused(run):
    with pytest.raises(DataError) as caught:
        run(census().with_columns(income=pl.lit("x")))
    assert caught.value.code == "constant-target"
    assert "is always 'x'" in caught.value.what


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_a_column_without_any_value_is_told_and_carried(run, recorder, name):
    data = run(census().with_columns(empty=pl.lit(None)), name)
    assert every(data)["empty"].null_count() == 400
    assert recorder.metrics["findings.warning"] >= 1


def test_a_category_unseen_in_training_is_noted(run, caplog):
    parts = pl.Series("part", ["train"] * 240 + ["validation"] * 80 + ["test"] * 80)
    shop = pl.when(pl.int_range(400) < 320).then(pl.lit("old")).otherwise(pl.lit("new")).alias("shop")
    with caplog.at_level("INFO", logger="headway"):
        run(census().with_columns(parts, shop), split=Split(by="column", column="part"))
    assert "unseen: test rows whose category no training row has: 'shop' 100.0%" in caplog.text


def test_dates_out_of_order_are_sorted_out_by_a_split_by_time(run):
    hours = pl.Series([datetime(2020, 1, 1) + timedelta(hours=(i * 37) % 400) for i in range(400)])
    data = run(census().with_columns(at=hours), time="at", split=Split(by="time"))
    ends = [frame.select(pl.col("at").min().alias("a"), pl.col("at").max().alias("b")).collect().row(0)
            for frame in data.splits.values()]  # fmt: skip
    assert all(before[1] < after[0] for before, after in pairwise(ends))


def absent_from(split):
    """A table that says its splits, one of which has no row of class high."""
    parts = pl.Series("part", ["train"] * 240 + ["validation"] * 80 + ["test"] * 80)
    is_high = (pl.int_range(400) % 7 == 0) & (pl.col("part") != split)
    income = pl.when(is_high).then(pl.lit("high")).otherwise(pl.lit("low"))
    return census().with_columns(parts).with_columns(income=income)


def test_a_class_absent_from_the_test_is_told(run, caplog):
    run(absent_from("test"), split=Split(by="column", column="part"))
    assert "missing_class: test has no row of class high" in caplog.text


def test_a_class_absent_from_training_is_refused(run):
    with pytest.raises(DataError, match="no row of 'train' is of class 'high'"):
        run(absent_from("train"), split=Split(by="column", column="part"))


def test_a_check_can_be_made_to_stop_and_says_how_to_go_on(run):
    with pytest.raises(DataError) as caught:
        run(census().with_columns(seven=7), checks={"constant": "error"})
    assert "the same value in every training row: seven" in caught.value.what
    assert caught.value.hint.endswith("data.checks.constant=warning")


def test_what_is_known_only_afterwards_stops_unless_it_is_declared(run):
    frame = census().with_columns(pl.when(pl.col("income") == ">50K").then(9.5).otherwise(1.5).alias("bonus"))
    with pytest.raises(DataError) as caught:
        run(frame)
    assert "'bonus' alone predicts 'income'" in caught.value.what
    data = run(frame, available_at={"bonus": "after"})
    assert "bonus" not in [column.name for column in data.schema.inputs]


def test_texts_of_csv_are_held_to_rules_in_their_types(run):
    times = [f"2020-01-{1 + i % 28:02}" for i in range(400)]
    data = run(
        census().with_columns(pl.Series("day", times)),
        "rows.csv",
        rules={"day": Rule(max="2020-01-20", otherwise="missing"), "member": Rule(categories=(True, False))},
    )
    assert every(data)["day"].max() == datetime(2020, 1, 20)
    scored = data.recipe.apply(pl.LazyFrame({"day": ["2020-01-05", "2020-01-25"]})).collect()
    (column,) = [column for column in data.schema.columns if column.name == "day"]
    assert conform(scored, [column])["day"].to_list() == [datetime(2020, 1, 5), None]
