"""Rules of columns: what a config may say, what is found, and what becomes of it."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW, Recipe
from headway.testing import tiny_table
from headway_tabular.quality.rules import Rule
from headway_tabular.quality.validation import applied, enforce, limits_of, violations
from hypothesis import given, settings
from hypothesis import strategies as st


def table(**columns):
    return pl.LazyFrame(columns).with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))


def counts(frame, **rules):
    return {(found.column, found.rule): found.count for found in violations(frame, rules)}


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"otherwise": "clip"}, "min or max"),
        ({"otherwise": "clip", "categories": ("a",)}, "min or max"),
        ({"otherwise": "clip", "min": 0, "unique": True}, "without unique"),
        ({"otherwise": "missing", "missing": False}, "without missing"),
        ({"otherwise": "missing", "unique": True}, "without missing: false and unique"),
        ({"min": 2, "max": 1}, "not above"),
        ({"min": "2020-02-01", "max": "2020-01-01"}, "not above"),
        ({"min": 1, "max": "2020-01-01"}, "both numbers or both dates"),
        ({"min": "yesterday"}, "ISO dates"),
        ({"min": "2020-01-01T00:00:00+01:00"}, "no time zone"),
        ({"min": 0, "tolerance": 0.1}, "min and max"),
        ({"categories": ()}, "at least one"),
        ({"categories": ("1", 1)}, "all texts"),
        ({"categories": ("a",), "pattern": "a"}, "only one of"),
        ({"pattern": "["}, "regular expression"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(fields, part):
    with pytest.raises(ValueError, match=part):
        Rule(**fields)


@pytest.mark.parametrize(
    ("values", "rule", "part"),
    [
        (["a"], Rule(min=0), "min and max are numbers, but the column is String"),
        ([1], Rule(min="2020-01-01"), "min and max are dates"),
        ([1], Rule(categories=("1",)), "the categories are texts"),
        (["1"], Rule(categories=(1,)), "the categories are numbers"),
        ([1], Rule(categories=(True,)), "the categories are booleans"),
        ([1], Rule(pattern="1"), "pattern is for texts"),
        (["1"], Rule(pattern="(?=1)1"), "data.rules.x.pattern uses what Rust's regular expressions do not know"),
    ],
)
def test_a_rule_that_does_not_fit_its_column_is_refused(values, rule, part):
    with pytest.raises(DataError) as caught:
        violations(table(x=values), {"x": rule})
    assert part in caught.value.what


def test_a_rule_for_no_column_is_refused_with_the_nearest():
    with pytest.raises(DataError) as caught:
        enforce(tiny_table(20).lazy(), {"hour": Rule(min=0)})
    assert "did you mean 'hours'?" in caught.value.what


def test_all_violations_of_level_error_are_told_at_once_with_counts_and_rows():
    frame = table(age=[17, 200, 30, -4], work=["a", "b", "q", None], id=[1, 1, 2, 3])
    rules = {
        "age": Rule(min=0, max=120),
        "work": Rule(missing=False, categories=("a", "b")),
        "id": Rule(unique=True),
    }
    with pytest.raises(DataError) as caught:
        enforce(frame, rules)
    assert caught.value.what.splitlines()[1:] == [
        "  age: 1 value below 0: -4 (row 4)",
        "  age: 1 value above 120: 200 (row 2)",
        "  work: 1 value missing: row 4",
        "  work: 1 value not among a, b: q (row 3)",
        "  id: 1 value that occurred before: 1 (row 2)",
    ]
    assert "data.rules.age.otherwise=drop" in caught.value.hint


def test_what_becomes_of_each_value_is_the_policy_of_its_column():
    frame = table(a=[1, 50, 3, 4], b=["x", "x", "?", "y"], c=[1.0, 2.0, 3.0, -9.0])
    rules = {
        "a": Rule(min=0, max=10, otherwise="clip"),
        "b": Rule(categories=("x", "y"), otherwise="missing"),
        "c": Rule(min=0, otherwise="drop"),
    }
    held = enforce(frame, rules)
    assert held.frame.collect().drop(ROW).rows() == [(1, "x", 1.0), (10, "x", 2.0), (3, None, 3.0)]
    assert {(v.column, v.otherwise) for v in held.violations} == {("a", "clip"), ("b", "missing"), ("c", "drop")}


def test_a_missing_value_that_must_not_be_stops_a_clipping_rule():
    rule = Rule(missing=False, min=0, otherwise="clip")
    with pytest.raises(DataError, match="1 value missing"):
        enforce(table(x=[1.0, None, -1.0]), {"x": rule})


def test_steps_of_the_recipe_do_to_rows_to_be_scored_what_was_done_in_training():
    frame = tiny_table(300).lazy()
    rules = {
        "hours": Rule(min=30, max=50, otherwise="clip"),
        "work": Rule(categories=("private", "public"), otherwise="missing"),
    }
    held = enforce(frame, rules)
    assert Recipe(held.steps).apply(frame).collect().equals(held.frame.collect())


def test_tolerance_is_a_fraction_of_the_range_at_both_ends():
    rule = Rule(min=0, max=10, tolerance=0.1)
    assert counts(table(x=[-1.0, -1.01, 11.0, 11.01]), x=rule) == {("x", "min"): 1, ("x", "max"): 1}
    assert counts(table(x=[-1, -2, 11, 12]), x=rule) == {("x", "min"): 1, ("x", "max"): 1}
    day = timedelta(days=1)
    first = datetime(2020, 1, 11)
    rule = Rule(min="2020-01-11", max="2020-01-21", tolerance=0.1)
    times = [first - day, first - 1.1 * day, first + 11 * day, first + 11.1 * day]
    assert counts(table(x=times), x=rule) == {("x", "min"): 1, ("x", "max"): 1}


@pytest.mark.parametrize("tolerance", [0.1, 1e9])
def test_tolerance_ends_where_dates_do(tolerance):
    first, never = datetime(2020, 1, 1), datetime(9999, 12, 31)
    rule = Rule(min="2020-01-01", max="9999-12-31", tolerance=tolerance)
    assert counts(table(x=[first, never, None]), x=rule) == {}
    rule = Rule(min="0001-01-01", max="2020-01-01", tolerance=tolerance)
    assert counts(table(x=[datetime.min, first, datetime(9000, 1, 1)]), x=rule).get(("x", "min")) is None


def test_categories_that_are_whole_numbers_are_among_floats_too():
    rules = {"x": Rule(categories=(1, 2), otherwise="drop")}
    assert enforce(table(x=[1.0, 2.0, 3.0, None]), rules).frame.collect()["x"].to_list() == [1.0, 2.0, None]


def test_whole_numbers_are_held_to_whole_ends():
    assert counts(table(x=[1, 2, 3]), x=Rule(min=1.5, max=2.5)) == {("x", "min"): 1, ("x", "max"): 1}
    clipped = applied(table(x=[1, 2, 3]), {"x": Rule(min=1.5, max=2.5, otherwise="clip")}).collect()
    assert clipped["x"].to_list() == [2, 2, 2]
    assert counts(table(x=[2**62]), x=Rule(min=-1e300, max=1e300)) == {}


def test_of_equal_values_the_first_row_stays():
    frame = table(id=["a", "b", "a", None, None, "a"])
    rules = {"id": Rule(unique=True, otherwise="drop")}
    assert counts(frame, **rules) == {("id", "unique"): 2}
    assert enforce(frame, rules).frame.collect()[ROW].to_list() == [0, 1, 3, 4]


def test_missing_values_are_never_equal_nan_among_them():
    frame = table(x=[1.0, float("nan"), float("nan"), None, None, 2.0, 2.0])
    rules = {"x": Rule(unique=True, otherwise="drop")}
    assert counts(frame, **rules) == {("x", "unique"): 1}
    assert enforce(frame, rules).frame.collect()[ROW].to_list() == [0, 1, 2, 3, 4, 5]
    assert enforce(frame.head(5), {"x": Rule(unique=True)}).violations == ()


@pytest.mark.parametrize("engine", ["streaming", "in-memory"])
def test_a_row_that_another_rule_leaves_out_takes_no_row_with_it(engine):
    frame = table(id=[1, 1, 2, 2], key=["a", "b", "c", "b"], age=[-5, 30, 30, 30])
    rules = {
        "key": Rule(unique=True, otherwise="drop"),
        "id": Rule(unique=True, otherwise="drop"),
        "age": Rule(min=0, otherwise="drop"),
    }
    assert counts(frame, **rules) == {("key", "unique"): 1, ("age", "min"): 1}
    held = enforce(frame, rules).frame
    assert held.collect(engine=engine)[ROW].to_list() == [1, 2]
    assert held.filter(pl.col("id") > 1, key="b").collect(engine=engine).is_empty()
    assert enforce(frame, rules | {"id": Rule(unique=True)}).frame.collect()[ROW].to_list() == [1, 2]


def test_no_rule_leaves_all():
    frame = tiny_table(50)
    held = enforce(frame.lazy(), {"hours": Rule(missing=True), "age": Rule()})
    assert held.frame.collect().equals(frame)
    assert (held.violations, held.steps) == ((), ())


def test_an_empty_table_breaks_no_rule():
    assert counts(tiny_table(5).clear().lazy(), age=Rule(missing=False, min=0, unique=True)) == {}


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1),
    low=st.integers(-40, 0),
    width=st.integers(0, 40),
    missing=st.sampled_from([None, False]),
)
def test_dropping_leaves_exactly_the_rows_that_keep_the_rule(values, low, width, missing):
    rules = {"x": Rule(missing=missing, min=low, max=low + width, otherwise="drop")}
    frame = table(x=pl.Series(values, dtype=pl.Int64))
    held = enforce(frame, rules)
    good = [at for at, v in enumerate(values) if (missing is None if v is None else low <= v <= low + width)]
    assert held.frame.collect()[ROW].to_list() == good
    assert sum(v.count for v in held.violations) == len(values) - len(good)
    assert violations(held.frame, rules) == []


def test_rules_bind_to_types_once():
    (limits,) = limits_of({"x": Rule(min=0, max=9, tolerance=0.5)}, pl.Schema({"x": pl.Int32}))
    assert (limits.low, limits.high) == (-4, 13)
