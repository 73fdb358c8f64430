"""As-of joins against a reference that looks at every record of every row, written from the definition."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW, AsOf, Recipe
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(1969, 12, 31, 23, 59, 57)
"""Three seconds before 1970, so that moments are negative and positive numbers."""


def times(random):
    return random.choice([None, *range(8), *range(8)])


def keys(random):
    return random.choice([None, "a", "a", "a", "b"])


# Drawn from a seed: of rows that are found value by value hardly any would have a record.
ROWS = st.integers(0, 2**32).map(Random).map(lambda r: [(keys(r), times(r)) for _ in range(r.randint(0, 8))])
RECORDS = (
    st.integers(0, 2**32)
    .map(Random)
    .map(lambda r: [(keys(r), times(r), times(r)) for _ in range(r.choice([0, 1, 4, 12, 24]))])
)
STEPS = st.builds(
    AsOf,
    table=st.just("t"), on=st.sampled_from([{"k": "key"}, {}]), time=st.just("at"), table_time=st.just("time"),
    columns=st.just({"value": "value"}), direction=st.sampled_from(["backward", "forward", "nearest"]),
    known=st.just("published"), delay=st.sampled_from(["0s", "1s", "2s"]),
    tolerance=st.sampled_from([None, "0s", "2s", "5s"]), exact=st.booleans(),
) | st.builds(
    AsOf,
    table=st.just("t"), on=st.sampled_from([{"k": "key"}, {}]), time=st.just("at"), table_time=st.just("time"),
    columns=st.just({"value": "value"}), delay=st.sampled_from(["0s", "1s", "2s"]),
    tolerance=st.sampled_from([None, "3s", "5s"]), exact=st.booleans(),
)  # fmt: skip


def moment(second):
    return None if second is None else START + timedelta(seconds=second)


def rows_of(rows):
    columns = {"k": [key for key, _ in rows], "at": [moment(at) for _, at in rows]}
    return pl.DataFrame(columns, schema={"k": pl.String, "at": pl.Datetime("us")}).with_row_index(ROW)


def table_of(records):
    columns = {
        "key": [key for key, _, _ in records],
        "time": [moment(time) for _, time, _ in records],
        "published": [moment(known) for _, _, known in records],
        "value": list(range(len(records))),
    }
    times = dict.fromkeys(("time", "published"), pl.Datetime("us"))
    return pl.DataFrame(columns, schema={"key": pl.String, **times, "value": pl.Int64})


def joined(step, rows, table, engine="in-memory"):
    return Recipe((step,)).apply(rows.lazy(), {"t": table.lazy()}).collect(engine=engine)


def reference(step, rows, records):
    """What each row gets, by the definition; seconds throughout."""
    delay = int(step.delay[:-1])
    tolerance = None if step.tolerance is None else int(step.tolerance[:-1])
    found = []
    for key, at in rows:
        best = None
        for place, (other, time, published) in enumerate(records):
            known = time if step.known is None else published
            if at is None or time is None or known is None or known + delay > at:
                continue
            if step.on and (key is None or key != other):
                continue
            if tolerance is not None and abs(at - time) > tolerance:
                continue
            if time == at and not step.exact:
                continue
            if (step.direction == "backward" and time > at) or (step.direction == "forward" and time < at):
                continue
            rank = (-abs(at - time), -time, known, place)
            if best is None or rank > best[0]:
                best = (rank, place)
        found.append(None if best is None else best[1])
    return found


@settings(max_examples=200)
@given(step=STEPS, rows=ROWS, records=RECORDS)
def test_a_row_gets_what_the_definition_says(step, rows, records):
    found = joined(step, rows_of(rows), table_of(records))
    assert found["value"].to_list() == reference(step, rows, records)
    assert found[ROW].to_list() == list(range(len(rows)))


@settings(max_examples=100)
@given(step=STEPS, rows=ROWS, records=RECORDS, data=st.data())
def test_a_row_never_sees_the_future(step, rows, records, data):
    """Records that are not known yet may be changed, taken away or added: the row's columns stay."""
    table = table_of(records).with_row_index("n")
    delay = timedelta(seconds=int(step.delay[:-1]))
    known = step.known or "time"
    for row in rows_of(rows)[:1].iter_slices(1):
        at = row["at"][0] or START
        visible = pl.col(known) + delay <= at
        future = table_of(data.draw(RECORDS)).filter(~visible)
        rest = pl.concat([table.filter(visible).drop("n"), future])
        assert joined(step, row, rest).equals(joined(step, row, table.drop("n")))


@settings(max_examples=30)
@given(step=STEPS, rows=ROWS, records=RECORDS)
def test_the_streaming_engine_gives_the_same(step, rows, records):
    assert joined(step, rows_of(rows), table_of(records), "streaming").equals(
        joined(step, rows_of(rows), table_of(records))
    )


WEATHER = AsOf("t", {"k": "key"}, "at", "time", {"value": "temp", "time": "measured"}, tolerance="5s")


def test_columns_take_their_new_names_the_time_too():
    rows, table = rows_of([("b", 6), ("a", 4), ("a", 9)]), table_of([("a", 3, 0), ("b", 1, 0)])
    found = joined(WEATHER, rows, table)
    assert found.columns == [ROW, "k", "at", "temp", "measured"]
    assert found["temp"].to_list() == [1, 0, None]
    assert found["measured"].to_list() == [moment(1), moment(3), None]


def test_the_order_of_records_matters_only_where_all_else_is_equal():
    records = [("a", 3, 3), ("a", 3, 5), ("a", 3, 5), ("a", 2, 9)]
    step = replace(WEATHER, known="published")
    assert joined(step, rows_of([("a", 4), ("a", 5)]), table_of(records))["temp"].to_list() == [0, 2]


def test_dates_and_other_units_are_times_too():
    table = table_of([("a", 3, 0)]).cast({"time": pl.Date})
    rows = rows_of([("a", 5)]).cast({"at": pl.Datetime("ms", "UTC")})
    assert joined(WEATHER, rows, table)["temp"].to_list() == [0]


def test_looking_ahead_needs_to_know_what_was_known():
    for direction in ("forward", "nearest"):
        with pytest.raises(DataError, match=f"direction {direction} needs the column that says when") as caught:
            AsOf("t", {}, "at", "time", {"value": "v"}, direction=direction)
        assert "known: COLUMN" in caught.value.hint


def test_a_tolerance_that_nothing_can_meet_is_refused():
    with pytest.raises(DataError, match="nothing can match"):
        replace(WEATHER, delay="6s")
    with pytest.raises(DataError, match="'soon' is no span of time"):
        replace(WEATHER, tolerance="soon")


def test_a_time_that_is_none_and_a_column_that_is_not_there_are_told():
    rows, table = rows_of([("a", 2)]), table_of([("a", 0, 0)])
    with pytest.raises(DataError, match=r"as-of join of 't': column 'at' is String, and must be a timestamp"):
        joined(WEATHER, rows.cast({"at": pl.String}), table)
    with pytest.raises(DataError, match=r"as-of join of 't': column 'time' is Int64"):
        joined(WEATHER, rows, table.cast({"time": pl.Int64}))
    with pytest.raises(DataError, match=r"column 'k' of the rows is Int64, 'key' .* is String"):
        joined(WEATHER, rows.with_columns(k=pl.lit(1, pl.Int64)), table)
    with pytest.raises(DataError, match="unknown column 'k'"):
        joined(WEATHER, rows.drop("k"), table)
