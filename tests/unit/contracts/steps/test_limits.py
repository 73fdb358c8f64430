"""Limits of columns: what is outside, what becomes of it, and that rows to be scored are held to the same."""

from datetime import datetime
from decimal import Decimal

import polars as pl
import pytest
from headway.contracts import canonical_json, read_json
from headway.contracts.steps.limits import Limits, Outside, violations
from headway.errors import DataError
from hypothesis import given, settings
from hypothesis import strategies as st

NAN, INF = float("nan"), float("inf")


def column(values, dtype=None):
    return pl.LazyFrame({"x": pl.Series(values, dtype=dtype, strict=False)})


def outcome(values, dtype=None, **fields):
    return Limits("x", **fields).apply(column(values, dtype)).collect()["x"].to_list()


def counts(frame, *limits):
    return {(found.column, found.rule): found.count for found in violations(frame, limits)}


def test_clipping_moves_values_to_the_nearer_end_and_leaves_missing_ones():
    clipped = outcome([-1.0, 0.0, 3.0, 9.0, INF, -INF, None], otherwise="clip", low=0, high=5)
    assert clipped == [0.0, 0.0, 3.0, 5.0, 5.0, 0.0, None]


def test_nan_is_missing_and_never_above():
    assert counts(column([NAN, 1.0, None]), Limits("x", low=0, high=5)) == {}
    assert counts(column([NAN, 1.0, None]), Limits("x", required=True)) == {("x", "missing"): 2}


@pytest.mark.parametrize(
    ("values", "dtype", "fields", "kept"),
    [
        ([1, 7, None], pl.Int64, {"low": 0, "high": 5}, [1, None, None]),
        (["a", "z", None], pl.String, {"categories": ("a", "b")}, ["a", None, None]),
        ([1, 2, 3], pl.Int16, {"categories": (1, 3)}, [1, None, 3]),
        ([1, 2, 3, None, 1.5], pl.Float64, {"categories": (1, 3)}, [1, None, 3, None, None]),
        ([1, 2], pl.Float32, {"categories": (1, 3)}, [1, None]),
        (["1", "2", "word"], pl.String, {"categories": (1, 3)}, ["1", None, "word"]),
        ([1, 2, 300], pl.UInt8, {"categories": (1, 300)}, [1, None, None]),
        ([Decimal("1.0"), Decimal("1.5")], pl.Decimal(9, 1), {"categories": (1, 3)}, [Decimal("1.0"), None]),
        ([True, False], pl.Boolean, {"categories": (True,)}, [True, None]),
        (["AB1", "AB1x", "xAB1"], pl.String, {"pattern": "[A-Z]{2}1|no"}, ["AB1", None, None]),
        ([datetime(2020, 1, 1), datetime(2020, 1, 2)], None, {"high": "2020-01-01"}, [datetime(2020, 1, 1), None]),
    ],
)
def test_what_is_outside_can_count_as_missing(values, dtype, fields, kept):
    assert outcome(values, dtype, otherwise="missing", **fields) == kept


def test_types_stay_what_they_are():
    for dtype in (pl.Int8, pl.Int64, pl.UInt16, pl.Float32, pl.Float64):
        frame = Limits("x", "clip", low=2, high=3).apply(column([1, 2, 9], dtype)).collect()
        assert frame.schema == {"x": dtype}
        assert frame["x"].to_list() == [2, 2, 3]


def test_text_of_a_file_is_held_to_numbers_and_times():
    """Rows to be scored may come as texts, which are typed after the recipe."""
    assert outcome(["1", "9", "word", None], otherwise="missing", high=5) == ["1", None, "word", None]
    assert outcome(["1", "9"], otherwise="clip", high=5) == ["1", "5"]
    assert outcome(["2020-01-05", "2019-12-31"], otherwise="missing", low="2020-01-01") == ["2020-01-05", None]
    assert outcome(["true", "FALSE"], otherwise="missing", categories=(True,)) == ["true", None]


def test_float32_is_compared_as_float32():
    assert counts(column([0.1], pl.Float32), Limits("x", high=0.1)) == {}


def test_integers_beyond_float64_are_compared_exactly():
    most = 2**53
    assert counts(column([most, most + 1], pl.Int64), Limits("x", high=most)) == {("x", "max"): 1}


@pytest.mark.parametrize("policy", ["error", "drop"])
def test_the_other_policies_leave_the_frame(policy):
    assert outcome([1, 9], otherwise=policy, high=5) == [1, 9]


def test_a_column_that_is_not_there_is_left_to_those_who_need_it():
    frame = pl.LazyFrame({"y": [1]})
    assert Limits("x", "clip", low=0).apply(frame).collect().equals(frame.collect())
    assert violations(frame, [Limits("x", low=0)]) == []


def test_a_violation_names_column_rule_count_and_first_rows():
    frame = pl.LazyFrame({"__row__": range(100, 110), "x": [1, 9, 8, 1, 7, 6, None, 1, 1, 1]})
    above, missing = violations(frame, [Limits("x", high=5, required=True)])[::-1]
    assert str(above) == "x: 4 values above 5: 9 (row 102), 8 (row 103), 7 (row 105)"
    assert str(missing) == "x: 1 value missing: row 107"


def test_rows_to_be_scored_are_refused_with_all_reasons():
    steps = [Limits("x", "error", low=0), Limits("y", "drop", required=True), Limits("z", "clip", high=1)]
    frame = pl.LazyFrame({"x": [-1, 0, -2], "y": ["a", None, "b"], "z": [5, 5, 5]})
    outside = Outside([*steps, "another step"])
    outside.add(frame.with_columns(x=0, y=pl.lit("a")))
    outside.refuse()
    for before in (0, 3):
        outside.add(frame, before)
    with pytest.raises(DataError) as caught:
        outside.refuse()
    assert caught.value.what == (
        "x: 4 values below 0: -1 (row 1), -2 (row 3), -1 (row 4); y: 2 values missing: row 2, row 5"
    )


def test_nested_values_are_left_to_who_tells_of_types():
    assert violations(pl.LazyFrame({"x": [[1]]}), [Limits("x", low=5, required=True)]) == []


def test_a_step_survives_json(tmp_path):
    steps = (
        Limits("a", "clip", 1, 2.5), Limits("t", low="2020-01-01"), Limits("c", categories=("a", "b")),
        Limits("i", categories=(1, 2)), Limits("b", "missing", categories=(True,)), Limits("p", pattern="a+"),
    )  # fmt: skip
    (tmp_path / "steps.json").write_bytes(canonical_json(steps))
    read = read_json(tmp_path / "steps.json", tuple[Limits, ...])
    assert read == steps
    assert [type(item) for step in read for item in step.categories or ()] == [str, str, int, int, bool]


NUMBER = st.one_of(st.none(), st.floats(width=64), st.sampled_from([0.0, -0.0, 1.0, 5.0, 1e300, 5e-324]))


@settings(deadline=None)
@given(values=st.lists(NUMBER, min_size=1), low=st.integers(-5, 2), width=st.integers(0, 5))
def test_after_clipping_nothing_is_outside_and_a_row_is_clipped_alone_as_among_others(values, low, width):
    limits = Limits("x", "clip", low, low + width)
    frame = column(values, pl.Float64)
    clipped = limits.apply(frame)
    assert violations(clipped, [limits]) == []
    alone = [limits.apply(column([value], pl.Float64)).collect()["x"] for value in values]
    assert pl.concat(alone).equals(clipped.collect()["x"], null_equal=True)
    expected = [v if v is None or v != v else min(max(v, low), low + width) for v in values]
    assert clipped.collect()["x"].equals(pl.Series("x", expected, dtype=pl.Float64), null_equal=True)
