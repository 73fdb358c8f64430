import numpy as np
import pytest
from headway_onnx.comparison import compare, same_bits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FLOATS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.floats(width=32))


@given(FLOATS)
def test_an_array_equals_itself_even_where_it_is_nan(array):
    difference = compare("a", array.copy(), array)
    assert (difference.unequal, difference.largest, difference.flips) == (0, 0.0, 0)


@given(FLOATS, st.data())
def test_one_changed_value_is_found_where_it_is(array, data):
    row = data.draw(st.integers(0, len(array) - 1))
    changed = array.copy()
    flat = changed.reshape(len(array), -1)
    flat[row, 0] = np.float32(1.0) if np.isnan(flat[row, 0]) else np.nextafter(flat[row, 0], np.float32(np.nan))
    difference = compare("a", changed, array)
    assert (difference.unequal, difference.worst) == (1, row)
    assert difference.largest > 0


def test_signs_of_zero_are_bits_but_no_distance():
    difference = compare("a", np.array([0.0, 0.0]), np.array([0.0, -0.0]))
    assert (difference.unequal, difference.largest, difference.worst) == (1, 0.0, 1)


@pytest.mark.parametrize("other", [np.nan, np.inf, -np.inf])
def test_finite_against_not_finite_is_infinitely_far(other):
    difference = compare("a", np.array([1.0, 2.0]), np.array([1.0, other]))
    assert (difference.largest, difference.worst) == (np.inf, 1)


def test_infinities_of_one_sign_are_equal_and_of_two_are_not():
    assert compare("a", np.array([np.inf]), np.array([np.inf])).largest == 0
    assert compare("a", np.array([np.inf]), np.array([-np.inf])).largest == np.inf


def test_flips_are_rows_whose_most_probable_class_changes():
    one = np.array([[0.6, 0.4], [0.51, 0.49], [0.2, 0.8]])
    two = np.array([[0.7, 0.3], [0.49, 0.51], [0.3, 0.7]])
    assert compare("p", one, two, "probability").flips == 1
    assert compare("p", one, two, "score").flips == 0
    assert compare("p", one, two, "marginal").flips == 1
    assert compare("l", np.array([1, 2, 3]), np.array([1, 2, 2]), "label").flips == 1


def test_strings_are_equal_or_not():
    difference = compare("l", np.array(["a", "b"], dtype=object), np.array(["a", "c"], dtype=object), "label")
    assert (difference.unequal, difference.flips, difference.largest) == (1, 1, np.inf)


def test_other_shapes_and_types_are_infinitely_different():
    assert compare("a", np.zeros((2, 1)), np.zeros(2)).largest == np.inf
    assert compare("a", np.zeros(2, np.float32), np.zeros(2)).unequal == 2


def test_integers_are_compared_exactly():
    difference = compare("codes", np.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 7]]))
    assert (difference.unequal, difference.largest, difference.worst) == (1, 3.0, 1)
    assert same_bits(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0,)
