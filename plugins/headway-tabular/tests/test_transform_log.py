import math

import numpy as np
import pytest
import torch
from headway import DataError
from headway_tabular.testing import BATCHES, HARD, TransformSuite, fit_for, open_modules, run_module
from headway_tabular.transforms import Block
from headway_tabular.transforms.log import Log
from headway_tabular.transforms.modules.logarithm import Logarithm, NormalQuantile
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

NUMBERS = st.one_of(st.floats(), st.floats(-2, 2), st.sampled_from(HARD))
FIT = fit_for("number")
COLUMN = Block("number", ("x",))


class TestLog(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Log(offset=0.3)


@pytest.fixture(scope="module")
def run():
    kinds = {"log1p": Log(), "log": Log(offset=0.0)}
    modules = {name: transform.fit(FIT).module for name, transform in kinds.items()}
    whole = open_modules(modules | {"quantile": NormalQuantile()}, COLUMN)
    return lambda values: {name: out[:, 0] for name, out in whole(np.array(values)[:, None]).items()}


def logarithm(x):
    return math.log(x) if x > 0 else math.nan


@given(rows=st.lists(NUMBERS, min_size=1, max_size=40))
def test_logarithms_are_those_of_the_standard_library_to_a_few_ulp(run, rows):
    given = run(rows)
    same = {"rtol": 1e-15, "atol": 0}
    np.testing.assert_allclose(given["log1p"], [math.log1p(x) if x > -1 else math.nan for x in rows], **same)
    np.testing.assert_allclose(given["log"], [logarithm(x) for x in rows], **same)
    shifted = run_module(Log(offset=0.3).fit(FIT).module, np.array(rows))
    np.testing.assert_allclose(shifted, [logarithm(x + 0.3) for x in rows], **same)
    signed = run_module(Log(signed=True).fit(FIT).module, np.array(rows))
    np.testing.assert_allclose(signed, [math.copysign(math.log1p(abs(x)), x) for x in rows], **same)


def test_one_offset_suits_signed_numbers():
    with pytest.raises(DataError, match="signed has no offset"):
        Log(offset=2.0, signed=True)


def sizes(count=200_000):
    random = np.random.default_rng(0)
    some = np.ldexp(random.random(count) + 0.5, random.integers(-1070, 1023, count))
    return np.concatenate([some, -some, -random.random(count), HARD])


@pytest.mark.parametrize(("name", "ulp"), [("log", 1), ("log1p", 4)])
def test_logarithms_are_within_few_ulp_of_extended_ones(run, name, ulp):
    x = sizes()
    x = x[(x > (0 if name == "log" else -1)) & (x < math.inf)]
    wanted, given = getattr(np, name)(x.astype(np.longdouble)), run(x)[name]
    assert (np.abs(given - wanted) <= ulp * np.spacing(np.abs(given))).all()


def test_the_normal_quantile_is_that_of_scipy(run):
    p = np.concatenate([np.random.default_rng(0).random(100_000), np.geomspace(1e-10, 0.5, 10_000), [0.075, 0.925]])
    np.testing.assert_allclose(run(p)["quantile"], ndtri(p), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ["log", "log1p", "quantile"])
def test_no_bit_depends_on_the_rows_beside_it(run, name):
    x = np.random.default_rng(0).random(20_001)
    together = run(x)[name]
    for size in BATCHES[-4:]:
        parts = [run(x[first : first + size])[name] for first in range(0, 4_000, size)]
        assert np.concatenate(parts)[:4_000].tobytes() == together[:4_000].tobytes()
    assert np.concatenate([run(x[i : i + 1])[name] for i in range(500)]).tobytes() == together[:500].tobytes()


def test_the_estimate_of_the_exponent_may_be_wrong_by_one():
    """The exporter's Log may round to either side of a half; the answer must not change."""
    log = Logarithm()
    x = torch.tensor([math.sqrt(2), math.nextafter(math.sqrt(2), 2), math.sqrt(0.5), 1.5, 3.0], dtype=torch.float64)
    exact = log(x)

    class Sloppy(torch.Tensor):
        def log(self):
            return torch.Tensor.log(self.as_subclass(torch.Tensor)) + 0.3

    np.testing.assert_array_equal(log(x.as_subclass(Sloppy)).as_subclass(torch.Tensor), exact)
