import numpy as np
import pytest
from headway.errors import DataError
from headway.metrics import MacroAuroc, MacroAveragePrecision, MicroF1, SubsetAccuracy, compute, standard
from headway.plugins import load
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def sklearn_metrics():
    return pytest.importorskip("sklearn.metrics")


@st.composite
def scored(draw):
    """Labels that some rows have and some have not, probabilities with many ties, and weights, some of them 0."""
    rows, labels = draw(st.integers(2, 40)), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    target = np.vstack([np.zeros(labels), np.ones(labels), random.integers(0, 2, (rows - 2, labels))])
    output = (random.integers(1, 8, (rows, labels)) / 8).astype(np.float32)
    return target.astype(np.float32), output, random.integers(0, 4, rows) + (np.arange(rows) < 2)


@given(scored())
def test_metrics_of_labels_equal_scikit_learn_s_with_and_without_weights(sklearn_metrics, data):
    target, output, weight = data
    taken = output >= 0.5
    for given_weight in (None, weight):
        losses = [
            sklearn_metrics.log_loss(target[:, at], output[:, at], sample_weight=given_weight, labels=[0, 1])
            for at in range(target.shape[1])
        ]
        expected = {
            "macro_auroc": sklearn_metrics.roc_auc_score(target, output, sample_weight=given_weight),
            "macro_average_precision": sklearn_metrics.average_precision_score(
                target, output, sample_weight=given_weight
            ),
            "micro_f1": sklearn_metrics.f1_score(
                target.ravel(),
                taken.ravel(),
                sample_weight=None if given_weight is None else np.repeat(given_weight, target.shape[1]),
            ),
            "subset_accuracy": np.average((taken == target).all(axis=1), weights=given_weight),
            "binary_cross_entropy": np.mean(losses),
        }
        found = compute(load().registry, standard("multilabel"), target, output, given_weight)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(scored())
def test_weightings_side_by_side_give_what_each_gives_alone(data):
    target, output, weight = data
    weights = np.stack([np.ones(len(weight)), weight])
    for metric in (MacroAuroc(), MacroAveragePrecision(), MicroF1(), SubsetAccuracy()):
        together = metric.weighted(target, output.astype(np.float64), weights)
        assert together == pytest.approx([metric(target, output, each) for each in weights])


def test_labels_without_positives_are_left_out_of_macro_means():
    target = np.array([[1, 0], [0, 0], [1, 0]])
    output = np.array([[0.9, 0.1], [0.2, 0.5], [0.1, 0.3]])
    assert MacroAuroc()(target, output) == MacroAuroc()(target[:, :1], output[:, :1]) == 0.5
    assert MacroAveragePrecision()(target, output) == pytest.approx((1 + 2 / 3) / 2)


def test_they_are_undefined_where_no_label_can_be_judged():
    target, output = np.zeros((3, 2)), np.full((3, 2), 0.1)
    found = compute(load().registry, standard("multilabel"), target, output)
    assert found.keys() == {"subset_accuracy", "binary_cross_entropy"}


@pytest.mark.parametrize(
    ("target", "output", "what"),
    [
        (np.zeros(3), np.zeros((3, 2)), "do not fit"),
        (np.zeros((3, 2)), np.zeros((3, 3)), "do not fit"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "do not fit"),
        (np.full((3, 2), 2), np.zeros((3, 2)), "neither 0 nor 1"),
        (np.zeros((3, 2)), np.full((3, 2), np.nan), "not finite"),
    ],
)
def test_what_is_no_label_is_refused(target, output, what):
    with pytest.raises(DataError, match=what) as caught:
        MicroF1()(target, output)
    assert "(rows, labels)" in caught.value.hint
