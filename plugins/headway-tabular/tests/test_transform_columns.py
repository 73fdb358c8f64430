from fractions import Fraction

import numpy as np
import pytest
from headway_tabular.transforms.modules import columns
from hypothesis import given
from hypothesis import strategies as st

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_the_median_lies_between_the_middle_values(numbers):
    middle = columns.median(np.array(numbers))
    ranked = sorted(numbers)
    assert ranked[(len(ranked) - 1) // 2] <= middle <= ranked[len(ranked) // 2]


def test_the_median_of_the_smallest_numbers_is_not_zero():
    assert columns.median(np.array([5e-324, 5e-324])) == 5e-324


@given(st.lists(st.floats(-1e150, 1e150), min_size=2, max_size=30))
def test_mean_and_deviation_are_those_of_exact_arithmetic(numbers):
    exact = [Fraction(number) for number in numbers]
    mean, deviation = columns.standard(np.array(numbers))
    centre = sum(exact) / len(exact)
    variance = sum((number - centre) ** 2 for number in exact) / len(exact)
    largest = max(map(abs, numbers))
    assert abs(mean - float(centre)) <= 1e-14 * largest
    assert deviation == 1.0 or abs(Fraction(deviation) ** 2 - variance) <= Fraction(1, 10**12) * Fraction(largest) ** 2


@given(st.lists(FINITE, min_size=1, max_size=30), st.integers(2, 12))
def test_quantiles_rise_from_the_smallest_to_the_largest_whatever_the_range(numbers, count):
    column = np.array(numbers)
    found = columns.quantiles(column.copy(), np.linspace(0, 1, count))
    assert (np.diff(found / 2) >= 0).all()
    assert found[0] == column.min()
    assert found[-1] == column.max()


@pytest.mark.parametrize("rows", [1, 5, 3_000])
def test_each_column_comes_without_what_is_not_finite_and_is_a_copy(rows):
    values = np.random.default_rng(0).normal(size=(rows, 19))
    values[values > 1] = np.nan
    values[values < -1] = -np.inf
    before = values.copy()
    for column, known in zip(before.T, columns.known(values), strict=True):
        np.testing.assert_array_equal(known, column[np.isfinite(column)])
        known[:] = 0
    np.testing.assert_array_equal(values, before)


@given(st.lists(FINITE, min_size=1, max_size=20, unique=True))
def test_texts_of_distinct_numbers_are_distinct(numbers):
    texts = columns.numerals(np.array(numbers))
    assert len(set(texts)) == len(set(np.array(numbers)))


def test_texts_are_as_short_as_they_may_be():
    texts = columns.numerals(np.array([-0.0, 1.5, 1 / 3, 16777217.0, 1e300]))
    assert texts == ["0", "1.5", "0.3333", "16777217", "1e+300"]
    assert columns.numerals(np.array([0.123451, 0.123452])) == ["0.123451", "0.123452"]


def test_distinct_values_are_given_only_if_they_are_few():
    late = np.repeat([2.0, 1.0], [5_000, 1])
    np.testing.assert_array_equal(columns.few(late, 2), [1.0, 2.0])
    assert columns.few(late, 1) is None
    assert columns.few(np.arange(10.0), 9) is None
