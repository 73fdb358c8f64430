"""Steps of the optimizer: how many, how long, of which batches."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from headway.errors import DataError
from headway.testing import make_context
from headway_lightning import Trainer, schedules
from headway_lightning.callbacks import Clock
from headway_lightning.regime import Pace, Regime
from headway_lightning.zoo.mlp import MLP
from hypothesis import given
from hypothesis import strategies as st

CPU = Trainer(max_epochs=3, accelerator="cpu")
SMALL = MLP(layers=(16,), dropout=0.0, batch_size=64, learning_rate=1e-2, embedding=2, trainer=CPU, seed=3)


def pace(**more):
    plain = {"sizes": (64,) * 10, "accumulate": 1, "epochs": 4, "steps": None, "warmup": 0.0, "learning_rate": 0.1}
    return Pace(**(plain | {"schedule": schedules.Constant()} | more))


@given(batches=st.integers(1, 50), accumulate=st.integers(1, 9), epochs=st.integers(1, 5), steps=st.integers(1, 99))
def test_no_step_is_longer_than_the_learning_rate_or_shorter_than_nothing(batches, accumulate, epochs, steps):
    for schedule in (schedules.Constant(), schedules.Cosine(), schedules.Linear(), schedules.Steps()):
        found = pace(
            sizes=(5,) * batches, accumulate=accumulate, epochs=epochs, steps=steps, warmup=0.5, schedule=schedule
        )
        rates = [found.rate(step) for step in range(found.total)]
        assert len(rates) == min(steps, epochs * -(-batches // accumulate))
        assert min(rates) >= 0
        assert max(rates) <= 0.1 + 1e-12


def test_warm_up_rises_evenly_and_the_schedule_starts_behind_it():
    found = pace(warmup=0.5, schedule=schedules.Linear())
    rates = [found.rate(step) for step in range(40)]
    np.testing.assert_allclose(rates[:5], 0.1 * np.arange(1, 6) / 6)
    np.testing.assert_allclose(rates[5:], 0.1 * (1 - np.arange(35) / 35))


def test_a_cosine_is_half_way_down_in_the_middle():
    found = pace(schedule=schedules.Cosine(least=0.2))
    assert found.rate(0) == pytest.approx(0.1)
    assert found.rate(20) == pytest.approx(0.06)


def test_steps_fall_at_their_shares():
    found = pace(schedule=schedules.Steps(at=(0.5, 0.75), by=0.1))
    np.testing.assert_allclose([found.rate(step) for step in (19, 20, 29, 30)], [0.1, 0.01, 0.01, 0.001])


def trained(tmp_path, hand, stage, **more):
    work = tmp_path / f"work-{next(COUNT)}"
    return stage.run(make_context(work, hand.registry()), hand.features(**more))


COUNT = itertools.count()


def test_batches_whose_gradients_are_averaged_are_one_large_batch(tmp_path, hand):
    one = trained(tmp_path, hand, SMALL)
    many = trained(tmp_path, hand, replace(SMALL, batch_size=16, trainer=replace(CPU, accumulate=4)))
    rows = hand.features().source("test").batch()
    np.testing.assert_allclose(many.predict(rows)["probability"], one.predict(rows)["probability"], atol=2e-3)
    apart = trained(tmp_path, hand, replace(SMALL, batch_size=16))
    assert np.abs(apart.predict(rows)["probability"] - one.predict(rows)["probability"]).max() > 0.02


def test_weights_decay_and_biases_and_embeddings_do_not(tmp_path, hand):
    """Nothing can be learnt: a learning rate next to nothing leaves what decay does."""
    stage = replace(SMALL, learning_rate=1e-9, weight_decay=1e7, trainer=replace(CPU, max_epochs=1))
    fresh = trained(tmp_path, hand, replace(stage, weight_decay=0.0)).module.state_dict()
    decayed = trained(tmp_path, hand, stage).module.state_dict()
    shrunk = {name for name in fresh if float((decayed[name] - fresh[name]).abs().max()) > 1e-4}
    assert shrunk == {name for name in fresh if name.endswith("weight") and "tables" not in name}
    assert shrunk


@pytest.mark.parametrize("several", [False, True])
def test_what_normalises_does_not_decay(several):
    from headway_lightning.criteria import Squared
    from headway_lightning.norms import share_norms
    from headway_lightning.optimizers import AdamW
    from torch import nn

    norms = [nn.BatchNorm1d(4), nn.BatchNorm3d(4), nn.LayerNorm(4), nn.RMSNorm(4), nn.InstanceNorm1d(4, affine=True)]
    network = nn.Sequential(nn.Linear(4, 4), *norms)
    if several:
        share_norms(network)
    decayed, fixed = Regime(network, Squared(), pace(), AdamW(), 0.1, 0.0, 0, ()).optimizer().param_groups
    assert (decayed["weight_decay"], fixed["weight_decay"]) == (0.1, 0.0)
    assert [id(parameter) for parameter in decayed["params"]] == [id(network[0].weight)]
    assert len(fixed["params"]) == 1 + 2 * 4 + 1


@pytest.mark.parametrize(("steps", "epochs"), [(7, 1), (10, 1), (25, 3)])
def test_it_stops_after_so_many_steps(tmp_path, hand, monkeypatch, steps, epochs):
    import torch

    taken, step = [], torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self, *g: (taken.append(1), step(self, *g))[1])
    model = trained(tmp_path, hand, replace(SMALL, trainer=replace(CPU, max_epochs=9, max_steps=steps)))
    assert (len(taken), len(model.history)) == (steps, epochs)


def test_it_stops_when_the_time_is_over_and_validates_what_it_has(tmp_path, hand, monkeypatch):
    monkeypatch.setattr(Clock, "spent", property(lambda self: 3601.0))
    model = trained(tmp_path, hand, replace(SMALL, trainer=replace(CPU, max_epochs=9, max_time="1h")))
    assert len(model.history) == 1
    assert "validation.auroc" in model.metrics


def test_time_spent_by_earlier_attempts_counts():
    clock = Clock()
    clock.load_state_dict({"spent": 99.0})
    clock.on_train_start(None, None)
    assert 99.0 <= clock.spent < 100.0


def test_the_best_epoch_is_that_of_the_metric_that_is_monitored(tmp_path, hand):
    stage = replace(SMALL, learning_rate=3e-2, monitor="accuracy", patience=20, trainer=replace(CPU, max_epochs=20))
    model = trained(tmp_path, hand, stage, noise=3.0)
    values = [row["validation.accuracy"] for row in model.history]
    losses = [row["validation.loss"] for row in model.history]
    assert model.metrics["validation.accuracy"] == max(values)
    assert int(np.argmax(values)) != int(np.argmin(losses))


def test_a_metric_that_the_target_does_not_have_is_told_with_those_it_has(tmp_path, hand):
    with pytest.raises(DataError, match="has no rmse") as caught:
        trained(tmp_path, hand, replace(SMALL, monitor="rmse"))
    assert "auroc" in caught.value.hint


def test_quantiles_are_learnt(tmp_path, hand):
    stage = replace(SMALL, loss={"quantile": {"levels": [0.1, 0.9]}}, trainer=replace(CPU, max_epochs=15))
    model = trained(tmp_path, hand, stage, target=hand.value, noise=1.0)
    rows = hand.features(hand.value, noise=1.0).source("test").batch()
    low, high = model.predict(rows)["quantiles"].T
    assert 0.65 < np.mean((low < rows["target"]) & (rows["target"] < high)) < 0.95
    assert model.outputs[0].levels == (0.1, 0.9)


def test_a_loss_for_another_task_is_told(tmp_path, hand):
    with pytest.raises(DataError, match="the loss MAE is for regression, the target 'income' for classification"):
        trained(tmp_path, hand, replace(SMALL, loss="mae"))
