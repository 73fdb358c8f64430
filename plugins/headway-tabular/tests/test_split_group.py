"""Splits by whole groups."""

import numpy as np
import polars as pl
import pytest
from headway import DataError
from headway_tabular.splits.assign import assign
from headway_tabular.splits.split import Split
from hypothesis import given
from hypothesis import strategies as st


def by_group(groups, split, seed=0, dtype=None, **given):
    frame = pl.DataFrame({"g": pl.Series(groups, dtype=dtype), "y": 1.0})
    return assign(frame.lazy(), split, seed, target="y", is_classification=False, group="g", **given)


def sides(groups, codes):
    found = {}
    for group, code in zip(groups, codes.tolist(), strict=True):
        found.setdefault(group, set()).add(code)
    return found


@st.composite
def grouped(draw, least):
    some = draw(st.lists(st.sampled_from(range(30)), min_size=least, max_size=30, unique=True))
    return some + draw(st.lists(st.sampled_from(some), max_size=80))


@given(groups=grouped(3), seed=st.integers(0, 5), batch=st.sampled_from([1, 10_000]))
def test_no_group_is_on_both_sides_and_every_split_has_one(groups, seed, batch):
    codes = by_group(groups, Split(by="group"), seed, batch=batch)
    assert all(len(side) == 1 for side in sides(groups, codes).values())
    assert set(codes.tolist()) == {0, 1, 2}
    assert (codes == by_group(groups, Split(by="group"), seed)).all()


@given(groups=grouped(6), folds=st.integers(3, 5), seed=st.integers(0, 5))
def test_over_the_folds_every_group_is_tested_once_and_never_divided(groups, folds, seed):
    codes = [by_group(groups, Split(by="group", folds=folds, fold=fold), seed) for fold in range(folds)]
    assert (np.sum([found == 2 for found in codes], axis=0) == 1).all()
    for found in codes:
        assert all(len(side) == 1 for side in sides(groups, found).values())
        assert set(found.tolist()) == {0, 1, 2}


def test_fractions_of_the_rows_are_met_where_groups_are_small():
    groups = np.random.default_rng(0).integers(0, 500, 20_000)
    codes = by_group(groups, Split(by="group"))
    assert np.allclose(np.bincount(codes) / len(groups), [0.6, 0.2, 0.2], atol=0.005)


def test_folds_are_of_like_size_though_groups_are_not():
    groups = np.repeat(np.arange(60), np.arange(1, 61))
    tested = [(by_group(groups, Split(by="group", folds=5, fold=fold)) == 2).sum() for fold in range(5)]
    assert max(tested) - min(tested) <= 10


def test_large_groups_are_not_always_in_train():
    groups = np.repeat(np.arange(40), [100] + [10] * 39)
    where = [by_group(groups, Split(by="group"), seed)[0] for seed in range(300)]
    assert np.allclose(np.bincount(where, minlength=3) / 300, [0.6, 0.2, 0.2], atol=0.25)
    assert np.bincount(where, minlength=3).min() > 10


def test_groups_may_be_of_any_type():
    texts = ["a", "b", "c", "d"] * 5
    plain = by_group(texts, Split(by="group"))
    assert (by_group(texts, Split(by="group"), dtype=pl.Categorical) == plain).all()
    numbers = by_group([ord(text) for text in texts], Split(by="group"))
    assert (numbers == plain).all()


@pytest.mark.parametrize(
    ("groups", "split", "code", "part"),
    [
        (["a", None, "b", "c"], Split(by="group"), "missing-group", "missing in 1 row"),
        (["a", "b", "b"], Split(by="group"), "few-groups", "'g' has 2 group(s), too few for 3 splits"),
        (["a", "b", "c"], Split(by="group", folds=4, fold=0), "few-groups", "too few for 4 folds"),
        (["a", "b"], Split(by="group", folds=2, fold=0), "few-groups", "train and validation beside the fold"),
    ],
)
def test_groups_that_cannot_be_divided_are_explained(groups, split, code, part):
    with pytest.raises(DataError) as caught:
        by_group(groups, split)
    assert caught.value.code == code
    assert part in caught.value.what
