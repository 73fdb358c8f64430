"""What networks learn, and that what they give is what is served."""

import copy
import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from headway.contracts import TARGET, WEIGHT, Source
from headway.contracts.source import Augmentation
from headway.errors import DataError, PluginError
from headway.planning.fingerprint import config_slice
from headway.testing import ModelSuite, StageSuite, make_context
from headway_lightning import NetworkStage, Trainer
from headway_lightning.zoo.mlp import MLP

CPU = Trainer(max_epochs=6, accelerator="cpu")
SMALL = MLP(layers=(16,), dropout=0.1, batch_size=64, learning_rate=1e-2, embedding=2, trainer=CPU, seed=3)


def weights_of(model):
    return {name: tensor.numpy() for name, tensor in model.module.state_dict().items()}


def assert_same_bits(first, second):
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


class TestMLP(StageSuite):
    @pytest.fixture
    def stage(self):
        return MLP


class TestNetworkStage(StageSuite):
    @pytest.fixture
    def stage(self):
        return NetworkStage


class _Network(ModelSuite):
    target, stage = "binary", SMALL

    @pytest.fixture(scope="class")
    @classmethod
    def features(cls, hand):
        return hand.features(getattr(hand, cls.target), splits={"train": 257, "validation": 65})

    @pytest.fixture(scope="class")
    @classmethod
    def artifact(cls, hand, features, tmp_path_factory):
        context = make_context(tmp_path_factory.mktemp("work"), hand.registry(Normed))
        return cls.stage.run(context, features)

    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, hand):
        return hand.registry(Normed)

    @pytest.fixture
    def batch(self, artifact, features):
        rows = features.source("train").batch()
        return {spec.name: rows[spec.name] for spec in artifact.inputs}


class TestBinaryModel(_Network):
    pass


class TestRegressionModel(_Network):
    target = "value"


@dataclass(frozen=True)
class Normed(NetworkStage):
    """Batch normalisation, which cannot learn from a single row, and tied weights."""

    batch_size: int = 64
    """Leaves a single one of 257 rows over."""
    trainer: Trainer = field(default_factory=lambda: CPU)
    """How it is trained."""

    def network(self, inputs: int, outputs: int) -> Any:
        from torch import nn

        first, second = nn.Linear(inputs, inputs), nn.Linear(inputs, inputs)
        second.weight = first.weight
        return nn.Sequential(first, nn.BatchNorm1d(inputs), nn.ReLU(), second, nn.Linear(inputs, outputs))


class TestModelWithBuffersAndTiedWeights(_Network):
    target, stage = "three", Normed()


@pytest.mark.parametrize("arrays", [("numeric",), ("categorical",), ("categorical", "numeric")])
def test_the_export_agrees_with_predict_whatever_arrays_there_are(context, registry, hand, arrays):
    features = hand.features(hand.three, tuple(getattr(hand, name) for name in arrays))
    model = replace(SMALL, trainer=replace(CPU, max_epochs=2)).run(context, features)
    rows = features.source("test").batch()
    feeds = {spec.name: rows[spec.name] for spec in model.inputs}
    given = model.export().open(registry).run(feeds)["probability"]
    np.testing.assert_allclose(given, model.predict(rows)["probability"], rtol=1e-5, atol=1e-6)


def test_clipping_keeps_gradients_short(context, hand, monkeypatch):
    """Each step's gradient is measured as the optimizer gets it."""
    import torch

    norms, step = [], torch.optim.AdamW.step

    def measured(self, *given):
        gradients = [p.grad for group in self.param_groups for p in group["params"]]
        norms.append(float(torch.nn.utils.get_total_norm(gradients)))
        return step(self, *given)

    monkeypatch.setattr(torch.optim.AdamW, "step", measured)
    SMALL.run(context, hand.features())
    free = norms.copy()
    norms.clear()
    other = make_context(context.work.parent / "clipped", context.registry)
    replace(SMALL, trainer=replace(CPU, gradient_clip=0.05)).run(other, hand.features())
    assert max(free) > 0.1
    assert max(norms) <= 0.05 * (1 + 1e-5)


@pytest.mark.parametrize("target", ["binary", "value"])
def test_bfloat16_is_for_training_alone(context, hand, target, tmp_path):
    features = hand.features(getattr(hand, target))
    stage = replace(SMALL, trainer=replace(CPU, max_epochs=10, precision="bf16-mixed"))
    model = stage.run(context, features)
    assert {str(w.dtype) for w in weights_of(model).values()} == {"float32"}
    name = {"binary": "validation.auroc", "value": "validation.r2"}[target]
    assert model.metrics[name] > 0.95
    other = SMALL.run(make_context(tmp_path / "other", context.registry), features)
    assert model.history[0]["train.loss"] != other.history[0]["train.loss"]


@pytest.mark.parametrize("target", ["binary", "three"])
def test_it_learns_classes_that_can_be_told_apart(context, hand, target):
    features = hand.features(getattr(hand, target))
    model = replace(SMALL, trainer=replace(CPU, max_epochs=20)).run(context, features)
    test = features.source("test").batch()
    probability = model.predict(test)["probability"]
    assert np.mean(probability.argmax(axis=1) == test[TARGET]) > 0.93
    assert model.metrics["validation.auroc"] > 0.98


def test_it_learns_a_value_in_the_units_of_the_target(context, hand):
    features = hand.features(hand.value)
    model = replace(SMALL, trainer=replace(CPU, max_epochs=20)).run(context, features)
    test = features.source("test").batch()
    value = model.predict(test)["value"]
    assert np.abs(value - test[TARGET]).mean() < 0.1 * test[TARGET].std()
    assert model.metrics["validation.r2"] > 0.98


def test_the_defaults_beat_chance_by_far(context, hand):
    model = MLP(trainer=Trainer(max_epochs=3, accelerator="cpu")).run(context, hand.features(noise=1.0))
    assert model.metrics["validation.auroc"] > 0.8


def test_the_metrics_are_those_of_the_saved_weights(context, recorder, registry, hand):
    from headway.metrics import compute

    features = hand.features(noise=1.0)
    model = SMALL.run(context, features)
    rows = features.source("validation").batch()
    values = compute(registry, ("auroc", "log_loss"), rows[TARGET], model.predict(rows)["probability"])
    for name, value in values.items():
        assert model.metrics[f"validation.{name}"] == pytest.approx(value, abs=1e-12)
        assert recorder.metrics[f"validation.{name}"] == model.metrics[f"validation.{name}"]
    assert model.metrics["validation.loss"] == pytest.approx(model.metrics["validation.log_loss"], abs=1e-5)


def test_each_epoch_is_reported(context, recorder, hand):
    model = SMALL.run(context, hand.features())
    assert [step for step, _ in recorder.reports] == [1, 2, 3, 4, 5, 6]
    assert [dict(row) for row in model.history] == [row for _, row in recorder.reports]
    assert {"train.loss", "validation.loss", "validation.auroc"} <= recorder.reports[0][1].keys()


def test_a_class_that_occurs_nowhere_but_in_the_schema_keeps_its_place_and_gets_little(context, hand):
    features = hand.features(hand.three)
    known = {split: _only(source, source.arrays[TARGET] < 2) for split, source in features.sources.items()}
    model = SMALL.run(context, replace(features, sources=known))
    given = model.predict(known["test"].batch())["probability"]
    assert given.shape == (len(known["test"]), 3)
    assert given[:, 2].mean() < 0.05


def _only(source, rows):
    return Source({name: array[rows] for name, array in source.arrays.items()}, int(rows.sum()))


class TestWeights:
    def test_rows_without_weight_teach_nothing(self, context, hand):
        """Flipped targets with weight 0 must leave no trace."""
        features = hand.features(weight=lambda random, rows: random.integers(0, 2, rows))
        train = dict(features.source("train").arrays)
        train[TARGET] = np.where(train[WEIGHT] > 0, train[TARGET], 1 - train[TARGET])
        spoilt = replace(features, sources={**features.sources, "train": Source(train, 600)})
        other = make_context(context.work.parent / "other", context.registry)
        assert_same_bits(weights_of(SMALL.run(context, features)), weights_of(SMALL.run(other, spoilt)))

    def test_heavy_rows_teach_more(self, context, hand):
        features = hand.features()
        train = dict(features.source("train").arrays)
        flipped = np.arange(600) % 3 != 0  # two of three rows say the opposite, but weigh little
        train[TARGET] = np.where(flipped, 1 - train[TARGET], train[TARGET])
        train[WEIGHT] = np.where(flipped, 0.05, 1).astype(np.float32)
        weighted = replace(features, sources={**features.sources, "train": Source(train, 600)})
        assert SMALL.run(context, weighted).metrics["validation.auroc"] > 0.95

    @pytest.mark.parametrize("bad", [-1.0, np.nan, 0.0])
    def test_weights_that_are_none_are_refused(self, context, hand, bad):
        features = hand.features(weight=lambda random, rows: np.full(rows, bad))
        with pytest.raises(DataError, match="weights of the split 'train'"):
            SMALL.run(context, features)


def test_early_stopping_keeps_the_best_epoch(context, recorder, hand):
    """Labels are noise: validation loss rises as soon as the network learns them by heart."""
    features = hand.features(noise=30.0)
    stage = MLP(layers=(64,), dropout=0, learning_rate=3e-2, patience=3, trainer=Trainer(accelerator="cpu"), seed=1)
    model = stage.run(context, features)
    losses = [row["validation.loss"] for row in model.history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3 < 100
    assert recorder.metrics["best_epoch"] == best + 1
    rows = features.source("validation").batch()
    chosen = model.predict(rows)["probability"][np.arange(200), rows[TARGET]].astype(np.float64)
    assert -np.log(chosen).mean() == pytest.approx(losses[best], abs=1e-5)


class TestDeterminism:
    def test_two_runs_give_the_same_bytes(self, context, hand, tmp_path):
        features = hand.features()
        saved = []
        for name in ("first", "second"):
            model = SMALL.run(make_context(tmp_path / name / "work", context.registry), features)
            (tmp_path / name / "saved").mkdir()
            model.save(tmp_path / name / "saved")
            saved.append({path.name: path.read_bytes() for path in (tmp_path / name / "saved").iterdir()})
        assert saved[0] == saved[1]

    def test_another_seed_gives_another_network(self, context, hand, tmp_path):
        features = hand.features()
        other = replace(SMALL, seed=4).run(make_context(tmp_path / "other", context.registry), features)
        first, second = weights_of(SMALL.run(context, features)), weights_of(other)
        assert any((first[name] != second[name]).any() for name in first)

    def test_neither_random_state_nor_threads_from_outside_matter(self, context, hand, tmp_path):
        import torch

        features = hand.features()
        first = SMALL.run(context, features)
        before = torch.get_num_threads()
        torch.manual_seed(12345)
        torch.set_num_threads(before + 1)
        try:
            second = SMALL.run(make_context(tmp_path / "other", context.registry), features)
            assert torch.get_num_threads() == before + 1
        finally:
            torch.set_num_threads(before)
        assert_same_bits(weights_of(first), weights_of(second))

    def test_training_leaves_the_random_state_and_settings_as_they_were(self, context, hand):
        import signal

        import torch

        state, handler = torch.get_rng_state(), signal.getsignal(signal.SIGINT)
        SMALL.run(context, hand.features())
        assert torch.equal(torch.get_rng_state(), state)
        assert signal.getsignal(signal.SIGINT) is handler
        assert not torch.are_deterministic_algorithms_enabled()

    def test_where_it_is_trained_does_not_enter_the_key_or_the_artifact(self, context, hand, tmp_path):
        wheres = ({"accelerator": "cpu"}, {"accelerator": "auto", "strategy": "ddp"})
        first, second = (replace(SMALL, trainer=replace(CPU, **where)) for where in wheres)
        slices = [
            config_slice(stage, json.loads(json.dumps(copy.deepcopy(_values(stage))))) for stage in (first, second)
        ]
        assert slices[0] == slices[1]
        assert {"trainer.max_epochs", "trainer.devices", "trainer.threads"} <= slices[0].keys()
        assert SMALL.run(context, hand.features()).config["trainer"]["accelerator"] == "auto"


def _values(stage) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(stage)


def test_a_loss_that_is_no_number_is_told_with_its_epoch(context, hand):
    stage = replace(SMALL, learning_rate=1e30)
    with pytest.raises(DataError, match="diverged in epoch 1") as caught:
        stage.run(context, hand.features(hand.value))
    assert "model.learning_rate" in caught.value.hint


@pytest.mark.parametrize("split", ["train", "validation"])
def test_an_empty_split_is_named(context, hand, split):
    features = hand.features(splits={"train": 40, "validation": 20} | {split: 0})
    with pytest.raises(DataError, match=f"'{split}' has no rows"):
        SMALL.run(context, features)


def test_an_array_that_networks_cannot_take_is_named(context, hand):
    features = hand.features(arrays=(hand.numeric,))
    doubles = replace(features, arrays=(replace(hand.numeric, dtype="float64"),))
    with pytest.raises(DataError, match="'numeric' is float64"):
        SMALL.run(context, doubles)


@dataclass(frozen=True)
class Crooked(NetworkStage):
    """Gives one column too many."""

    def network(self, inputs: int, outputs: int) -> Any:
        from torch import nn

        return nn.Linear(inputs, outputs + 1)


def test_a_network_of_the_wrong_shape_is_told_before_training(context, hand):
    with pytest.raises(PluginError, match=r"Crooked gives \(2, 3\) for 2 rows, not \(2, 2\)"):
        Crooked().run(replace(context, registry=hand.registry(Crooked)), hand.features())


def test_a_stage_that_nobody_registered_is_told_before_training(context, recorder, hand):
    with pytest.raises(PluginError, match="Crooked is not registered"):
        Crooked().run(context, hand.features())
    assert recorder.reports == []


@dataclass(frozen=True)
class Shifted(Augmentation):
    """Moves the first number, which carries the target, far away."""

    by: float = 0.0
    """How far."""

    def __call__(self, batch, generator):
        moved = batch["numeric"] + np.float32(self.by) * generator.normal(size=batch["numeric"].shape)
        return {**batch, "numeric": moved.astype(np.float32)}


class TestAugmentation:
    def features(self, hand, by):
        return hand.features(augmentation={"use": "shifted", "by": by})

    def test_it_changes_training_batches_only(self, context, hand, tmp_path):
        """Heavy noise on the inputs keeps a network from being sure of anything."""
        registry = hand.registry(Shifted, kind="augmentation")
        plain = SMALL.run(make_context(tmp_path / "a", registry), self.features(hand, 0.0))
        noisy = SMALL.run(make_context(tmp_path / "b", registry), self.features(hand, 20.0))
        assert noisy.history[-1]["train.loss"] > 2 * plain.history[-1]["train.loss"]

    def test_it_draws_the_same_every_time(self, hand, tmp_path):
        registry = hand.registry(Shifted, kind="augmentation")
        runs = [SMALL.run(make_context(tmp_path / n, registry), self.features(hand, 0.5)) for n in ("a", "b")]
        assert_same_bits(weights_of(runs[0]), weights_of(runs[1]))
