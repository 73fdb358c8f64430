import dataclasses
import functools

import numpy as np
import pytest
from headway import DataError
from headway_tabular.testing import TransformSuite, fit_for, open_modules, run_module
from headway_tabular.transforms.target_mean import TargetMean
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import TargetEncoder

CLASSES = {"binary": 2, "numbers": None, "three": 3}
FITS = {name: fit_for("code", classes=classes) for name, classes in CLASSES.items()}
BLOCK = FITS["binary"].block
SMOOTH = ("auto", 0.0, 12.5)


class TestBinary(TransformSuite):
    @pytest.fixture
    def transform(self):
        return TargetMean()


class TestClasses(TransformSuite):
    @pytest.fixture
    def transform(self):
        return TargetMean(smooth=3.0)

    @pytest.fixture
    def fit(self):
        return FITS["three"]


@pytest.fixture(scope="module")
def fitted():
    return {(name, smooth): TargetMean(smooth).fit(fit) for name, fit in FITS.items() for smooth in SMOOTH}


@pytest.fixture(scope="module")
def run(fitted):
    modules = {f"{name} {smooth}": one.module for (name, smooth), one in fitted.items()}
    return open_modules(modules, BLOCK)


def encoder(name, smooth, rows):
    """scikit-learn's, fitted on some rows; the last codes are looked up as unseen, as they are here."""
    fit = FITS[name]
    kind = {"binary": "binary", "numbers": "continuous", "three": "multiclass"}[name]
    known = [np.arange(size) for size in BLOCK.cardinalities[:2]]
    reference = TargetEncoder(smooth=smooth, target_type=kind, categories=known)
    reference.fit(fit.values[rows, :2], fit.target[rows])
    return lambda values: reference.transform(np.where(_last(values), 99, values))


whole = functools.cache(functools.partial(encoder, rows=slice(None)))


def _last(values):
    return values == np.array(BLOCK.cardinalities[:2]) - 1


CODES = st.tuples(*[st.integers(0, size - 1) for size in BLOCK.cardinalities])


@pytest.mark.parametrize("smooth", SMOOTH)
@pytest.mark.parametrize("name", CLASSES)
@given(rows=st.lists(CODES, min_size=1, max_size=30))
def test_codes_become_the_means_that_scikit_learn_estimates(run, name, smooth, rows):
    values = np.array(rows)
    wanted = whole(name, smooth)(values[:, :2])
    given = run(values)[f"{name} {smooth}"][:, : wanted.shape[1]]
    np.testing.assert_allclose(given, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("smooth", SMOOTH)
@pytest.mark.parametrize("name", CLASSES)
def test_training_rows_get_what_the_other_folds_say(fitted, name, smooth):
    fit, one = FITS[name], fitted[name, smooth]
    for fold, module in enumerate(one.out_of_fold):
        wanted = encoder(name, smooth, fit.fold != fold)(fit.values[fit.fold == fold, :2])
        given = run_module(module, fit.values[fit.fold == fold])[:, : wanted.shape[1]]
        np.testing.assert_allclose(given, wanted, rtol=1e-12, atol=1e-12)


def test_the_last_code_and_a_code_without_rows_have_the_mean_of_all(fitted):
    fit = FITS["numbers"]
    module = TargetMean().fit(dataclasses.replace(fit, values=np.minimum(fit.values, 1))).module
    given = run_module(module, np.array([[2, 4, 0], [0, 3, 0]]))
    np.testing.assert_allclose(given[0], fit.target.mean(), rtol=1e-12)
    np.testing.assert_allclose(given[1, 1], fit.target.mean(), rtol=1e-12)


def test_a_target_far_from_zero_loses_no_precision():
    fit = FITS["numbers"]
    far = TargetMean().fit(dataclasses.replace(fit, target=fit.target + 1e9)).module
    near = TargetMean().fit(fit).module
    np.testing.assert_allclose(run_module(far, fit.values) - 1e9, run_module(near, fit.values), atol=1e-6)


def test_columns_are_named_by_what_is_averaged(fitted):
    assert fitted["binary", "auto"].block.names == ("sex_mean", "size_mean", "only_mean")
    assert fitted["three", "auto"].block.names[:4] == ("sex_mean_0", "sex_mean_1", "sex_mean_2", "size_mean_0")


@pytest.mark.parametrize("fold", [0, 3])
def test_one_fold_is_refused(fold):
    with pytest.raises(DataError, match="all training rows are in one fold"):
        TargetMean().fit(dataclasses.replace(FITS["binary"], fold=np.full_like(FITS["binary"].fold, fold)))
