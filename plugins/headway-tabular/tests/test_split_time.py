"""Splits in the order of time, and folds with a rolling origin."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from headway import DataError
from headway_tabular.splits.assign import assign
from headway_tabular.splits.ranks import BUCKETS, Ranking
from headway_tabular.splits.split import Split
from hypothesis import assume, given
from hypothesis import strategies as st


def by_time(times, batch=10_000, **fields):
    frame = times if isinstance(times, pl.DataFrame) else pl.DataFrame({"t": times})
    split = Split(by="time", **fields)
    return assign(
        frame.with_columns(y=pl.lit(1.0)).lazy(), split, 0, target="y", is_classification=False, time="t", batch=batch
    )


def spans(times, codes):
    times = np.asarray(times)
    return [(times[codes == code].min(), times[codes == code].max()) for code in range(3)]


INSTANTS = st.one_of(
    st.lists(st.integers(-40, 40), min_size=20, max_size=60, unique=True),
    st.lists(st.integers(-(2**62), 2**62), min_size=20, max_size=40, unique=True),
    st.lists(st.floats(-1e9, 1e9, width=32), min_size=20, max_size=40, unique=True),
)


@given(instants=INSTANTS, order=st.randoms(use_true_random=False), batch=st.sampled_from([3, 10_000]))
def test_train_is_before_validation_is_before_test_and_no_instant_is_divided(instants, order, batch):
    times = [time for time in instants for _ in range(order.randint(1, 3))]
    order.shuffle(times)
    codes = by_time(times, batch)
    (_, train), (begun, validation), (test, _) = spans(times, codes)
    assert train < begun <= validation < test
    assert np.abs(np.bincount(codes) - len(times) * np.array([0.6, 0.2, 0.2])).max() <= 4


@given(times=st.lists(st.integers(0, 300), min_size=80, max_size=150), gap=st.integers(0, 12))
def test_the_gap_is_kept_and_only_its_rows_are_left_out(times, gap):
    assume(len(set(times)) >= 60)
    whole, codes = by_time(times), by_time(times, gap=gap)
    (_, train), (begun, validation), (test, _) = spans(times, codes)
    assert begun - train > gap
    assert test - validation > gap
    for time, code, before in zip(times, codes.tolist(), whole.tolist(), strict=True):
        if code == 255:
            assert begun - gap <= time < begun or test - gap <= time < test
        else:
            assert code == before


@given(
    steps=st.lists(st.integers(10, 60), min_size=60, max_size=150),
    order=st.randoms(use_true_random=False),
    folds=st.integers(2, 5),
    gap=st.integers(0, 15),
    window=st.sampled_from([None, 500]),
)
def test_the_origin_rolls_over_blocks_of_equal_size(steps, order, folds, gap, window):
    times = np.cumsum(steps).tolist()
    order.shuffle(times)
    found = [by_time(times, folds=folds, fold=fold, gap=gap, window=window, batch=64) for fold in range(folds)]
    tested = [np.flatnonzero(codes == 2) for codes in found]
    block = len(times) / (folds + 1)
    assert all(abs(len(rows) - block) <= 1 for rows in tested)
    ordered = np.array(times)[np.concatenate(tested)]
    assert len(np.unique(ordered)) == len(ordered)
    assert set(ordered) == set(sorted(times)[-len(ordered) :])
    for codes, rows in zip(found, tested, strict=True):
        (first, train), (begun, validation), (test, _) = spans(times, codes)
        assert train + gap < begun <= validation < test - gap
        assert test == np.array(times)[rows].min()
        if window is not None:
            assert begun - gap - first <= window


def test_by_default_training_goes_back_to_the_beginning():
    codes = by_time(range(1000), folds=4, fold=3)
    assert np.bincount(codes).tolist() == [600, 200, 200]
    first = by_time(range(1000), folds=4, fold=0)
    assert np.flatnonzero(first == 2).tolist() == list(range(200, 400))
    assert np.flatnonzero(first == 0).tolist() == list(range(150))
    assert (first[400:] == 255).all()


DAYS = [datetime(2013, 1, 1) + timedelta(days=day) for day in range(365)]


def test_moments_divide_instead_of_fractions():
    codes = by_time(DAYS, validation_from="2013-09-01", test_from="2013-10-01", gap="2d")
    assert DAYS[np.flatnonzero(codes == 0).max()] == datetime(2013, 8, 29)
    assert DAYS[np.flatnonzero(codes == 1).min()] == datetime(2013, 9, 1)
    assert DAYS[np.flatnonzero(codes == 1).max()] == datetime(2013, 9, 28)
    assert DAYS[np.flatnonzero(codes == 2).min()] == datetime(2013, 10, 1)
    assert (codes == 255).sum() == 4


def test_one_moment_leaves_the_rest_to_the_fractions():
    last = by_time(DAYS, test_from="2013-10-01")
    assert np.bincount(last).tolist() == [205, 68, 92]
    first = by_time(DAYS, validation_from="2013-10-01")
    assert np.bincount(first).tolist() == [273, 46, 46]


def test_a_moment_of_many_rows_goes_to_the_side_that_is_nearer_to_the_fractions():
    fields = {"train": 0.65, "validation": 0.0, "test": 0.35}
    assert by_time([1] * 7 + [2] * 3, **fields).tolist() == [0] * 7 + [2] * 3
    assert by_time([0] * 3 + [1] * 2 + [2] * 5, **fields).tolist() == [0] * 5 + [2] * 5


def test_a_split_may_be_without_validation_or_test():
    assert np.bincount(by_time(DAYS, train=0.8, validation=0.0, gap="3d")).tolist()[:3] == [289, 0, 73]
    assert np.bincount(by_time(DAYS, train=0.8, validation=0.2, test=0.0)).tolist() == [292, 73]


@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns")])
def test_dates_and_timestamps_of_any_unit_give_the_same(dtype):
    times = pl.DataFrame({"t": pl.Series(DAYS).cast(dtype)})
    fields = {"test_from": "2013-10-01", "gap": "36h"}
    assert (by_time(times, **fields) == by_time(DAYS, **fields)).all()


def test_a_moment_without_an_offset_is_in_the_zone_of_the_column():
    zone = ZoneInfo("America/New_York")
    hours = [datetime(2013, 10, 1, tzinfo=zone) + timedelta(hours=hour) for hour in range(-30, 30)]
    times = pl.DataFrame({"t": pl.Series(hours, dtype=pl.Datetime("us", "America/New_York"))})
    local = by_time(times, test_from="2013-10-01")
    assert np.flatnonzero(local == 2).min() == 30
    assert (by_time(times, test_from="2013-10-01T04:00+00:00") == local).all()


def test_times_that_are_too_many_to_keep_are_read_anew(monkeypatch):
    fields = {"folds": 3, "fold": 1, "gap": "3d", "window": "60d"}
    kept = by_time(DAYS, **fields)
    monkeypatch.setattr("headway_tabular.splits.time_column.KEPT", 100)
    assert (by_time(DAYS, batch=30, **fields) == kept).all()


def test_an_hour_that_clocks_skip_is_no_moment():
    times = pl.DataFrame({"t": pl.Series(DAYS).dt.replace_time_zone("America/New_York")})
    with pytest.raises(DataError, match="clocks were put forward"):
        by_time(times, test_from="2013-03-10T02:30")


def test_the_order_of_the_rows_does_not_matter():
    order = np.random.default_rng(0).permutation(365)
    shuffled = by_time([DAYS[i] for i in order], gap="1d")
    assert (shuffled == by_time(DAYS, gap="1d")[order]).all()


@pytest.mark.parametrize(
    ("times", "fields", "code", "part"),
    [
        (["monday", "tuesday"], {}, "time-kind", "holds String, not timestamps or numbers"),
        ([True, False], {}, "time-kind", "holds Boolean"),
        ([*DAYS, None], {}, "missing-time", "missing or infinite in 1 row"),
        ([1.0, float("nan"), float("inf")], {}, "missing-time", "in 2 row"),
        (DAYS, {"gap": 3}, "split-time", "3 is no duration for 't', which holds timestamps"),
        (range(9), {"gap": "1d"}, "split-time", "'1d' is no duration for 't', which holds numbers"),
        (range(9), {"test_from": "2013-10-01"}, "split-time", "'2013-10-01' is no moment for 't'"),
        (DAYS, {"test_from": "2013-10-01T00:00+02:00"}, "moment", "names a time zone"),
        (DAYS, {"test_from": "2014-10-01"}, "empty-split", "'test' has no rows"),
        (DAYS, {"gap": "300d"}, "empty-split", "'train' has no rows"),
        ([1] * 9 + [2], {}, "empty-split", "has no rows"),
        ([date(2013, 1, 1)] * 5, {"folds": 3, "fold": 0}, "empty-split", "has no rows"),
    ],
)
def test_times_that_cannot_be_divided_are_explained(times, fields, code, part):
    with pytest.raises(DataError) as caught:
        by_time(times, **fields)
    assert caught.value.code == code
    assert part in caught.value.what
    assert caught.value.hint


FLOATS = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, float("inf"), float("-inf"), 5e-324])


@given(
    values=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), min_size=1, max_size=50)
    | st.lists(FLOATS, min_size=1, max_size=50),
    few=st.sampled_from([0, 3, 1000]),
)
def test_a_rank_is_that_of_the_sorted_values(monkeypatch_few, values, few):
    monkeypatch_few(few)
    array = np.array(values)
    ranking = Ranking(lambda: [array[:7], array[7:]])
    assert ranking.count == len(values)
    for rank, value in enumerate(sorted(values)):
        found = ranking[rank]
        assert found.value == value
        assert (found.below, found.equal) == (sum(v < value for v in values), values.count(value))


@pytest.fixture(scope="module")
def monkeypatch_few():
    """Sets how many values are sorted in memory, so that small examples take the other way too."""
    with pytest.MonkeyPatch.context() as patch:
        yield lambda few: patch.setattr("headway_tabular.splits.ranks.FEW", few)


def test_a_rank_among_more_values_than_are_sorted_at_once():
    values = np.random.default_rng(0).integers(0, 50 * BUCKETS, 500_000)
    ordered = np.sort(values)
    ranking = Ranking(lambda: np.array_split(values, 20))
    assert [ranking[rank].value for rank in (0, 123_456, 499_999)] == ordered[[0, 123_456, 499_999]].tolist()
