import math

import numpy as np
import pytest
from headway_tabular.testing import HARD, TransformSuite, fit_for, open_modules
from headway_tabular.transforms.impute import Impute
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer

NUMBERS = st.one_of(st.floats(), st.sampled_from(HARD))
FIT = fit_for("number")
METHODS = ("median", "mean", "most_frequent", "constant")
KNOWN = np.where(np.isfinite(FIT.values), FIT.values, np.nan)[:, :5]
FITTED = {m: SimpleImputer(strategy=m, fill_value=-7.0, keep_empty_features=True).fit(KNOWN) for m in METHODS}


class TestImpute(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Impute()


@pytest.fixture(scope="module")
def run():
    return open_modules({method: Impute(method, value=-7.0).fit(FIT).module for method in METHODS}, FIT.block)


@pytest.mark.parametrize("method", METHODS)
@given(rows=st.lists(st.tuples(*[NUMBERS] * 6), min_size=1, max_size=40))
def test_missing_and_infinite_numbers_become_what_scikit_learn_fills(run, method, rows):
    rows = np.array(rows)
    with np.errstate(all="ignore"):
        wanted = FITTED[method].transform(np.where(np.isfinite(rows), rows, np.nan)[:, :5])
    wanted[:, 4] = np.where(np.isfinite(rows[:, 4]), rows[:, 4], -7.0)  # scikit-learn gives 0 for empty columns
    given = run(rows)[method]
    np.testing.assert_allclose(given[:, :5], wanted, rtol=1e-13)
    np.testing.assert_array_equal(given[:, 6:], ~np.isfinite(rows[:, [1, 4]]))


def test_only_columns_with_gaps_in_training_have_a_flag():
    assert Impute().fit(FIT).block.names[6:] == ("skewed_missing", "empty_missing")
    assert Impute(flag=False).fit(FIT).block.names == FIT.block.names


@pytest.mark.parametrize(("method", "wanted"), [("mean", 1e308), ("median", 1e308)])
def test_statistics_of_huge_numbers_do_not_overflow(method, wanted, run):
    values = np.full((4, 6), 1.0)
    values[:, 0] = [0.8e308, 1.2e308, 0.8e308, 1.2e308]
    fit = fit_for("number", rows=4)
    fill = Impute(method).fit(type(fit)(fit.block, values, fit.target, 2, fit.fold)).module.fill
    assert math.isclose(fill[0], wanted, rel_tol=1e-15)
