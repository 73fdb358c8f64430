"""Targets of several labels: the loss, and networks that learn by it."""

from dataclasses import dataclass, replace
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from headway.contracts import TARGET, Source, Target
from headway.errors import DataError
from headway.metrics import BinaryCrossEntropy
from headway.testing import ModelSuite, make_context
from headway_lightning import LightningStage, Trainer, losses
from headway_lightning.heads import Marginals
from headway_lightning.zoo.mlp import MLP
from torch.nn import functional

CPU = Trainer(max_epochs=15, accelerator="cpu")
SMALL = MLP(layers=(16,), dropout=0.1, batch_size=64, learning_rate=1e-2, embedding=2, trainer=CPU, seed=3)
RANDOM = np.random.default_rng(0)
SCORES = torch.from_numpy(RANDOM.normal(size=(6, 3)).astype(np.float32))
TRUTH = torch.tensor([[1.0, 0, 0], [0, 0, 0], [1, 0, 1], [1, 0, 0], [1, 0, 1], [0, 0, 0]])
WEIGHT = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0, 3.0])


def loss_of(loss, scores=SCORES, target=TRUTH, weight=WEIGHT):
    output = loss.output(Target("x, y, z", "multilabel", ("x", "y", "z")))
    return float(loss.criterion(target, weight, output)(scores, target, weight))


def by_hand(truth, positive=1.0):
    """The weighted mean of the mean over labels, in float64."""
    given = 1 / (1 + np.exp(-SCORES.double().numpy()))
    each = -(positive * truth * np.log(given) + (1 - truth) * np.log(1 - given))
    return np.average(each.mean(axis=1), weights=WEIGHT)


def test_the_loss_is_that_of_the_metric():
    wanted = BinaryCrossEntropy()(TRUTH.numpy(), torch.sigmoid(SCORES).numpy(), WEIGHT.numpy())
    assert loss_of(losses.BinaryCrossEntropy()) == pytest.approx(wanted, rel=1e-6)
    assert wanted == pytest.approx(by_hand(TRUTH.numpy()), rel=1e-6)


def test_smoothing_spreads_a_share_over_there_and_not_there():
    wanted = by_hand(0.9 * TRUTH.numpy() + 0.05)
    assert loss_of(losses.BinaryCrossEntropy(label_smoothing=0.1)) == pytest.approx(wanted, rel=1e-6)


def test_named_labels_count_what_is_said_where_they_are_there():
    wanted = by_hand(TRUTH.numpy(), np.array([3.0, 1.0, 1.0]))
    assert loss_of(losses.BinaryCrossEntropy(positive_weight={"x": 3.0})) == pytest.approx(wanted, rel=1e-6)


def test_balanced_labels_count_alike_there_and_not_there_and_never_seen_ones_count_once():
    there = np.average(TRUTH.numpy(), axis=0, weights=WEIGHT)
    wanted = by_hand(TRUTH.numpy(), np.where(there > 0, (1 - there) / np.where(there > 0, there, 1), 1))
    assert loss_of(losses.BinaryCrossEntropy(positive_weight="balanced")) == pytest.approx(wanted, rel=1e-6)


def test_a_label_that_there_is_not_is_told():
    with pytest.raises(DataError, match="unknown label 'w'") as caught:
        loss_of(losses.BinaryCrossEntropy(positive_weight={"w": 2.0}))
    assert "positive_weight" in caught.value.what


def test_members_are_trained_side_by_side_and_their_probabilities_averaged():
    members = torch.stack([SCORES, 2 * SCORES, SCORES.flip(0)], dim=1)
    alone = [loss_of(losses.BinaryCrossEntropy(), members[:, k]) for k in range(3)]
    assert loss_of(losses.BinaryCrossEntropy(), members) == pytest.approx(np.mean(alone), rel=1e-6)
    np.testing.assert_allclose(Marginals(3)(members), torch.sigmoid(members.double()).mean(dim=1), atol=1e-7)


class _Model(ModelSuite):
    stage: Any = SMALL

    @pytest.fixture(scope="class")
    @classmethod
    def features(cls, hand):
        return hand.features(hand.labels, splits={"train": 257, "validation": 65})

    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, hand):
        return hand.registry(Author)

    @pytest.fixture(scope="class")
    @classmethod
    def artifact(cls, registry, features, tmp_path_factory):
        return cls.stage.run(make_context(tmp_path_factory.mktemp("work"), registry), features)

    @pytest.fixture
    def batch(self, artifact, features):
        rows = features.source("train").batch()
        return {spec.name: rows[spec.name] for spec in artifact.inputs}

    def test_it_learns_each_label(self, artifact, features):
        rows = features.source("train").batch()
        given = artifact.predict({spec.name: rows[spec.name] for spec in artifact.inputs})["probability"]
        assert ((given > 0.5) == rows[TARGET]).mean(axis=0).min() > 0.9
        assert artifact.metrics["validation.macro_auroc"] > 0.95
        assert artifact.outputs[0].kind == "marginal"


class TestNetworkOfLabels(_Model):
    def test_its_loss_falls_and_is_the_metric(self, artifact):
        first, *_, last = artifact.history
        assert last["validation.loss"] < first["validation.loss"]
        assert last["validation.loss"] == pytest.approx(last["validation.binary_cross_entropy"], rel=1e-5)


class Module(pl.LightningModule):
    """Someone's own, with logits."""

    def __init__(self, labels):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, labels))

    def forward(self, x):
        codes = functional.one_hot(x["categorical"][:, 0], 3).float()
        return self.layers(torch.cat([x["numeric"], codes], dim=-1))

    def training_step(self, batch, index):
        return functional.binary_cross_entropy_with_logits(self(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 2e-2)


@dataclass(frozen=True)
class Author(LightningStage):
    """The module above as a stage."""

    batch_size: int = 32
    """Rows a batch."""
    trainer: Trainer = CPU
    """How it is trained."""

    def module(self, inputs, output) -> Any:
        return Module(len(output.classes))


class TestSomeonesModuleOfLabels(_Model):
    stage = Author()


def test_a_label_that_no_training_row_has_is_told(hand, context, caplog):
    features = hand.features(hand.labels, splits={"train": 65, "validation": 65})
    arrays = dict(features.source("train").arrays)
    arrays[TARGET] = arrays[TARGET] * np.array([1, 0], np.float32)
    few = replace(SMALL, trainer=replace(CPU, max_epochs=1))
    few.run(context, replace(features, sources={**features.sources, "train": Source(arrays, 65)}))
    assert "no training row has the label wind" in caplog.text


def test_losses_of_other_targets_are_refused(hand, context):
    with pytest.raises(DataError, match="CrossEntropy is for classification") as caught:
        replace(SMALL, loss="cross_entropy").run(context, hand.features(hand.labels))
    assert "model.loss=null" in caught.value.hint
    with pytest.raises(DataError, match="BinaryCrossEntropy is for multilabel"):
        replace(SMALL, loss="binary_cross_entropy").run(context, hand.features())
