import pytest
from headway_evaluation.words import between, cell, decimals, number, signed


@pytest.mark.parametrize(
    ("values", "places"),
    [((0.91,), 4), ((0.05,), 4), ((0.0042,), 5), ((3e-7,), 9), ((1e-200,), 12), ((7.5,), 4), ((65.6, 0.1), 3),
     ((-125.13,), 2), ((1234567.0,), 0), ((0.0,), 4), ((float("nan"), 20.0), 3), ((), 4)],
)  # fmt: skip
def test_numbers_have_decimals_by_their_size(values, places):
    assert decimals(*values) == places


def test_numbers_have_real_minus_signs_and_thousands():
    assert number(-1234567.8, 1) == "−1,234,567.8"
    assert signed(0.25) == "+0.2500"
    assert between(-1, 2, 1, signed) == "−1.0 to +2.0"


@pytest.mark.parametrize(
    ("value", "text"), [(144.7969, "144.80"), (977.0, "977.00"), (0.005, "0.0050"), (2.5e7, "2.5e+07")]
)
def test_cells_are_as_long_as_they_need_be(value, text):
    assert cell(value) == text
