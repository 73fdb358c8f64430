from fractions import Fraction

import numpy as np
from headway.contracts import ArraySpec, Output
from headway_onnx.runtime import OnnxRuntime
from headway_sklearn.building import Builder
from headway_sklearn.ensemble import Ensemble, _step, columns, single
from headway_sklearn.models import MajorityModel
from hypothesis import given, settings
from hypothesis import strategies as st


def answers(ensemble, size):
    """What the graph gives for every code below `size`."""
    codes = ArraySpec("codes", "int64", (1,), (), (size,))
    build, model = Builder(), MajorityModel((codes,), (Output("value", "value"),), {})
    single(build, ensemble.write(build, columns(build, model.inputs, {}), np.zeros(1)), "value")
    runtime = OnnxRuntime.load(build.graph(model).files)
    return runtime.run({"codes": np.arange(size)[:, None]})["value"]


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=90))
def test_a_set_of_categories_goes_the_first_way_and_all_others_the_second(first):
    ensemble = Ensemble()
    free = ensemble.membership(0, 0, 0, first, (1, 2), 3)
    ensemble.leaf(0, 1, [(0, 1.0)])
    ensemble.leaf(0, 2, [(0, -1.0)])
    numbers = ensemble.plain["nodes_nodeids"]
    assert len(set(numbers)) == len(numbers) == free
    np.testing.assert_array_equal(answers(ensemble, len(first)), np.where(first, 1.0, -1.0))


@given(
    st.lists(st.floats(-1e300, 1e300, allow_nan=False), min_size=1, max_size=40),
    st.floats(-1e300, 1e300, allow_nan=False),
)
def test_rounded_leaves_add_up_exactly_in_any_order(weights, base):
    given_weights = np.array(weights) / 64
    step = _step(given_weights, np.arange(len(weights)), np.array([base / 64]))
    rounded = [*(np.rint(given_weights / step) * step), np.rint(base / 64 / step) * step]
    total = float(sum(map(Fraction, rounded)))
    assert sum(rounded) == sum(reversed(rounded)) == sum(sorted(rounded)) == total
    largest = np.abs(given_weights).sum() + abs(base / 64)
    assert np.abs(rounded[:-1] - given_weights).max() <= max(2.0**-52 * largest, 1e-300)
