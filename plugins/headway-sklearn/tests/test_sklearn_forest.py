import numpy as np
import pytest
from headway_sklearn.forest_trees import order
from hypothesis import given
from hypothesis import strategies as st

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(1, 3)), min_size=1, max_size=60)


@given(PAIRS)
def test_codes_are_ordered_by_the_mean_of_their_targets(triples):
    codes, target, weight = (np.array(part) for part in zip(*triples, strict=True))
    table = order(codes, 9, target.astype(np.float64), weight.astype(np.float64), None)
    seen = np.unique(codes)
    assert np.isnan(np.delete(table, seen)).all()
    assert sorted(table[seen]) == list(range(len(seen)))
    means = [np.average(target[codes == code], weights=weight[codes == code]) for code in seen]
    ranked = np.array(means)[np.argsort(table[seen])]
    assert (np.diff(ranked) >= -1e-9).all()


@given(PAIRS)
def test_a_weight_counts_as_so_many_rows_whatever_the_target(triples):
    codes, target, weight = (np.array(part) for part in zip(*triples, strict=True))
    for classes in (None, 5):
        weighted = order(codes, 7, target, weight.astype(np.float64), classes)
        repeated = order(np.repeat(codes, weight), 7, np.repeat(target, weight), None, classes)
        if classes is None:
            np.testing.assert_array_equal(weighted, repeated)
        else:  # components may be equally large, and rounding then decides
            np.testing.assert_array_equal(np.isnan(weighted), np.isnan(repeated))


def test_of_two_classes_the_component_is_the_mean():
    random = np.random.default_rng(0)
    codes = random.integers(0, 20, 3000)
    target = (random.random(3000) < codes / 20).astype(np.int64)
    by_mean = order(codes, 20, target, None, 2)
    # A third class without rows makes it the case of many; either direction of the component is right.
    by_component = order(codes, 20, target, None, 3)
    assert any(np.array_equal(by_component, way) for way in (by_mean, 19 - by_mean))


def test_codes_of_equal_shares_keep_their_order():
    codes, target = np.repeat(np.arange(4), 6), np.tile([0, 1, 2, 0, 1, 2], 4)
    assert order(codes, 5, target, None, 3)[:4].tolist() == pytest.approx([0, 1, 2, 3])
