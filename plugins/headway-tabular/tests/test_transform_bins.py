import bisect
import math

import numpy as np
import pytest
from headway import DataError
from headway_tabular.testing import HARD, TransformSuite, fit_for, open_modules
from headway_tabular.transforms.bins import Bins
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import KBinsDiscretizer

FIT = fit_for("number")
KINDS = {
    "quantile": Bins(count=10),
    "uniform": Bins(count=7, method="uniform"),
    "many": Bins(count=100),
    "given": Bins(edges=(-1.5, 0.0, 0.1, 2.0**24 + 1, 1e300)),
}


class TestBins(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Bins(count=40)


@pytest.fixture(scope="module")
def fitted():
    return {name: bins.fit(FIT) for name, bins in KINDS.items()}


@pytest.fixture(scope="module")
def run(fitted):
    return open_modules({name: one.module for name, one in fitted.items()}, FIT.block)


def edges_of(bins, column):
    """Learnt anew, by numpy and a sort."""
    column = column[np.isfinite(column)]
    if bins.edges or not len(column):
        return list(bins.edges)
    if bins.method == "uniform":
        return sorted(set(np.linspace(column.min(), column.max(), bins.count + 1)))[1:-1]
    return sorted(set(np.quantile(column, np.linspace(0, 1, bins.count + 1))))[1:-1]


@given(data=st.data())
def test_a_number_lies_in_the_bin_that_bisection_finds_also_at_edges_and_their_neighbours(run, data):
    edges = {name: [edges_of(bins, column) for column in FIT.values.T[:5]] for name, bins in KINDS.items()}
    marks = sorted({edge for columns in edges.values() for column in columns for edge in column})
    near = [math.nextafter(mark, side) for mark in marks for side in (mark, -math.inf, math.inf)]
    numbers = st.one_of(st.sampled_from(near), st.sampled_from(HARD), st.floats())
    rows = data.draw(st.lists(st.tuples(*[numbers] * 5), min_size=1, max_size=30))
    given = run(np.pad(np.array(rows), ((0, 0), (0, 1))))
    for name, columns in edges.items():
        for codes, row in zip(given[name], rows, strict=True):
            wanted = [
                bisect.bisect_right(column, x) if math.isfinite(x) else len(column) + 1
                for column, x in zip(columns, row, strict=True)
            ]
            assert codes[:5].tolist() == wanted


@pytest.mark.parametrize(("name", "count", "strategy"), [("quantile", 10, "quantile"), ("uniform", 7, "uniform")])
def test_training_values_get_the_bins_of_scikit_learn(run, name, count, strategy):
    columns = [0, 2]
    method = {"quantile_method": "linear"} if strategy == "quantile" else {}
    reference = KBinsDiscretizer(count, encode="ordinal", strategy=strategy, subsample=None, **method)
    wanted = reference.fit_transform(FIT.values[:, columns])
    np.testing.assert_array_equal(run(FIT.values)[name][:, columns], wanted)


def test_bins_are_called_by_their_edges(fitted):
    assert fitted["given"].block.categories[0] == (
        "< -1.5", "[-1.5, 0)", "[0, 0.1)", "[0.1, 16777217)", "[16777217, 1e+300)", ">= 1e+300", "(missing)",
    )  # fmt: skip
    assert fitted["quantile"].block.categories[3:5] == (("any", "(missing)"), ("any", "(missing)"))
    for one in fitted.values():
        assert all(len(set(words)) == len(words) for words in one.block.categories)


@pytest.mark.parametrize("edges", [(1.0, 1.0), (2.0, 1.0), (1.0, math.inf), (math.nan,)])
def test_edges_rise(edges):
    with pytest.raises(DataError, match="do not rise"):
        Bins(edges=edges)
