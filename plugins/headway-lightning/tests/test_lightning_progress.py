"""How far training is, as it says itself."""

import itertools
from dataclasses import dataclass, replace

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from headway.testing import Recorder, make_context
from headway_lightning import LightningStage, Trainer
from headway_lightning.zoo.mlp import MLP

CPU = Trainer(max_epochs=3, accelerator="cpu")
STAGE = MLP(layers=(8,), batch_size=64, embedding=2, trainer=CPU)
BATCHES = 10
"""Of 64 rows in 600."""


class Plain(pl.LightningModule):
    """Numbers only."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x)

    def training_step(self, batch, index):
        return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@dataclass(frozen=True)
class Guest(LightningStage):
    """The module above as a stage."""

    batch_size: int = 64
    """Rows a batch."""
    trainer: Trainer = CPU
    """How it is trained."""

    def module(self, inputs, output):
        return Plain()


def followed(tmp_path, hand, stage, recorder=None):
    """What a stage says while it is trained."""
    recorder = recorder or Recorder()
    registry = hand.registry(Guest)
    arrays = (hand.numeric,) if isinstance(stage, Guest) else (hand.numeric, hand.categorical)
    stage.run(make_context(tmp_path / "work", registry, recorder=recorder), hand.features(arrays=arrays))
    return recorder.progresses


@pytest.mark.parametrize("stage", [STAGE, Guest()], ids=["network", "guest"])
def test_epochs_pass_batch_by_batch_to_the_end(tmp_path, hand, stage):
    told = followed(tmp_path, hand, stage)
    assert {(each.total, each.unit, each.at_most) for each in told} == {(3, "epochs", True)}
    done = [each.done for each in told]
    np.testing.assert_allclose(sorted(set(done)), np.arange(3 * BATCHES + 1) / BATCHES)
    assert done == sorted(done)


@pytest.mark.parametrize("stage", [STAGE, Guest()], ids=["network", "guest"])
@pytest.mark.parametrize(("accumulate", "steps", "epochs"), [(1, 15, 1.5), (3, 6, 1.5), (1, 99, 3)])
def test_a_limit_of_steps_is_one_of_epochs(tmp_path, hand, stage, accumulate, steps, epochs):
    """The last step of an epoch has the batches that are left: of ten, there are four steps of three."""
    told = followed(tmp_path, hand, replace(stage, trainer=replace(CPU, max_steps=steps, accumulate=accumulate)))
    assert {each.total for each in told} == {epochs}
    assert told[-1].done == pytest.approx(epochs, abs=0.25)


def test_it_says_which_epoch_was_the_best_and_when_it_stops_without_a_better(tmp_path, hand):
    """Where that comes before the last epoch."""
    hopeless = replace(STAGE, learning_rate=1e-12, patience=2, trainer=replace(CPU, max_epochs=9))
    notes = [note for note, _ in itertools.groupby(each.note for each in followed(tmp_path, hand, hopeless))]
    assert notes[:2] == ["", "best epoch 1, stops in 2"]
    last = replace(hopeless, patience=50)
    notes = [note for note, _ in itertools.groupby(each.note for each in followed(tmp_path / "last", hand, last))]
    assert notes[:2] == ["", "best epoch 1"]


class PowerCutError(Exception):
    pass


class Cut(Recorder):
    """Ends the first attempt at the second report, which comes before the epoch's checkpoint."""

    def report(self, step, metrics):
        super().report(step, metrics)
        if step == 2:
            raise PowerCutError


def test_a_resumed_training_goes_on_where_it_was(tmp_path, hand):
    with pytest.raises(PowerCutError):
        followed(tmp_path, hand, STAGE, Cut())
    told = followed(tmp_path, hand, STAGE)
    assert told[0].done == 1.0
    assert told[-1].done == 3.0
