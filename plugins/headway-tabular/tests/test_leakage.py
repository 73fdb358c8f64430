"""Planted leaks are found, clean tables are not accused, and a stop says how to go on."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW, Column, Schema, Target
from headway.testing import tiny_dataset, tiny_table
from headway_tabular.quality import divided, overlaps
from headway_tabular.quality.checks import LEVELS
from headway_tabular.quality.leakage import findings, settle
from headway_tabular.quality.strength import Truth, strength
from hypothesis import given, settings
from hypothesis import strategies as st

KINDS = {
    "Int64": "integer",
    "Float64": "numeric",
    "Boolean": "boolean",
    "String": "categorical",
    "Datetime": "timestamp",
}
START = datetime(2020, 1, 1)


def divide(frame, target, *, kinds=None, ordered=False, task=None, **roles):
    """A schema and random (or ordered) splits of a frame, 60, 20 and 20 %."""
    frame = frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    columns = tuple(
        Column(name, (kinds or {}).get(name, KINDS[type(dtype).__name__]), type(dtype).__name__)
        for name, dtype in frame.schema.items()
        if name != ROW
    )
    task = task or ("regression" if frame[target].dtype == pl.Float64 else "classification")
    classes = tuple(frame[target].unique().sort()) if task == "classification" else None
    shuffled = frame if ordered else frame.sample(fraction=1, shuffle=True, seed=0)
    cuts = [0, int(0.6 * len(frame)), int(0.8 * len(frame)), len(frame)]
    names = ("train", "validation", "test")
    splits = {n: shuffled[a:b].lazy() for n, a, b in zip(names, cuts, cuts[1:], strict=False)}
    return Schema(columns, (Target(target, task, classes),), **roles), splits


def found(schema, splits, **options):
    return {(f.check, f.level) for f in findings(schema, splits, **options)}


def census(rows=600, seed=0):
    return tiny_table(rows, seed).drop("spending")


def numbers(rows, columns=3, seed=0):
    random = np.random.default_rng(seed)
    frame = pl.DataFrame({f"x{i}": random.normal(size=rows) for i in range(columns)})
    score = frame["x0"].to_numpy() + random.normal(size=rows)
    return frame.with_columns(y=pl.Series(np.where(score > 0, "yes", "no")))


def only(found, check):
    (one,) = [finding for finding in found if finding.check == check]
    return one


def test_a_clean_table_gives_no_warning():
    for data in (tiny_dataset(), tiny_dataset(task="regression"), tiny_dataset(3000, 1)):
        assert not [f for f in findings(data.schema, data.splits) if f.level != "note"]


def test_copies_on_both_sides_are_found_and_counted():
    frame = numbers(400)
    schema, splits = divide(pl.concat([frame, frame[:100]]), "y")
    told = [f for f in findings(schema, splits) if f.check == "duplicates"]
    assert {f.level for f in told} == {"warning"}
    train = splits["train"].collect().drop(ROW).rows()
    for split in ("validation", "test"):
        twins = sum(row in train for row in splits[split].collect().drop(ROW).rows())
        assert any(f"{twins} of 100 {split} rows" in f.what and f"{twins} with its target" in f.what for f in told)


def test_rows_multiplied_before_dividing_are_found():
    frame = numbers(200)
    assert ("duplicates", "warning") in found(*divide(pl.concat([frame] * 4), "y"))


def test_rows_that_meet_by_chance_are_only_noted():
    """Few categories give few different rows; that is no leak."""
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"a": random.choice(list("abc"), 900), "b": random.choice(list("xy"), 900)})
    frame = frame.with_columns(y=pl.Series(np.where(random.random(900) < 0.4, "p", "q")))
    assert ("duplicates", "note") in found(*divide(frame, "y"))
    assert ("duplicates", "warning") not in found(*divide(frame, "y"))


def test_of_large_tables_chosen_rows_are_compared_on_both_sides(monkeypatch):
    monkeypatch.setattr(overlaps, "KEYS", 500)
    frame = numbers(4000)
    schema, splits = divide(pl.concat([frame, frame[:1000]]), "y")
    told = [f for f in findings(schema, splits) if f.check == "duplicates"]
    assert {f.level for f in told} == {"warning"}
    assert all("(of every 6th row)" in f.what for f in told)


def test_a_group_on_both_sides_stops_and_one_side_does_not():
    frame = census().with_columns(person=pl.int_range(600) // 10)
    schema, splits = divide(frame, "income", group="person")
    told = [f for f in findings(schema, splits) if f.check == "groups"]
    assert {f.level for f in told} == {"error"}
    assert "are in train too, such as 1, 2, 4" in told[0].what
    assert "groups" not in {c for c, _ in found(*divide(frame, "income", ordered=True, group="person"))}


def test_times_that_overlap_stop_a_split_by_time_and_are_noted_otherwise():
    frame = census().with_columns(at=pl.Series([START + timedelta(hours=i) for i in range(600)]))
    assert ("time", "error") in found(*divide(frame, "income", time="at"), by_time=True)
    assert ("time", "note") in found(*divide(frame, "income"))
    ordered = divide(frame, "income", time="at", ordered=True)
    assert "time" not in {check for check, _ in found(*ordered, by_time=True)}
    out_of_order = {**ordered[1], "train": pl.concat([ordered[1]["train"], ordered[1]["test"].tail(1)])}
    assert ("time", "error") in found(ordered[0], out_of_order, by_time=True)


def leak(frame, name, values):
    return frame.with_columns(pl.Series(name, values))


@pytest.mark.parametrize("kind", ["copy", "negative", "band", "missing", "code"])
def test_a_column_that_gives_a_class_away_stops(kind):
    frame, random = census(), np.random.default_rng(1)
    rich = (frame["income"] == ">50K").to_numpy()
    values = {
        "copy": rich.astype(float) * 2 + random.random(600),
        "negative": -rich.astype(float) * 2 + random.random(600),
        "band": np.where(rich, random.uniform(2, 3, 600), random.choice([1.0, 4.0], 600) + random.random(600)),
        "missing": [1.5 if yes else None for yes in rich],
        "code": np.where(rich, random.choice(["A", "B"], 600), random.choice(["C", "D"], 600)),
    }[kind]
    told = only(findings(*divide(leak(frame, "later", values), "income")), "single_feature")
    assert (told.level, told.columns) == ("error", ("later",))
    assert "data.available_at.later=after" in told.hint


def test_a_column_that_gives_a_number_or_one_of_many_classes_away_stops():
    random = np.random.default_rng(0)
    skewed = random.lognormal(0, 2, 1000)
    frame = pl.DataFrame({"x": random.normal(size=1000), "y": skewed})
    for later in (skewed * 3 + 1, np.log(skewed), skewed + 0.01 * random.normal(size=1000)):
        assert ("single_feature", "error") in found(*divide(leak(frame, "later", later), "y"))
    classes = random.choice(list("abcde"), 1000, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    many = pl.DataFrame({"x": random.normal(size=1000), "y": classes})
    for later in (classes, [ord(c) for c in classes]):
        assert ("single_feature", "error") in found(*divide(leak(many, "later", later), "y"))


def test_an_identifier_predicts_nothing_and_is_told_as_what_it_is():
    frame = census().with_columns(pl.int_range(600).alias("row"), pl.Series("code", [f"u{i}" for i in range(600)]))
    told = findings(*divide(frame, "income"))
    assert {f.columns[0] for f in told if f.check == "identifier"} == {"row", "code"}
    assert "single_feature" not in {f.check for f in told}
    kinds = {"row": "identifier", "code": "identifier"}
    assert "identifier" not in {check for check, _ in found(*divide(frame, "income", kinds=kinds))}


def test_whole_numbers_that_measure_something_are_at_most_noted():
    frame = census().with_columns(pl.Series("cents", np.random.default_rng(0).integers(0, 10**9, 600)))
    assert ("identifier", "note") in found(*divide(frame, "income"))
    assert ("identifier", "warning") not in found(*divide(frame, "income"))


def test_false_alarms_are_rare():
    """Columns without any signal, in small and unbalanced tables: none may look perfect."""
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(150):
        rows = int(random.integers(50, 200))
        for classes, values in (
            (2, (random.random(rows) < random.uniform(0.05, 0.5)).astype(np.int64)),
            (4, random.integers(0, 4, rows)),
            (None, random.lognormal(0, 1, rows)),
        ):
            truth = Truth.of(values, classes)
            columns = [
                pl.Series(random.normal(size=rows)),
                pl.Series(random.integers(0, rows // 2, rows)),
                pl.Series([f"c{i}" for i in random.integers(0, rows // 3, rows)]),
            ]
            alarms += truth.is_enough and sum(strength(column, truth).is_perfect for column in columns)
    assert alarms == 0


@settings(deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.floats(width=64)), min_size=60, max_size=80),
    classes=st.sampled_from([2, 3, None]),
)
def test_no_value_is_too_odd_to_be_judged(values, classes):
    random = np.random.default_rng(0)
    target = random.integers(0, classes, len(values)) if classes else random.normal(size=len(values))
    result = strength(pl.Series(values, dtype=pl.Float64), Truth.of(target, classes))
    assert result.value <= 1 + 1e-12


def test_a_strong_but_honest_column_is_not_accused():
    random = np.random.default_rng(0)
    truth = random.random(2000) < 0.3
    score = pl.Series(2.5 * truth + random.normal(size=2000))  # AUROC about .96
    result = strength(score, Truth.of(truth.astype(np.int64), 2))
    assert 0.94 < result.value < 0.98
    assert not result.is_perfect


def test_the_area_under_the_curve_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    from headway_tabular.quality.strength import auroc

    random = np.random.default_rng(0)
    positive = random.random(500) < 0.2
    score = np.round(random.normal(size=500) + positive, 1)
    assert auroc(score, positive) == pytest.approx(metrics.roc_auc_score(positive, score), abs=1e-12)


def flights(rows=300):
    random = np.random.default_rng(0)
    leaves = [START + timedelta(hours=i) for i in range(rows)]
    forecast = [at - timedelta(hours=1 if i % 3 else -1) for i, at in enumerate(leaves)]
    frame = pl.DataFrame({"leaves": leaves, "wind": random.normal(size=rows), "wind_at": forecast})
    delay = random.normal(10, 20, rows)
    return frame.with_columns(pl.Series("delay", delay), y=pl.Series(np.where(delay > 15, "late", "on time")))


def test_what_is_known_only_after_the_time_of_the_row_stops():
    schema, splits = divide(flights(), "y", time="leaves", ordered=True, late=("delay",))
    told = findings(schema, splits, available_at={"wind": "wind_at", "delay": "after"}, by_time=True)
    late = {f.level: f for f in told if f.check == "late"}
    assert "'wind' is known only after 'leaves' in 100 rows, as 'wind_at' says" in late["error"].what
    assert late["note"].columns == ("delay",)
    assert "single_feature" not in {f.check for f in told}  # what is hidden cannot give anything away
    assert ("single_feature", "error") in found(replace(schema, late=()), splits, by_time=True)


def test_a_value_that_is_there_although_nobody_says_since_when_stops():
    early = flights().with_columns(wind_at=pl.col("leaves") - timedelta(hours=1))
    known = {"available_at": {"wind": "wind_at"}, "by_time": True}
    assert ("late", "error") not in found(*divide(early, "y", time="leaves", ordered=True), **known)
    open_ = early.with_columns(wind_at=pl.when(pl.int_range(pl.len()) != 7).then("wind_at"))
    assert ("late", "error") in found(*divide(open_, "y", time="leaves", ordered=True), **known)
    lost = open_.with_columns(wind=pl.when(pl.int_range(pl.len()) != 7).then("wind"))
    assert ("late", "error") not in found(*divide(lost, "y", time="leaves", ordered=True), **known)


@pytest.mark.parametrize(
    ("available_at", "roles", "part"),
    [
        ({"dely": "after"}, {}, "did you mean 'delay'?"),
        ({"delay": "aftr"}, {}, "did you mean 'after'?"),
        ({"wind": "wind_at"}, {}, "cannot be compared"),
        ({"wind": "delay"}, {"time": "leaves"}, "cannot be compared"),
    ],
)
def test_when_a_column_is_known_must_be_sayable(available_at, roles, part):
    with pytest.raises(DataError) as caught:
        findings(*divide(flights(), "y", **roles), available_at=available_at)
    assert part in caught.value.what


def test_a_class_absent_from_a_split_is_told():
    schema, splits = divide(census(), "income")
    rich = pl.col("income") == ">50K"
    assert ("missing_class", "warning") in found(schema, {**splits, "test": splits["test"].filter(~rich)})
    assert "missing_class" not in {check for check, _ in found(schema, splits)}


def test_columns_without_values_or_variety_are_told():
    frame = census().with_columns(pl.lit(7, pl.Int64).alias("seven"), pl.lit(None, pl.Float64).alias("empty"))
    told = findings(*divide(frame, "income"))
    assert only(told, "constant").columns == ("seven",)
    assert (only(told, "all_missing").columns, only(told, "all_missing").level) == (("empty",), "warning")


def test_a_flag_that_is_missing_or_one_value_is_not_constant():
    frame = census().with_columns(pl.when(pl.col("age") > 40).then(pl.lit(1, pl.Int64)).alias("flag"))
    assert "constant" not in {check for check, _ in found(*divide(frame, "income"))}


def test_a_category_unseen_in_training_is_told_with_its_share():
    frame = census().with_columns(shop=pl.when(pl.int_range(600) < 480).then(pl.lit("old")).otherwise(pl.lit("new")))
    told = only(findings(*divide(frame, "income", ordered=True)), "unseen")
    assert (told.level, told.columns) == ("note", ("shop",))
    assert "test rows" in told.what
    assert "'shop' 100.0%" in told.what


def test_samples_of_large_tables_are_said(monkeypatch):
    monkeypatch.setattr(divided, "SAMPLE", 200)
    frame = census(2000)
    leaky = leak(frame, "later", (frame["income"] == ">50K").cast(pl.Float64))
    told = only(findings(*divide(leaky, "income")), "single_feature")
    assert "in a sample of" in told.what


@pytest.mark.parametrize("step", [2, 7, 100])
def test_rows_are_chosen_evenly_whatever_their_order(step):
    rows = pl.select(pl.int_range(100_000).alias(ROW))
    for stride in (1, 2, 16):
        kept = rows.filter(pl.col(ROW) % stride == 0).filter(divided.chosen(pl.col(ROW), step)).height
        assert kept == pytest.approx(100_000 / stride / step, rel=0.1)


def test_levels_can_be_lowered_and_raised():
    frame = census()
    schema, splits = divide(leak(frame, "later", frame["income"]), "income")
    assert ("single_feature", "warning") in found(schema, splits, levels={"single_feature": "warning"})
    assert "single_feature" not in {check for check, _ in found(schema, splits, levels={"single_feature": "ignore"})}
    with pytest.raises(DataError, match="did you mean 'duplicates'"):
        findings(schema, splits, levels={"duplicate": "note"})


def test_a_stop_lists_all_and_says_how_to_accept_them(make_context):
    frame = leak(census(), "later", census()["income"]).with_columns(person=pl.int_range(600) // 10)
    told = findings(*divide(frame, "income", group="person"))
    with pytest.raises(DataError) as caught:
        settle(told, make_context("data"))
    lines = caught.value.what.splitlines()
    assert [line.strip().partition(":")[0] for line in lines[1:]] == ["groups", "groups", "single_feature"]
    assert "data.checks.groups=warning data.checks.single_feature=warning" in caught.value.hint


def test_what_is_accepted_is_logged_and_counted(make_context, recorder, caplog):
    frame = census()
    schema, splits = divide(leak(frame, "later", frame["income"]), "income")
    told = findings(schema, splits, levels={"single_feature": "warning"})
    with caplog.at_level("WARNING", logger="headway"):
        settle(told, make_context("data"))
    assert "'later' alone predicts 'income'" in caplog.text
    assert recorder.metrics["findings.warning"] == 1.0


def test_every_check_has_a_level_and_a_place_in_the_docs():
    from pathlib import Path

    docs = (Path(__file__).parents[3] / "docs" / "data-quality.md").read_text()
    assert all(f"`{check}`" in docs for check in LEVELS)


def test_data_without_a_target_or_without_inputs_are_looked_at_too():
    data = tiny_dataset()
    assert found(Schema(data.schema.columns), data.splits) == set()
    assert ("duplicates", "warning") in found(Schema(data.schema.columns), data.splits | {"test": data.splits["train"]})
    alone = Schema((data.schema.column("income"),), data.schema.targets)
    assert found(alone, {n: f.select(ROW, "income") for n, f in data.splits.items()}) == set()
