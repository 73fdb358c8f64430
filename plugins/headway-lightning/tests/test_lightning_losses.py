"""Losses and heads: what is made small, and what scores mean."""

import numpy as np
import pytest
import torch
from headway.contracts import Output
from headway.errors import DataError
from headway.metrics import Pinball
from headway_lightning import losses
from headway_lightning.heads import Probabilities, Quantiles, Values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

THREE = Output("probability", "probability", classes=("x", "y", "z"))
VALUE = Output("value", "value")
ONES = torch.ones(6)
CODES = torch.tensor([0, 1, 1, 2, 2, 2])
SCORES = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32))
WEIGHT = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0, 3.0])


def log_softmax(scores):
    scores = scores.double().numpy()
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def cross_entropy(loss, target=CODES, weight=ONES):
    return loss.criterion(target, weight, THREE)(SCORES, target, weight)


class TestCrossEntropy:
    def test_it_is_the_weighted_mean_of_minus_log_probabilities(self):
        rows = -log_softmax(SCORES)[np.arange(6), CODES]
        assert float(cross_entropy(losses.CrossEntropy(), weight=WEIGHT)) == pytest.approx(
            np.average(rows, weights=WEIGHT), rel=1e-6
        )

    def test_smoothing_spreads_a_share_over_all_classes(self):
        logs = log_softmax(SCORES)
        truth = 0.9 * np.eye(3)[CODES] + 0.1 / 3
        wanted = -(truth * logs).sum(axis=1).mean()
        assert float(cross_entropy(losses.CrossEntropy(label_smoothing=0.1))) == pytest.approx(wanted, rel=1e-6)

    def test_balanced_classes_weigh_the_same_in_all(self):
        """As scikit-learn's class_weight="balanced"."""
        from sklearn.metrics import log_loss
        from sklearn.utils.class_weight import compute_sample_weight

        weight = compute_sample_weight("balanced", CODES.numpy())
        wanted = log_loss(CODES, np.exp(log_softmax(SCORES)), sample_weight=weight)
        assert float(cross_entropy(losses.CrossEntropy(class_weight="balanced"))) == pytest.approx(wanted, rel=1e-6)

    def test_they_are_moved_to_a_device_once(self):
        criterion = losses.CrossEntropy(class_weight="balanced").criterion(CODES, ONES, THREE)
        on = torch.device("meta")
        criterion.weights(CODES.to(on), ONES.to(on))
        assert criterion._of_class.device == on

    def test_named_classes_weigh_what_is_said(self):
        rows = -log_softmax(SCORES)[np.arange(6), CODES]
        wanted = np.average(rows, weights=np.where(CODES == 1, 4.0, 1.0))
        assert float(cross_entropy(losses.CrossEntropy(class_weight={"y": 4.0}))) == pytest.approx(wanted, rel=1e-6)

    def test_a_class_that_there_is_not_is_told(self):
        with pytest.raises(DataError, match="unknown class 'w'"):
            cross_entropy(losses.CrossEntropy(class_weight={"w": 2.0}))

    def test_a_class_without_training_rows_weighs_one(self):
        known = torch.tensor([0, 0, 1, 1, 1, 1])
        assert torch.isfinite(cross_entropy(losses.CrossEntropy(class_weight="balanced"), known))


@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        (losses.MSE(), lambda short: short**2),
        (losses.MAE(), np.abs),
        (losses.Huber(0.5), lambda short: np.where(np.abs(short) < 0.5, short**2 / 2, 0.5 * (np.abs(short) - 0.25))),
    ],
)
def test_losses_of_values_are_weighted_means(loss, reference):
    target, scores = torch.linspace(-2, 2, 6), SCORES[:, :1]
    given = float(loss.criterion(target, WEIGHT, VALUE)(scores, target, WEIGHT))
    short = (target - scores[:, 0]).double().numpy()
    assert given == pytest.approx(np.average(reference(short), weights=WEIGHT), rel=1e-6)


def test_the_pinball_loss_is_that_of_the_metric():
    levels = (0.1, 0.5, 0.9)
    target = torch.linspace(-2, 2, 6)
    loss = losses.Quantile(levels)
    given = float(loss.criterion(target, WEIGHT, loss.output(None))(SCORES, target, WEIGHT))
    assert given == pytest.approx(Pinball(levels)(target.numpy(), SCORES.numpy(), WEIGHT.numpy()), rel=1e-6)


def test_levels_that_do_not_ascend_are_refused():
    with pytest.raises(DataError, match="must ascend"):
        losses.Quantile((0.5, 0.1))


def test_members_are_trained_side_by_side_and_their_outputs_averaged():
    members = torch.stack([SCORES, 2 * SCORES, SCORES.flip(0)], dim=1)
    criterion = losses.CrossEntropy().criterion(CODES, WEIGHT, THREE)
    alone = [float(criterion(members[:, k], CODES, WEIGHT)) for k in range(3)]
    assert float(criterion(members, CODES, WEIGHT)) == pytest.approx(np.mean(alone), rel=1e-6)
    wanted = torch.softmax(members.double(), dim=-1).mean(dim=1)
    np.testing.assert_allclose(Probabilities(3)(members), wanted, atol=1e-7)


@given(hnp.arrays(np.float32, (5, 4), elements=st.floats(-5, 5, width=32)))
def test_quantiles_never_cross(scores):
    head = Quantiles(4)
    head.fit(torch.linspace(-100, 300, 50), torch.ones(50))
    given = head(torch.from_numpy(scores)).numpy()
    assert (np.diff(given, axis=1) >= 0).all()


def test_values_come_back_in_the_units_of_the_target():
    target, weight = torch.tensor([1000.0, 1010.0, 1040.0]), torch.tensor([1.0, 1.0, 2.0])
    head = Values(1)
    head.fit(target, weight)
    assert float(head.centre) == pytest.approx(np.average(target, weights=weight))
    np.testing.assert_allclose(head(head.scaled(target)[:, None]), target, rtol=1e-6)


def test_a_constant_target_is_learnt_as_it_is():
    head = Values(1)
    head.fit(torch.full((5,), 3.0), torch.ones(5))
    assert (float(head.centre), float(head.spread)) == (3.0, 1.0)
