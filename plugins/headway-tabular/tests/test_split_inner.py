"""Folds of train and validation, for choosing: the test is what it is without them."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from headway import DataError
from headway_tabular.splits.assign import assign
from headway_tabular.splits.split import Split
from hypothesis import given
from hypothesis import strategies as st

ROWS = 300


def frame_of(rows=ROWS):
    parts = np.array(["train", "train", "train", "validation", "test"])
    return pl.DataFrame(
        {
            "y": np.array(["no", "no", "yes"])[np.arange(rows) % 3],
            "customer": np.arange(rows) // 5,
            "at": [datetime(2013, 1, 1) + timedelta(hours=int(i)) for i in range(rows)],
            "part": parts[np.arange(rows) * 7 % 5],
        }
    ).lazy()


def codes_of(seed=3, rows=ROWS, **fields):
    names = {"target": "y", "is_classification": True, "time": "at", "group": "customer"}
    return assign(frame_of(rows), Split(**fields), seed, **names)


WAYS = [{"by": "random"}, {"by": "random", "stratify": False}, {"by": "group"}, {"by": "column", "column": "part"}]


@pytest.mark.parametrize("way", WAYS)
@given(folds=st.integers(2, 6), seed=st.integers(0, 3))
def test_every_row_but_the_tests_is_validated_once(way, folds, seed):
    plain = codes_of(seed, **way)
    found = [codes_of(seed, **way, folds=folds, fold=fold, keep_test=True) for fold in range(folds)]
    assert all(np.array_equal(codes == 2, plain == 2) for codes in found)
    times = sum((codes == 1).astype(int) for codes in found)
    assert np.array_equal(times, (plain != 2).astype(int))
    sizes = [int((codes == 1).sum()) for codes in found]
    assert max(sizes) - min(sizes) <= (5 if way["by"] == "group" else 1)


def test_stratified_folds_keep_the_proportions():
    for fold in range(4):
        codes = codes_of(folds=4, fold=fold, keep_test=True)
        share = (np.arange(ROWS) % 3 == 2)[codes == 1].mean()
        assert share == pytest.approx(1 / 3, abs=0.02)


def test_groups_are_never_divided():
    for fold in range(3):
        codes = codes_of(by="group", folds=3, fold=fold, keep_test=True).reshape(-1, 5)
        assert (codes == codes[:, :1]).all()


def test_by_time_the_origin_rolls_before_the_test():
    plain = codes_of(by="time")
    for fold in range(3):
        codes = codes_of(by="time", folds=3, fold=fold, keep_test=True, gap="2h")
        assert np.array_equal(codes == 2, plain == 2)
        train, validation = np.flatnonzero(codes == 0), np.flatnonzero(codes == 1)
        assert (train.min(), train.max()) == (0, validation.min() - 3)
        assert validation.max() < np.flatnonzero(plain == 2).min()
        assert validation.min() == 60 * (fold + 1)


def test_a_moment_may_say_where_the_test_begins():
    codes = codes_of(by="time", folds=3, fold=2, keep_test=True, test_from="2013-01-10")
    assert (codes == 2).sum() == ROWS - 9 * 24


def test_too_few_rows_of_a_class_are_told():
    with pytest.raises(DataError, match="too few to be in 6 folds beside the test"):
        codes_of(rows=15, folds=6, fold=0, keep_test=True)
