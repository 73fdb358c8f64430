import math
import warnings

import numpy as np
import pytest
from headway.contracts import Output
from headway.errors import DataError, UsageError
from headway.metrics import (
    R2,
    STANDARD,
    Accuracy,
    Auroc,
    Brier,
    LogLoss,
    Mae,
    Metric,
    Pinball,
    Rmse,
    RowMetric,
    compute,
    standard,
)
from headway.plugins import load
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def sklearn_metrics():
    return pytest.importorskip("sklearn.metrics")


@st.composite
def scored(draw, classes=2):
    """Codes of at least two classes, probabilities with many ties, and weights."""
    rows = draw(st.integers(classes, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    target = np.r_[np.arange(classes), random.integers(0, classes, rows - classes)]
    raw = random.integers(1, 6, (rows, classes)).astype(np.float64)
    output = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    return target, output, random.integers(0, 4, rows) + (np.arange(rows) < classes)


@given(scored())
def test_binary_metrics_equal_scikit_learn_s_with_and_without_weights(sklearn_metrics, data):
    target, output, weight = data
    for given_weight in (None, weight):
        expected = {
            "accuracy": sklearn_metrics.accuracy_score(target, output.argmax(1), sample_weight=given_weight),
            "auroc": sklearn_metrics.roc_auc_score(target, output[:, 1], sample_weight=given_weight),
            "log_loss": sklearn_metrics.log_loss(target, output, sample_weight=given_weight),
            "brier": sklearn_metrics.brier_score_loss(target, output[:, 1], sample_weight=given_weight),
        }
        found = compute(load().registry, standard("classification"), target, output, given_weight)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(scored(classes=4))
def test_multiclass_auroc_is_the_mean_of_each_class_against_the_rest(sklearn_metrics, data):
    target, output, weight = data
    renormalised = output.astype("f8") / output.astype("f8").sum(axis=1, keepdims=True)
    expected = sklearn_metrics.roc_auc_score(target, renormalised, multi_class="ovr", sample_weight=weight)
    assert Auroc()(target, renormalised, weight) == pytest.approx(expected)


@given(scored(classes=3))
def test_multiclass_brier_sums_over_the_classes(data):
    target, output, _ = data
    by_hand = [
        sum((float(p) - (k == t)) ** 2 for k, p in enumerate(row)) for t, row in zip(target, output, strict=True)
    ]
    assert Brier()(target, output) == pytest.approx(sum(by_hand) / len(by_hand))


@given(scored())
def test_auroc_counts_pairs(data):
    target, output, _ = data
    score = output[:, 1]
    pairs = [(p > n) + (p == n) / 2 for p in score[target == 1] for n in score[target == 0]]
    assert Auroc()(target, output) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


@given(scored(), st.integers(0, 2**32 - 1))
def test_many_weightings_equal_one_at_a_time(data, seed):
    target, output, _ = data
    weights = np.random.default_rng(seed).integers(0, 3, (5, len(target))).astype(np.float64)
    weights[:, 0] += 1
    for cls in (Accuracy, Auroc, LogLoss, Brier):
        metric = cls()
        together = metric.weighted(target, output.astype(np.float64), weights)
        np.testing.assert_allclose(together, [metric(target, output, row) for row in weights])


@given(scored())
def test_an_integer_weight_is_that_many_copies_of_the_row(data):
    target, output, weight = data
    copies = np.repeat(np.arange(len(target)), weight)
    for cls in (Accuracy, Auroc, LogLoss, Brier):
        assert cls()(target, output, weight) == pytest.approx(cls()(target[copies], output[copies]), abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_regression_metrics_equal_scikit_learn_s(sklearn_metrics, seed, weighted):
    random = np.random.default_rng(seed)
    target, output = random.normal(5, 2, 30), random.normal(5, 2, (30, 1)).astype(np.float32)
    weight = random.random(30) if weighted else None
    expected = {
        "rmse": math.sqrt(sklearn_metrics.mean_squared_error(target, output, sample_weight=weight)),
        "mae": sklearn_metrics.mean_absolute_error(target, output, sample_weight=weight),
        "r2": sklearn_metrics.r2_score(target, output, sample_weight=weight),
    }
    assert compute(load().registry, standard("regression"), target, output, weight) == pytest.approx(expected)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_pinball_equals_scikit_learn_s_averaged_over_the_levels(sklearn_metrics, seed, weighted):
    random = np.random.default_rng(seed)
    levels = (0.1, 0.5, 0.9)
    target, output = random.normal(5, 2, 30), random.normal(5, 2, (30, 3)).astype(np.float32)
    weight = random.random(30) if weighted else None
    each = [
        sklearn_metrics.mean_pinball_loss(target, output[:, i], alpha=level, sample_weight=weight)
        for i, level in enumerate(levels)
    ]
    metric = load().registry.get("metric", "pinball").of(Output("q", "quantile", levels=levels))
    assert metric(target, output, weight) == pytest.approx(np.mean(each))
    assert Pinball()(target, output[:, :1]) == pytest.approx(Mae()(target, output[:, :1]) / 2)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_each_step_of_a_forecast_counts_like_a_row_with_the_weight_of_its_row(seed, weighted):
    random = np.random.default_rng(seed)
    target, output = random.normal(5, 2, (7, 3)), random.normal(5, 2, (7, 3, 2))
    weight = random.random(7) if weighted else None
    flat = None if weight is None else np.repeat(weight, 3)
    for metric in (Rmse(), Mae(), R2()):
        expected = metric(target.ravel(), output[..., 0].ravel(), flat)
        assert metric(target, output[..., 0], weight) == pytest.approx(expected, nan_ok=True)
        assert metric(target, output[..., :1], weight) == pytest.approx(expected, nan_ok=True)
    pinball = Pinball((0.1, 0.9))
    assert pinball(target, output, weight) == pytest.approx(pinball(target.ravel(), output.reshape(-1, 2), flat))


@pytest.mark.parametrize(
    ("metric", "target", "output"),
    [
        (Mae(), (4,), (5,)),
        (Mae(), (4,), (4, 2)),
        (Mae(), (4, 3), (4,)),
        (Mae(), (4, 3), (4, 2)),
        (Mae(), (4, 3, 2), (4, 3, 2)),
        (Pinball((0.1, 0.9)), (4,), (4,)),
        (Pinball((0.1, 0.9)), (4,), (4, 3)),
        (Pinball((0.1, 0.9)), (4, 3), (4, 2)),
        (Accuracy(), (4, 2), (4, 2, 2)),
        (Mae(), (0,), (0,)),
    ],
    ids=lambda item: getattr(item, "name", None) or "x".join(map(str, item)),
)
def test_shapes_that_do_not_belong_together_are_refused(metric, target, output):
    with pytest.raises(DataError, match="cannot be computed"):
        metric(np.zeros(target, dtype=np.int64), np.zeros(output))


def test_metrics_that_are_undefined_are_left_out_and_never_nan():
    one_class = np.zeros(5, dtype=np.int64)
    output = np.full((5, 2), 0.5, dtype=np.float32)
    assert math.isnan(Auroc()(one_class, output))
    assert sorted(compute(load().registry, standard("classification"), one_class, output)) == [
        "accuracy", "brier", "log_loss",
    ]  # fmt: skip
    constant = np.full(4, 7.3)
    for unit in (1.0, 1e-13, 1e9):
        assert math.isnan(R2()(unit * constant, unit * (constant + 1)))
        values = unit * np.array([1.0, 2.0, 4.0])
        assert R2()(values, 0.9 * values) == pytest.approx(R2()(values / unit, 0.9 * values / unit))
    assert R2()(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])) == pytest.approx(0)


def test_auroc_of_more_classes_leaves_out_those_that_do_not_occur():
    target = np.array([0, 0, 1, 1])
    output = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1]])
    assert Auroc()(target, output) == 1.0


def test_a_certain_mistake_costs_a_finite_log_loss():
    assert LogLoss()(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(23 * math.log(2))


@pytest.mark.parametrize(
    ("target", "output", "says"),
    [
        (np.array([0, 2]), np.full((2, 2), 0.5), "run from 0 to 2, the output has 2 classes"),
        (np.array([-1, 1]), np.full((2, 2), 0.5), "run from -1"),
        (np.array([0.0, 1.0]), np.full((2, 2), 0.5), "not integer class codes"),
        (np.array([0, 1]), np.full((3, 2), 0.5), r"shape \(2,\) and output of shape \(3, 2\)"),
        (np.array([0, 1]), np.full(2, 0.5), "do not fit"),
        (np.array([], dtype=int), np.zeros((0, 2)), "do not fit"),
        (np.array([0, 1]), np.array([[np.nan, 1], [0, 1]]), "1 output value"),
    ],
)
def test_what_does_not_fit_is_told(target, output, says):
    with pytest.raises(DataError, match=says) as caught:
        Accuracy()(target, output)
    assert caught.value.code == "metric-input"


@pytest.mark.parametrize("weight", [[1.0, -1.0], [0.0, 0.0], [1.0], [np.nan, 1.0]])
def test_bad_weights_are_told(weight):
    with pytest.raises(DataError, match="weights"):
        Mae()(np.zeros(2), np.zeros(2), np.array(weight))


def test_a_target_that_is_not_finite_is_told():
    with pytest.raises(DataError, match="1 target value"):
        Rmse()(np.array([1.0, np.inf]), np.zeros(2))


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'auroc'"):
        compute(load().registry, ["aurocc"], np.array([0, 1]), np.full((2, 2), 0.5))


def test_the_standard_metrics_are_registered_and_say_their_direction():
    registry = load().registry
    assert {registry.get("metric", metric.name) for metric in STANDARD} == set(STANDARD)
    assert {metric.name for metric in STANDARD if not metric.maximize} == {
        "log_loss", "brier", "rmse", "mae", "pinball", "binary_cross_entropy",
    }  # fmt: skip
    assert standard("no such task") == ()


def test_a_metric_of_a_plugin_needs_only_its_loss_a_row():
    class Misses(RowMetric):
        name, task, maximize = "misses", "classification", False

        def per_row(self, target, output):
            return (output.argmax(axis=1) != target) * 1.0

    class Names:
        def get(self, kind, name):
            return {("metric", "misses"): Misses}[kind, name]

    assert issubclass(Misses, Metric)
    assert compute(Names(), ["misses"], np.array([0, 1, 1]), np.array([[0.9, 0.1]] * 3)) == {"misses": 2 / 3}


def test_no_metric_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in STANDARD:
            shape = {"classification": (3, 2), "quantile": (3, 1), "multilabel": (3, 2)}.get(metric.task, 3)
            target = np.zeros(shape if metric.task == "multilabel" else 3, dtype=np.int64)
            metric()(target, np.full(shape, 0.5))
