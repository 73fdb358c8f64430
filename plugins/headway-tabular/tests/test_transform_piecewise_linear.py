import itertools
import math

import numpy as np
import pytest
from headway_tabular.testing import HARD, TransformSuite, fit_for, open_modules
from headway_tabular.transforms import Block, Fit
from headway_tabular.transforms.piecewise_linear import PiecewiseLinear
from hypothesis import given
from hypothesis import strategies as st

FIT = fit_for("number")


class TestPiecewiseLinear(TransformSuite):
    @pytest.fixture
    def transform(self):
        return PiecewiseLinear(count=8)


@pytest.fixture(scope="module")
def run():
    return open_modules({"y": PiecewiseLinear(count=8).fit(FIT).module}, FIT.block)


def encoding(x, edges):
    """Equation 1 of the paper, with the outer bins open."""
    if not math.isfinite(x):
        return [x] * (len(edges) - 1)
    found = []
    for index, (low, high) in enumerate(itertools.pairwise(edges)):
        if x < low and index > 0:
            found.append(0.0)
        elif x >= high and index < len(edges) - 2:
            found.append(1.0)
        else:
            found.append(min(max((x - low) / (high - low), -1e6), 1e6))
    return found


@given(data=st.data())
def test_bins_are_filled_one_after_the_other(run, data):
    edges = [sorted(set(np.quantile(FIT.values[:, i], np.linspace(0, 1, 9)))) for i in (0, 2)]
    marks = [math.nextafter(e, side) for column in edges for e in column for side in (e, -math.inf, math.inf)]
    numbers = st.one_of(st.sampled_from(marks), st.sampled_from(HARD), st.floats(-4, 4), st.floats())
    rows = np.array(data.draw(st.lists(st.tuples(*[numbers] * 6), min_size=1, max_size=30)))
    names, given = PiecewiseLinear(count=8).fit(FIT).block.names, run(rows)["y"]
    for name, column, known in (("plain", 0, edges[0]), ("large", 2, edges[1])):
        places = [index for index, text in enumerate(names) if text.startswith(f"{name}[")]
        wanted = np.array([encoding(float(x), known) for x in rows[:, column]])
        np.testing.assert_allclose(given[:, places], wanted, rtol=1e-12, atol=1e-15)


def ages(values):
    rows = len(values)
    column = np.array(values, dtype=np.float64)[:, None]
    return Fit(Block("number", ("age",)), column, np.zeros(rows), None, np.zeros(rows, dtype=np.int64))


def test_bins_are_called_by_their_edges():
    fitted = PiecewiseLinear(count=2).fit(ages([17, 25, 90]))
    assert fitted.block.names == ("age[17,25]", "age[25,90]")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([0] * 90 + [1] * 10, 1), ([3.0] * 5, 1), ([1e300] * 5, 1), ([np.nan] * 5, 1), ([1, 2, 3], 2), (range(100), 16)],
)
def test_columns_with_fewer_distinct_values_get_fewer_bins(values, wanted):
    fitted = PiecewiseLinear().fit(ages(values))
    assert len(fitted.block.names) == wanted
    assert (fitted.module.width > 0).all()
