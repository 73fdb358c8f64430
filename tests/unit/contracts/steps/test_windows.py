"""Windows against a reference that looks at every event of every row, written from the definition."""

import math
import statistics
from datetime import datetime, timedelta
from random import Random

import polars as pl
import pytest
from headway import DataError
from headway.contracts import HISTORY, ROW, Recipe, Window
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(1969, 12, 31, 23, 59, 57)
"""Three seconds before 1970, so that moments are negative and positive numbers."""
ODD = [None, math.nan, 1e16, -1e16, 0.1, 0.0]


def row_of(random):
    key, time, known = random.choice([None, 0, 0, 1]), *(random.choice([None, *range(8), *range(8)]) for _ in "tk")
    return key, time, known, random.choice([*ODD, *(random.uniform(-9, 9) for _ in range(9))])


# Drawn from a seed: of rows that are found value by value hardly any would have an event.
ROWS = st.integers(0, 2**32).map(Random).map(lambda r: [row_of(r) for _ in range(r.choice([0, 1, 4, 12, 24]))])
TAKES = st.sampled_from(["last", "count", "mean", "sum", "min", "max", "std"])
WINDOWS = st.builds(
    Window,
    name=st.just("made"), take=TAKES, by=st.sampled_from([{"key": "key"}, {"key": "other"}, {}]), time=st.just("time"),
    of=st.just("value"), over=st.sampled_from([None, "1s", "2s", "5s"]), table=st.sampled_from([None, "t"]),
    known=st.sampled_from([None, "known"]), delay=st.sampled_from(["0s", "1s"]),
)  # fmt: skip
PLAIN = Window("made", "mean", {"key": "key"}, "time", of="value")


def moment(second):
    return None if second is None else START + timedelta(seconds=second)


def frame_of(rows):
    columns = {
        "key": [key for key, *_ in rows],
        "other": [None if key is None else 1 - key for key, *_ in rows],
        "time": [moment(time) for _, time, *_ in rows],
        "known": [moment(known) for _, _, known, _ in rows],
        "value": [value for *_, value in rows],
    }
    keys = dict.fromkeys(("key", "other"), pl.Int64)
    times = dict.fromkeys(("time", "known"), pl.Datetime("us"))
    return pl.DataFrame(columns, schema=keys | times | {"value": pl.Float64}, strict=False)


def made(window, rows, tables=None, engine="in-memory"):
    lazily = {name: table.lazy() for name, table in (tables or {}).items()}
    return Recipe((window,)).apply(rows.lazy(), lazily).collect(engine=engine)["made"]


def reference(window, rows, events=None):
    """What each row gets, by the definition; seconds throughout."""
    delay = int(window.delay[:-1])
    over = None if window.over is None else int(window.over[:-1])
    found = []
    for own, (key, time, *_) in enumerate(rows):
        seen = []
        for place, (other, at, published, value) in enumerate(rows if events is None else events):
            moment = at if window.known is None else published
            if time is None or at is None or moment is None or value is None or math.isnan(value):
                continue
            if events is None and place == own:
                continue
            if window.by and (
                key is None or other is None or key != (1 - other if "other" in window.by.values() else other)
            ):
                continue
            if moment + delay < time and (over is None or moment + delay >= time - over):
                seen.append((moment + delay, at, place, value))
        found.append(summed_up(window.take, sorted(seen)))
    return found


def summed_up(take, seen):
    values = [value for *_, value in seen]
    if take == "count":
        return len(values)
    if not values or (take == "std" and len(values) < 2):
        return None
    functions = {"last": lambda v: v[-1], "mean": statistics.fmean, "sum": math.fsum, "min": min, "max": max,
                 "std": statistics.stdev}  # fmt: skip
    return functions[take](values)


def assert_near(found, wanted, scale):
    assert [value is None for value in found] == [value is None for value in wanted]
    for one, two in zip(found, wanted, strict=True):
        assert one is None or math.isclose(one, two, rel_tol=1e-12, abs_tol=1e-13 * scale)


@settings(max_examples=250)
@given(window=WINDOWS, rows=ROWS, events=ROWS)
def test_a_row_gets_what_the_definition_says(window, rows, events):
    tables = {"t": frame_of(events)} if window.table else {}
    found = made(window, frame_of(rows), tables)
    wanted = reference(window, rows, events if window.table else None)
    sizes = [abs(v) for *_, v in rows + events if v is not None and not math.isnan(v)]
    if window.take in ("mean", "sum", "std"):
        assert_near(found.to_list(), wanted, max(sizes, default=0.0))
    else:
        assert found.to_list() == wanted


@settings(max_examples=100)
@given(window=WINDOWS, rows=ROWS, data=st.data())
def test_a_row_never_sees_the_future(window, rows, data):
    """Events that are known at the row's time or later may be changed, taken away or added: its column stays."""
    table, delay = frame_of(rows), timedelta(seconds=int(window.delay[:-1]))
    known = window.known or "time"
    lonely = Window(**(vars(window) | {"table": "t"}))
    for row in frame_of(rows)[:1].iter_slices(1):
        at = row["time"][0] or START
        visible = (pl.col(known) + delay < at).fill_null(value=False)
        changed = pl.concat([table.filter(visible), frame_of(data.draw(ROWS)).filter(~visible)])
        assert made(lonely, row, {"t": changed}).equals(made(lonely, row, {"t": table}))


@settings(max_examples=80)
@given(window=WINDOWS, rows=ROWS, past=ROWS)
def test_rows_after_their_history_get_what_training_saw_bit_for_bit(window, rows, past):
    window = Window(**(vars(window) | {"table": None}))
    together = made(window, frame_of(past + rows))[len(past) :]
    assert made(window, frame_of(rows), {HISTORY: frame_of(past)}).equals(together)
    if window.over is not None:
        # What lies before the window leaves no trace in it, not even of rounding.
        long_ago = [(key, None if t is None else t - 1000, None if k is None else k - 1000, v) for key, t, k, v in past]
        own = window if window.known is None else Window(**(vars(window) | {"known": None}))
        assert made(own, frame_of(rows), {HISTORY: frame_of(long_ago)}).equals(made(own, frame_of(rows)))


@settings(max_examples=30)
@given(window=WINDOWS, rows=ROWS, events=ROWS)
def test_the_streaming_engine_gives_the_same(window, rows, events):
    tables = {"t": frame_of(events)} if window.table else {}
    assert made(window, frame_of(rows), tables, "streaming").equals(made(window, frame_of(rows), tables))


def test_great_values_that_left_the_window_leave_no_rounding():
    rows = [(0, second, second, 1e16 if second < 5 else 0.1) for second in range(30)]
    window = Window("made", "mean", {"key": "key"}, "time", of="value", over="3s")
    assert set(made(window, frame_of(rows)).to_list()[9:]) == {(0.1 + 0.1 + 0.1) / 3}


def test_the_deviation_of_many_windows_is_that_of_each(monkeypatch):
    monkeypatch.setattr("headway.contracts.steps.aggregates.AT_ONCE", 7)
    rows = [(second % 2, second, second, 1e9 + (second * 7919) % 13) for second in range(60)]
    window = Window("made", "std", {"key": "key"}, "time", of="value", over="9s")
    assert_near(made(window, frame_of(rows)).to_list(), reference(window, rows), 1e6)


def test_events_are_counted_whatever_their_values():
    rows = frame_of([(0, 0, 0, None), (0, 1, 0, None), (0, 2, 0, 1.0)])
    assert made(Window("made", "count", {"key": "key"}, "time"), rows).to_list() == [0, 1, 2]
    assert made(Window("made", "count", {"key": "key"}, "time", of="value"), rows).to_list() == [0, 0, 0]


@pytest.mark.parametrize(
    ("values", "take", "wanted"),
    [
        (["x", "y", None], "last", [None, "x", "y"]),
        ([True, False, True], "mean", [None, 1.0, 0.5]),
        ([True, False, True], "min", [None, True, False]),
        ([2**60 + 1, 2**60, 0], "max", [None, 2**60 + 1, 2**60 + 1]),
        ([moment(3), moment(1), None], "min", [None, moment(3), moment(1)]),
        ([None, None, None], "sum", [None, None, None]),
    ],
)
@pytest.mark.parametrize("over", [None, "1d"])
def test_values_keep_their_type_where_they_can(values, take, wanted, over):
    rows = frame_of([(0, second, 0, 1.0) for second in range(3)]).with_columns(value=pl.Series(values))
    found = made(Window("made", take, {"key": "key"}, "time", of="value", over=over), rows)
    assert found.to_list() == wanted
    if take in ("last", "min", "max"):
        assert found.dtype == rows["value"].dtype


def test_rows_may_lack_what_only_their_history_knows():
    past, rows = frame_of([(0, 0, 0, 2.0), (0, 1, 0, 4.0)]), frame_of([(0, 5, 0, 9.0), (1, 5, 0, 9.0)]).drop("value")
    assert made(PLAIN, rows, {HISTORY: past}).to_list() == [3.0, None]
    with pytest.raises(DataError, match="windows over the rows and their history: unknown column 'value'"):
        made(PLAIN, rows)
    with pytest.raises(DataError, match="table 'history': unknown column 'value'"):
        made(PLAIN, rows, {HISTORY: past.drop("value")})


def test_filters_that_come_after_do_not_change_what_a_row_saw():
    rows = frame_of([(0, second, 0, float(second)) for second in range(9)]).with_row_index(ROW)
    lazily = Recipe((PLAIN,)).apply(rows.lazy())
    assert lazily.filter(pl.col(ROW) > 6).collect().equals(lazily.collect().filter(pl.col(ROW) > 6))
    assert lazily.tail(2).collect().equals(lazily.collect().tail(2))


def test_windows_that_mean_nothing_are_refused():
    with pytest.raises(DataError, match="mean of which column"):
        Window("made", "mean", {}, "time")
    with pytest.raises(DataError, match="over 0s is empty"):
        Window("made", "count", {}, "time", over="0s")
    with pytest.raises(DataError, match="'value' is read by the step that makes it"):
        Window("value", "last", {}, "time", of="value")
    with pytest.raises(DataError, match="there is no mean of values of type String"):
        made(PLAIN, frame_of([(0, 0, 0, 1.0)]).cast({"value": pl.String}))
    with pytest.raises(DataError, match="column 'time' is Int64, and must be a timestamp"):
        made(PLAIN, frame_of([(0, 0, 0, 1.0)]).cast({"time": pl.Int64}))
