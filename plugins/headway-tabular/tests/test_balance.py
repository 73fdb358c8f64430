"""Weights and resampling of classes."""

import numpy as np
import pytest
from headway import DataError
from headway_tabular.splits.balance import balanced
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = st.lists(st.sampled_from([0, 1, 2, 5]), min_size=1, max_size=80).map(np.array)


@settings(deadline=None)  # the first example imports scikit-learn
@given(target=TARGETS)
def test_weights_are_those_of_scikit_learn(target):
    from sklearn.utils.class_weight import compute_sample_weight

    positions, weights = balanced(target, "weights", 0)
    assert positions is None
    assert np.allclose(weights, compute_sample_weight("balanced", target), rtol=1e-12)


@given(target=TARGETS, seed=st.integers(0, 5))
def test_undersampling_keeps_as_many_of_each_class_as_the_smallest_has(target, seed):
    positions, weights = balanced(target, "under", seed)
    assert weights is None
    assert (np.diff(positions) > 0).all()
    assert set(np.unique(target[positions], return_counts=True)[1].tolist()) == {
        np.unique(target, return_counts=True)[1].min()
    }
    assert set(target[positions]) == set(target)


@given(target=TARGETS, seed=st.integers(0, 5))
def test_oversampling_repeats_every_row_until_classes_are_equal(target, seed):
    positions, weights = balanced(target, "over", seed)
    assert weights is None
    assert (np.diff(positions) >= 0).all()
    assert set(positions.tolist()) == set(range(len(target)))
    values, counts = np.unique(target, return_counts=True)
    assert np.unique(target[positions], return_counts=True)[1].tolist() == [counts.max()] * len(values)
    times = np.bincount(positions)
    assert all(np.ptp(times[target == value]) <= 1 for value in values)


def test_the_draw_is_seeded_and_fair():
    target = np.array(["a"] * 10 + ["b"] * 40)
    kept = np.zeros(50)
    for seed in range(400):
        kept[balanced(target, "under", seed)[0]] += 1
    assert (kept[:10] == 400).all()
    assert np.abs(kept[10:] - 100).max() < 45
    assert (balanced(target, "under", 1)[0] == balanced(target, "under", 1)[0]).all()


def test_nothing_is_done_unless_asked():
    assert balanced(np.array([0.5]), "none", 0) == (None, None)


@pytest.mark.parametrize("method", ["weights", "under", "over"])
def test_a_quantity_has_no_classes(method):
    with pytest.raises(DataError, match="quantity") as caught:
        balanced(np.array([0.5, 1.5]), method, 0)
    assert caught.value.code == "balance-target"
