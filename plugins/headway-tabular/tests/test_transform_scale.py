import numpy as np
import pytest
from headway_tabular.testing import HARD, TransformSuite, fit_for, open_modules, run_module
from headway_tabular.transforms import Block, Fit
from headway_tabular.transforms.scale import Scale
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

METHODS = ("standard", "robust", "minmax", "normal")
FIT = fit_for("number")
REFERENCES = {"standard": StandardScaler, "robust": RobustScaler, "minmax": MinMaxScaler}

KNOWN = np.where(np.isfinite(FIT.values), FIT.values, np.nan)
QUANTILES = QuantileTransformer(n_quantiles=64, output_distribution="normal", subsample=None).fit(KNOWN[:, :1])
FITTED = {method: scaler().fit(KNOWN[:, :4]) for method, scaler in REFERENCES.items()}


class TestScale(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Scale()


class TestNormal(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Scale("normal", n_quantiles=50)


def one_column(column):
    values = np.array(column, dtype=np.float64)[:, None]
    rows = len(values)
    return Fit(Block("number", ("x",)), values, np.zeros(rows), None, np.zeros(rows, dtype=np.int64))


@pytest.fixture(scope="module")
def run():
    return open_modules({method: Scale(method, n_quantiles=64).fit(FIT).module for method in METHODS}, FIT.block)


@pytest.mark.parametrize("method", REFERENCES)
@given(rows=st.lists(st.tuples(*[st.one_of(st.floats(), st.sampled_from(HARD))] * 4), min_size=1, max_size=40))
def test_numbers_are_scaled_as_scikit_learn_does_within_a_million(run, method, rows):
    rows = np.array(rows)
    finite = np.isfinite(rows)
    with np.errstate(all="ignore"):
        wanted = FITTED[method].transform(np.where(finite, rows, 0.0))
    given = run(np.pad(rows, ((0, 0), (0, 2))))[method][:, :4]
    np.testing.assert_allclose(given[finite], np.clip(wanted, -1e6, 1e6)[finite], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(given[~finite], rows[~finite])


@pytest.mark.parametrize("method", ["standard", "robust", "minmax"])
@pytest.mark.parametrize("column", [[0.1] * 10, [np.nan] * 10, [5e-324] * 3, [1e300] * 3])
def test_a_column_of_one_value_or_none_is_only_centred(method, column):
    module = Scale(method).fit(one_column(column)).module
    assert module.scale.item() == 1.0
    assert module.centre.item() == (0.0 if np.isnan(column[0]) else column[0])


@pytest.mark.parametrize("method", ["standard", "robust", "minmax"])
@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e-5, 1.0, 1e200, 1e307])
def test_the_size_of_numbers_does_not_matter(method, size):
    column = np.array([1.0, 2.0, 4.0, 8.0, 9.0])
    module, plain = (Scale(method).fit(one_column(column * unit)).module for unit in (size, 1.0))
    np.testing.assert_allclose(module.scale.numpy() / size, plain.scale.numpy(), rtol=1e-12)
    np.testing.assert_allclose(module.centre.numpy() / size, plain.centre.numpy(), rtol=1e-12)


@given(data=st.data())
def test_quantiles_become_normal_as_scikit_learn_defines_it(run, data):
    column = FIT.values[:, 0]
    numbers = st.one_of(st.floats(-5, 5), st.sampled_from([*column, *np.nextafter(column, 9), 1e300, -1e300]))
    rows = np.array(data.draw(st.lists(numbers, min_size=1, max_size=60)))
    with np.errstate(all="ignore"):
        wanted = QUANTILES.transform(rows[:, None])[:, 0]
    given = run(np.pad(rows[:, None], ((0, 0), (0, 5))))["normal"][:, 0]
    # scikit-learn takes what is within 1e-7 of an end for the end
    ends = np.abs(rows[:, None] - [column.min(), column.max()]).min(axis=1) < 1e-6
    np.testing.assert_allclose(given[~ends], wanted[~ends], rtol=1e-9, atol=1e-9)
    assert (np.abs(given) <= 5.2).all()


def test_a_value_that_many_rows_share_lies_amid_its_quantiles():
    column = [0.0] * 30 + [1.0] * 41 + [2.0] * 30
    module = Scale("normal", n_quantiles=101).fit(one_column(column)).module
    given = run_module(module, np.array([[-1.0], [0.0], [0.5], [1.0], [2.0], [np.nan], [np.inf]]))[:, 0]
    ends = norm.ppf(1e-7)
    reference = QuantileTransformer(n_quantiles=101, output_distribution="normal", subsample=None)
    wanted = reference.fit(np.array(column)[:, None]).transform([[-1.0], [0.0], [0.5], [1.0], [2.0]])[:, 0]
    np.testing.assert_allclose(given[:5], wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(given[[0, 1, 4]], [ends, ends, -ends], rtol=1e-6)
    np.testing.assert_array_equal(given[5:], [np.nan, np.inf])


def test_ties_at_the_ends_may_lie_amid_their_quantiles_too_as_noise_before_learning_would_put_them():
    column = np.repeat([0.0, 1.0, 2.0], [6000, 1000, 3000])
    module = Scale("normal", n_quantiles=1000, ties="middle").fit(one_column(column)).module
    given = run_module(module, np.array([[-1.0], [0.0], [1.0], [2.0], [3.0]]))[:, 0]
    noise = np.random.default_rng(0).normal(0, 1e-3, len(column))
    noisy = QuantileTransformer(n_quantiles=1000, output_distribution="normal", subsample=None)
    wanted = noisy.fit((column + noise)[:, None]).transform([[0.0], [1.0], [2.0]])[:, 0]
    np.testing.assert_allclose(given[1:4], wanted, atol=0.06)
    np.testing.assert_allclose(given[1:4], norm.ppf([0.3, 0.65, 0.85]), atol=0.01)
    np.testing.assert_allclose(given[[0, 4]], [norm.ppf(1e-7), -norm.ppf(1e-7)], rtol=1e-6)
