"""Types of columns, decided over all rows."""

import datetime

import polars as pl
import pytest
from headway import DataError
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.typed import GLANCE, typed
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

NOON = datetime.datetime(2024, 1, 31, 12)


def narrowed(values, kind=None, **options):
    frame = pl.DataFrame({"x": values}) if isinstance(values, pl.Series) else pl.DataFrame({"x": values}, strict=False)
    return typed(frame.lazy(), {"x": kind} if kind else {}, ReadOptions(**options)).frame.collect()["x"]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", None, "-20"], [1, None, -20]),
        (["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        (["1", "2.5", "-3e2", "+.5", "4."], [1.0, 2.5, -300.0, 0.5, 4.0]),
        (["1.5", "NaN", "-inf", None], [1.5, float("nan"), -float("inf"), None]),
        (["true", "False", "TRUE", None], [True, False, True, None]),
        (["2024-01-31", None], [datetime.datetime(2024, 1, 31), None]),
        (["2024-01-31 12:00:00", "2024-01-31T12:00", "2024-01-31"], [NOON, NOON, datetime.datetime(2024, 1, 31)]),
        (["2024-01-31T12:00:00.000001", "2024-01-31 12:00:00"], [NOON + datetime.timedelta(0, 0, 1), NOON]),
        (["2024-01-31T12:00:00Z", "2024-01-31 14:00:00+02:00", "2024-01-31 08:30 -0330"], [NOON, NOON, NOON]),
    ],
)
def test_texts_get_the_narrowest_type_that_holds_them(texts, values):
    assert_frame_equal(narrowed(texts).to_frame(), pl.DataFrame({"x": values}), check_exact=True)


@pytest.mark.parametrize(
    "texts",
    [
        ["007", "010", "123"],
        ["-01", "1"],
        ["0.5", "00.5"],
        ["12345678901234567890", "1"],
        ["9223372036854775808", "1.5"],
        ["1", "1,5"],
        ["1", "x"],
        ["NaN", "inf"],
        ["1_000", "1"],
        ["true", "yes"],
        ["true", "1"],
        ["2024-02-30", "2024-02-01"],
        ["2024-1-31", "2024-02-01"],
        ["2024-01-31 12:00:00", "2024-01-31 12:00:00Z"],
        ["2024-01-31 25:00:00"],
        ["20240131T12", "x"],
        [None, None],
    ],
)
def test_a_text_that_a_narrower_type_would_change_stays(texts):
    assert narrowed(pl.Series(texts, dtype=pl.String)).to_list() == texts


@given(st.lists(st.one_of(st.none(), st.text("0123456789+-.eE:TZ truefalsin", min_size=1)), min_size=1))
@example(["-0", "0"])
@example(["1e400"])
def test_what_becomes_a_number_is_that_number(texts):
    found = narrowed(pl.Series(texts, dtype=pl.String))
    if found.dtype == pl.Int64:
        assert found.to_list() == [None if text is None else int(text) for text in texts]
    elif found.dtype == pl.Float64:
        expected = pl.Series([None if text is None else float(text) for text in texts], dtype=pl.Float64)
        assert found.equals(expected)
    elif found.dtype == pl.String:
        assert found.to_list() == texts


@pytest.mark.parametrize(("odd", "dtype"), [("x", pl.String), ("2.5", pl.Float64)])
def test_the_last_row_counts_as_much_as_the_first(odd, dtype):
    assert narrowed(["1"] * (GLANCE * 3)).dtype == pl.Int64
    assert narrowed([*["1"] * (GLANCE * 3), odd]).dtype == dtype
    assert narrowed([*[None] * (GLANCE * 3), "1"]).dtype == pl.Int64
    assert narrowed([*["NaN"] * (GLANCE * 3), "1"]).dtype == pl.Float64


def test_a_decimal_comma_is_read_where_it_is_said():
    assert narrowed(["1,5", "-2", "3,25e2"], decimal=",").to_list() == [1.5, -2.0, 325.0]
    assert narrowed(["1.5", "2,5"], decimal=",").dtype == pl.String
    assert narrowed(["1,5", "2"], "numeric", decimal=",").to_list() == [1.5, 2.0]


def test_dates_are_read_as_they_are_written():
    assert narrowed(["31.01.2024", None], dates=("%d.%m.%Y",)).to_list() == [datetime.datetime(2024, 1, 31), None]
    assert narrowed(["01/31/24 12:00"], dates=("%d.%m.%Y", "%m/%d/%y %H:%M")).to_list() == [NOON]
    assert narrowed(["31.01.2024", "32.01.2024"], dates=("%d.%m.%Y",)).dtype == pl.String


def test_numbers_are_moments_where_it_is_said_what_they_count():
    assert narrowed([1706698800, None], "timestamp", dates=("unix_s",)).to_list() == [NOON.replace(hour=11), None]
    assert narrowed(["1706698800000"], "timestamp", dates=("unix_ms",)).to_list() == [NOON.replace(hour=11)]
    assert narrowed(["1706698800", "2024-01-31"], "timestamp", dates=("%d.%m.%Y", "unix_s")).dtype == pl.Datetime
    assert narrowed(["1706698800"], dates=("unix_s",)).dtype == pl.Int64


@pytest.mark.parametrize(("values", "dates"), [([3], ()), (["-3.5"], ()), ([1706698800000], ("unix_s",))])
def test_what_numbers_count_is_asked_for(values, dates):
    with pytest.raises(DataError, match=r"x is timestamp, but 1 value\(s\) are not") as caught:
        narrowed(values, "timestamp", dates=dates)
    assert "data.read.dates=[unix_s], or one of unix_s, unix_ms" in caught.value.hint


def test_a_format_that_says_nothing_of_a_date_is_refused():
    with pytest.raises(DataError, match="dates has 'seconds'") as caught:
        ReadOptions(dates=("%Y", "seconds"))
    assert "unix_s" in caught.value.hint


@pytest.mark.parametrize(
    ("series", "values"),
    [
        (pl.Series(["b", "a"], dtype=pl.Categorical), ["b", "a"]),
        (pl.Series(["b", "1"], dtype=pl.Enum(["1", "b"])), ["b", "1"]),
        (pl.Series(["1.25"]).cast(pl.Decimal(10, 2)), [1.25]),
        (pl.Series([1, None], dtype=pl.UInt8), [1, None]),
        (pl.Series([0.5], dtype=pl.Float32), [0.5]),
        (pl.Series([2**63 - 1], dtype=pl.UInt64), [2**63 - 1]),
        (pl.Series([2**63, 1], dtype=pl.UInt64), ["9223372036854775808", "1"]),
        (pl.Series([datetime.date(2024, 1, 31)]), [datetime.datetime(2024, 1, 31)]),
        (pl.Series([NOON], dtype=pl.Datetime("ns")), [NOON]),
        (pl.Series([NOON], dtype=pl.Datetime("ms")).dt.replace_time_zone("Europe/Berlin"), [NOON.replace(hour=11)]),
        (pl.Series([datetime.timedelta(0, 1, 500_000)]), [1.5]),
        (pl.Series([datetime.time(12)]), ["12:00:00"]),
        (pl.Series([None, None]), [None, None]),
    ],
)
def test_types_that_only_say_how_values_are_stored_become_plain(series, values):
    found = narrowed(series)
    assert found.to_list() == values
    assert found.dtype in (pl.Int64, pl.Float64, pl.String, pl.Datetime("us"))


@pytest.mark.parametrize("series", [pl.Series([[1]]), pl.Series([{"a": 1}]), pl.Series([b"x"])])
def test_values_that_are_no_values_of_a_table_are_refused(series):
    with pytest.raises(DataError, match="column 'x' holds") as caught:
        narrowed(series)
    assert "data.drop" in caught.value.hint


@pytest.mark.parametrize(
    ("values", "kind", "found"),
    [
        (["007", "1.50"], "categorical", ["007", "1.50"]),
        (["007", "1.50"], "numeric", [7.0, 1.5]),
        (["1.50", "2.00", "10", "-0.0", "0.10"], "categorical", ["1.5", "2", "10", "0", "0.1"]),
        ([1.5, 2.0, 10.0, -0.0, 0.1], "categorical", ["1.5", "2", "10", "0", "0.1"]),
        ([1, 2], "identifier", ["1", "2"]),
        (pl.Series([2**63, 1], dtype=pl.UInt64), "identifier", ["9223372036854775808", "1"]),
        ([1, 2], "numeric", [1.0, 2.0]),
        ([1.0, 2.0], "integer", [1, 2]),
        (["1", "2.0"], "integer", [1, 2]),
        (["9223372036854775807"], "integer", [2**63 - 1]),
        ([0, 1, None], "boolean", [False, True, None]),
        (["Yes", "n", "T"], "boolean", [True, False, True]),
        ([True, False], "boolean", [True, False]),
        ([True, False], "integer", [1, 0]),
        (["2024-01-31T12:00:00Z", "2024-01-31 12:00"], "timestamp", [NOON, NOON]),
        ([datetime.date(2024, 1, 31)], "timestamp", [datetime.datetime(2024, 1, 31)]),
        ([True, None], "categorical", ["true", None]),
    ],
)
def test_a_kind_decides_where_it_is_given(values, kind, found):
    assert narrowed(values, kind).to_list() == found


@pytest.mark.parametrize(
    ("values", "kind", "part"),
    [
        (["1", "x", "y", None], "integer", "2 value(s) are not, such as 'x'"),
        (["1.5"], "integer", "1 value(s) are not, such as '1.5'"),
        ([1.5, 2.0], "integer", "1 value(s) are not, such as 1.5"),
        (["1", "two"], "numeric", "such as 'two'"),
        ([0, 1, 2], "boolean", "1 value(s) are not, such as 2"),
        (["yes", "maybe"], "boolean", "such as 'maybe'"),
        (["2024-02-30"], "timestamp", "such as '2024-02-30'"),
        ([2013, 2014], "timestamp", "2 value(s) are not, such as 2013"),
        (pl.Series([2**63], dtype=pl.UInt64), "integer", "such as 9223372036854775808"),
    ],
)
def test_values_that_are_not_of_their_kind_are_counted_and_shown(values, kind, part):
    with pytest.raises(DataError) as caught:
        narrowed(values, kind)
    assert f"data.kinds.x is {kind}" in caught.value.what
    assert part in caught.value.what


def test_the_casts_are_lazy_and_read_only_what_is_asked(tmp_path):
    pl.DataFrame({"a": ["1", "2"], "b": ["x", "y"]}).write_parquet(tmp_path / "rows.parquet")
    frame = typed(pl.scan_parquet(tmp_path / "rows.parquet"), {}).frame
    assert "PROJECT 1/2 COLUMNS" in frame.select("a").explain()
