"""Tables → arrays, and what the errors at that boundary say."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from headway.contracts import MISSING, Column, conform, feeds
from headway.errors import DataError
from hypothesis import given
from hypothesis import strategies as st

COLUMNS = (
    Column("age", "integer", "Int64"),
    Column("work", "categorical", "String"),
    Column("ok", "boolean", "Boolean"),
)


def test_all_faults_of_columns_are_told_at_once():
    with pytest.raises(DataError) as caught:
        conform(pl.DataFrame({"age": ["30", "x", "y"], "ok": [True, None, False]}), COLUMNS)
    message = caught.value.what
    assert "column 'age' must be Int64: 2 value(s) are not, such as 'x'" in message
    assert "column 'work' (categorical) is missing" in message


def test_conform_casts_and_orders():
    frame = conform(pl.DataFrame({"ok": [True], "other": [1], "work": ["a"], "age": ["41"]}), COLUMNS)
    assert frame.schema == {"age": pl.Int64, "work": pl.String, "ok": pl.Boolean}
    assert frame.row(0) == (41, "a", True)


def test_feeds_are_float64_and_strings_with_stand_ins_for_missing():
    frame = pl.DataFrame({"age": [1, None], "work": [None, "a"], "ok": [True, None]})
    given_arrays = feeds(frame, COLUMNS)
    np.testing.assert_array_equal(given_arrays["age"], [1.0, np.nan])
    np.testing.assert_array_equal(given_arrays["ok"], [1.0, np.nan])
    assert given_arrays["work"].dtype == object
    assert given_arrays["work"].tolist() == [MISSING, "a"]


def test_timestamps_are_microseconds_since_1970():
    column = Column("at", "timestamp", "Datetime")
    given_arrays = feeds(pl.DataFrame({"at": [datetime(1969, 12, 31, 23, 59, 59), None]}), (column,))
    assert given_arrays["at"].tolist() == [-1_000_000, np.iinfo(np.int64).min]


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_exact_or_refused(value):
    frame = pl.DataFrame({"age": [value]}, schema={"age": pl.Int64})
    if abs(value) <= 2**53:
        assert int(feeds(frame, COLUMNS[:1])["age"][0]) == value
    else:
        with pytest.raises(DataError, match="2\\^53"):
            feeds(frame, COLUMNS[:1])
