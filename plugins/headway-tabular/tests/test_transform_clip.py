import math

import numpy as np
import pytest
from headway import DataError
from headway_tabular.testing import HARD, TransformSuite, fit_for, open_modules
from headway_tabular.transforms.clip import Clip
from hypothesis import given
from hypothesis import strategies as st

FIT = fit_for("number")


class TestClip(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Clip(low=0.0, high_quantile=0.9)


@pytest.fixture(scope="module")
def run():
    kinds = {"values": Clip(low=-1.5, high=2.0), "low": Clip(low=1e-300), "learnt": Clip(low_quantile=0.1, high=1e299)}
    return open_modules({name: clip.fit(FIT).module for name, clip in kinds.items()}, FIT.block)


def clipped(x, low, high):
    return x if math.isnan(x) else min(max(x, low), high)


@given(rows=st.lists(st.tuples(*[st.one_of(st.floats(), st.sampled_from(HARD))] * 6), min_size=1, max_size=30))
def test_numbers_beyond_the_limits_become_the_limits_and_missing_stays(run, rows):
    given = run(np.array(rows))
    lows = [np.quantile(c[np.isfinite(c)], 0.1) if np.isfinite(c).any() else -math.inf for c in FIT.values.T]
    for row, values, low, learnt in zip(rows, given["values"], given["low"], given["learnt"], strict=True):
        np.testing.assert_array_equal(values, [clipped(x, -1.5, 2.0) for x in row])
        np.testing.assert_array_equal(low, [clipped(x, 1e-300, math.inf) for x in row])
        wanted = [clipped(x, at, 1e299) for x, at in zip(row, lows, strict=True)]
        np.testing.assert_allclose(learnt, wanted, rtol=1e-15)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "no limit"),
        ({"low": 1.0, "low_quantile": 0.1}, "both given"),
        ({"low": 2.0, "high": 1.0}, "low 2.0 is above high 1.0"),
        ({"low_quantile": 0.9, "high_quantile": 0.1}, "low_quantile 0.9 is above"),
    ],
)
def test_limits_that_contradict_one_another_are_refused(fields, message):
    with pytest.raises(DataError, match=message):
        Clip(**fields)
