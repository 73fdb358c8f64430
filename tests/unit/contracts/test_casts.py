from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from headway import DataError
from headway.contracts import Column, Recipe, cast_columns, misread, refuse_misread


def cast(values, dtype, given=None):
    frame = pl.LazyFrame({"x": pl.Series(values, dtype=given)})
    column = (Column("x", "any", dtype),)
    return cast_columns(frame, column).collect()["x"], misread(frame, column)


@pytest.mark.parametrize(
    ("values", "dtype", "wanted"),
    [
        (["1", "-7", "3.0", str(2**60 + 1), None], "Int64", [1, -7, 3, 2**60 + 1, None]),
        (["1", "2.5", "1e3", "-inf"], "Float64", [1.0, 2.5, 1000.0, float("-inf")]),
        (["true", "FALSE", "t", "No", "1", None], "Boolean", [True, False, True, False, True, None]),
        ([timedelta(seconds=1.5)], "Float64", [1.5]),
        ([datetime(2013, 1, 1, tzinfo=UTC)], "Datetime", [datetime(2013, 1, 1)]),
        ([1, 0, None], "Boolean", [True, False, None]),
        ([1.0, 2.0, None, float("nan")], "Int64", [1, 2, None, None]),
        ([1, 2], "Float64", [1.0, 2.0]),
        ([7, None], "String", ["7", None]),
        ([7.0, -3.0, 0.5, None, float("nan"), 1e300], "String", ["7", "-3", "0.5", None, None, "1e+300"]),
        ([None, None], "Int64", [None, None]),
        (
            ["2013-01-02", "2013-01-02 03:04", "2013-01-02T03:04:05", "2013-01-02 03:04:05.25"],
            "Datetime",
            [datetime(2013, 1, 2), datetime(2013, 1, 2, 3, 4), datetime(2013, 1, 2, 3, 4, 5),
             datetime(2013, 1, 2, 3, 4, 5, 250_000)],
        ),
        (["2013-01-01T10:00:00Z", "2013-01-01 10:00+05:30", "2013-01-01 10:00:00 +01"], "Datetime",
         [datetime(2013, 1, 1, 10), datetime(2013, 1, 1, 4, 30), datetime(2013, 1, 1, 9)]),
    ],
)  # fmt: skip
def test_values_are_read_as_what_training_saw(values, dtype, wanted):
    found, faults = cast(values, dtype)
    assert found.to_list() == wanted
    assert found.dtype == (pl.Datetime("us") if dtype == "Datetime" else getattr(pl, dtype))
    assert not faults


@pytest.mark.parametrize(
    ("values", "dtype", "count", "row", "example"),
    [
        (["1", "x", None, "2.5"], "Int64", 2, 2, "x"),
        ([1.0, 39.5, float("inf")], "Int64", 2, 2, 39.5),
        (["1,5"], "Float64", 1, 1, "1,5"),
        (["true", "maybe"], "Boolean", 1, 2, "maybe"),
        (["1e300", "2e16"], "Int64", 2, 1, "1e300"),
        ([0, 1, 2], "Boolean", 1, 3, 2),
        (["2013-01-01", "2013-02-30"], "Datetime", 1, 2, "2013-02-30"),
        ([1_357_034_400], "Datetime", 1, 1, 1_357_034_400),
        ([300, 5], "Int8", 1, 1, 300),
        ([[1], None], "Float64", 1, 1, [1]),
        ([datetime(2013, 1, 1)], "Float64", 1, 1, datetime(2013, 1, 1)),
    ],
)
def test_what_cannot_be_read_is_counted_with_its_first_row(values, dtype, count, row, example):
    _, (fault,) = cast(values, dtype)
    assert (fault.count, fault.row, fault.example) == (count, row, example)
    assert f"column 'x' must be {dtype}: {count} value(s) are not, the first in row {row}" in str(fault)


def test_all_columns_at_fault_are_told_at_once():
    frame = pl.LazyFrame({"a": ["1", "x"], "b": ["y", "2.0"], "c": ["z", "z"]})
    recipe = Recipe(columns=(Column("a", "integer", "Int64"), Column("b", "numeric", "Float64")))
    with pytest.raises(DataError, match=r"column 'a' .*row 2: 'x'; column 'b' .*row 1: 'y'"):
        recipe.apply(frame)


def test_columns_in_their_types_are_not_read():
    def never(*_):
        raise AssertionError("read")

    frame = pl.LazyFrame({"a": [1]}).map_batches(never, schema={"a": pl.Int64})
    columns = (Column("a", "integer", "Int64"),)
    refuse_misread(misread(frame, columns))
    assert cast_columns(frame, columns).collect_schema() == {"a": pl.Int64}


def test_moments_of_a_zone_become_utc():
    local = pl.Series([datetime(2013, 7, 1, 12)]).dt.replace_time_zone("America/New_York")
    assert cast(local, "Datetime", local.dtype)[0].to_list() == [datetime(2013, 7, 1, 16)]


def counted(values, unit, given=None):
    column = (Column("x", "timestamp", "Datetime", formats=(unit,)),)
    frame = pl.LazyFrame({"x": pl.Series(values, dtype=given)})
    return cast_columns(frame, column).collect()["x"].to_list(), misread(frame, column)


@pytest.mark.parametrize("given", [pl.Int64, pl.UInt64, pl.Int128, pl.Float64, pl.String])
@pytest.mark.parametrize(("unit", "second"), [("unix_s", 1), ("unix_ms", 1e3), ("unix_us", 1e6), ("unix_ns", 1e9)])
def test_numbers_count_a_unit_since_1970(unit, second, given):
    values = [1_357_034_400 * int(second), 0, None]
    found, faults = counted([str(v) if v is not None and given == pl.String else v for v in values], unit, given)
    assert found == [datetime(2013, 1, 1, 10), datetime(1970, 1, 1), None]
    assert not faults


def test_numbers_before_1970_and_parts_of_a_unit_are_moments_too():
    assert counted([-1, -86_400], "unix_s")[0] == [datetime(1969, 12, 31, 23, 59, 59), datetime(1969, 12, 31)]
    assert counted([0.25, float("nan")], "unix_s")[0] == [datetime(1970, 1, 1, microsecond=250_000), None]
    assert counted(["1.5"], "unix_ms")[0] == [datetime(1970, 1, 1, microsecond=1500)]
    assert counted([1999, -1], "unix_ns")[0] == [
        datetime(1970, 1, 1, microsecond=1),
        datetime(1969, 12, 31, 23, 59, 59, 999_999),
    ]


@pytest.mark.parametrize(("last", "unit"), [(253_402_300_799, "unix_s"), (253_402_300_799_000, "unix_ms")])
def test_milliseconds_that_are_told_to_be_seconds_are_no_moments(last, unit):
    assert counted([last], unit) == ([datetime(9999, 12, 31, 23, 59, 59)], [])
    for values in ([last, last + 1], [0.5, last * 10.0], ["0", "1e300"], ["1", str(2**63 - 1)]):
        found, (fault,) = counted(values, unit)
        assert found[1] is None
        assert fault.example in values
