"""A LightningModule that knows nothing of Headway: trained as it is, saved, loaded and exported."""

from dataclasses import dataclass, replace
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from headway.contracts import TARGET
from headway.errors import DataError, PluginError
from headway.testing import ModelSuite, Recorder, make_context
from headway_lightning import LightningStage, Trainer
from headway_lightning.loading import generator_of
from headway_lightning.training import ORDER
from torch.nn import functional

CPU = Trainer(max_epochs=8, accelerator="cpu")


class Author(pl.LightningModule):
    """As someone may have written it long ago."""

    def __init__(self, codes, outputs, rate=1e-2):
        super().__init__()
        self.tables = torch.nn.ModuleList(torch.nn.Embedding(n, 2) for n in codes)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(3 + 2 * len(codes), 16),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.1),
            torch.nn.Linear(16, outputs),
        )
        self.rate = rate
        self.validated = 0

    def forward(self, x):
        codes = [table(x["categorical"][:, i]) for i, table in enumerate(self.tables)]
        return self.layers(torch.cat([x["numeric"], *codes], dim=-1))

    def training_step(self, batch, index):
        x, y = batch
        out = self(x)
        loss = functional.cross_entropy(out, y) if out.shape[1] > 1 else functional.mse_loss(out[:, 0] / 30, y / 30)
        self.log("loss", loss)
        return loss

    def validation_step(self, batch, index):
        self.validated += len(batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), self.rate)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)]


@dataclass(frozen=True)
class Guest(LightningStage):
    """The module above as a stage."""

    batch_size: int = 64
    """Rows a batch."""
    rate: float = 1e-2
    """Step size."""
    trainer: Trainer = CPU
    """How it is trained."""

    def module(self, inputs, output) -> Any:
        return Author(inputs[1].cardinalities, len(output.classes or "1"), self.rate)


@pytest.fixture(scope="session")
def guests(hand):
    return hand.registry(Guest, Following, Hoarding)


@pytest.fixture
def trained(tmp_path, guests, hand):
    def train(stage=None, folder="work", recorder=None, **more):
        context = make_context(tmp_path / folder, guests, recorder=recorder or Recorder())
        return (stage or Guest()).run(context, hand.features(**more))

    return train


class TestGuestModel(ModelSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def features(cls, hand):
        return hand.features(splits={"train": 257, "validation": 65})

    @pytest.fixture(scope="class")
    @classmethod
    def artifact(cls, guests, features, tmp_path_factory):
        return Guest().run(make_context(tmp_path_factory.mktemp("work"), guests), features)

    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, guests):
        return guests

    @pytest.fixture
    def batch(self, artifact, features):
        rows = features.source("train").batch()
        return {spec.name: rows[spec.name] for spec in artifact.inputs}


def test_it_learns_and_its_epochs_are_reported_by_the_metrics_of_all_models(trained, hand):
    recorder = Recorder()
    model = trained(recorder=recorder)
    assert model.metrics["validation.auroc"] > 0.98
    assert [step for step, _ in recorder.reports] == list(range(1, 9))
    assert {"train.loss", "validation.log_loss", "validation.auroc"} <= recorder.reports[0][1].keys()
    rows = hand.features().source("test").batch()
    assert np.mean(model.predict(rows)["probability"].argmax(axis=1) == rows[TARGET]) > 0.93


def test_values_come_as_forward_gives_them(trained, hand):
    model = trained(Guest(rate=0.1, trainer=replace(CPU, max_epochs=40)), target=hand.value)
    assert model.metrics["validation.r2"] > 0.5
    assert model.outputs[0].kind == "value"


class Follower(Author):
    """Its rate follows what it logs, its arguments are no plain values, and it notes something of each epoch."""

    def __init__(self, inputs, output):
        super().__init__(inputs[1].cardinalities, len(output.classes or "1"))
        self.save_hyperparameters()
        self.register_buffer("epochs", torch.zeros(()))

    def on_train_epoch_end(self):
        self.epochs += 1
        self.log("follows", 1.0)  # never better

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), self.rate)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=0)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": "follows"}}


@dataclass(frozen=True)
class Following(Guest):
    """The module above as a stage."""

    def module(self, inputs, output) -> Any:
        return Follower(inputs, output)


class Hoarder(Author):
    """Keeps what is read back by nobody."""

    def on_save_checkpoint(self, checkpoint):
        checkpoint["mine"] = Author


@dataclass(frozen=True)
class Hoarding(Guest):
    """The module above as a stage."""

    def module(self, inputs, output) -> Any:
        return Hoarder(inputs[1].cardinalities, len(output.classes or "1"))


@pytest.mark.parametrize("stage", [Guest(), Following()])
def test_a_run_that_broke_resumes_to_the_same_weights(trained, stage):
    class Breaking(Recorder):
        def report(self, step, metrics):
            super().report(step, metrics)
            if step == 4:
                raise ZeroDivisionError

    whole = trained(stage)
    with pytest.raises(ZeroDivisionError):
        trained(stage, folder="broken", recorder=Breaking())
    recorder = Recorder()
    resumed = trained(stage, folder="broken", recorder=recorder)
    assert recorder.progresses[0].done == 3
    assert resumed.history == whole.history
    for name, weight in whole.module.state_dict().items():
        assert torch.equal(weight, resumed.module.state_dict()[name]), name


def test_a_checkpoint_that_cannot_be_read_back_is_told_at_once(trained, caplog):
    trained(Hoarding(trainer=replace(CPU, max_epochs=2)))
    (told,) = [record.message for record in caplog.records if "cannot be resumed" in record.message]
    assert told.startswith("Hoarder cannot be resumed: it holds a ")
    assert told.endswith(".Author; killed, it would start over")


def test_a_loss_that_is_no_number_is_told_with_its_batch(trained, hand):
    with pytest.raises(DataError, match=r"diverged in epoch 1: the loss of batch \d+ .*the network's weights are not"):
        trained(Guest(rate=1e30), target=hand.value)


def test_a_feature_that_is_no_number_is_named_with_the_batch_it_stands_in(context, guests, hand):
    features = hand.features()
    source = features.source("train")
    numeric = source.arrays["numeric"].copy()
    numeric[17, 1] = np.inf
    spoilt = replace(source, arrays={**source.arrays, "numeric": numeric})
    features = replace(features, sources={**features.sources, "train": spoilt})
    order = generator_of(0, ORDER, 0).permutation(len(source))
    batch = list(order).index(17) // 64 + 1
    context = make_context(context.work, guests)
    with pytest.raises(DataError, match=f"epoch 1: the loss of batch {batch} is no .*its feature 'b' reaches inf"):
        Guest().run(context, features)


def test_a_plateau_is_stepped_once_an_epoch(trained, monkeypatch):
    steps, step = [], torch.optim.lr_scheduler.ReduceLROnPlateau.step
    monkeypatch.setattr(
        torch.optim.lr_scheduler.ReduceLROnPlateau, "step", lambda *given, **more: (steps.append(1), step(*given))[1]
    )
    assert len(trained(Following()).history) == len(steps) == 8


def test_what_there_is_no_memory_for_is_named(trained, monkeypatch):
    def forward(self, x):
        if len(x["numeric"]) > 64:
            raise MemoryError
        return plain(self, x)

    plain = Author.forward
    monkeypatch.setattr(Author, "forward", forward)
    with pytest.raises(DataError, match="not enough memory for validating 16384 rows at a time") as caught:
        trained()
    assert caught.value.hint == "make the network smaller, or lower Guest.chunk"
    monkeypatch.setattr(Guest, "chunk", 50)
    assert len(trained(folder="small").history) == 8


def test_steps_are_limited(trained):
    model = trained(Guest(trainer=replace(CPU, max_steps=15)))
    assert len(model.history) == 2  # of 10 batches each


@dataclass(frozen=True)
class Odd(Guest):
    """Gives one column too many."""

    def module(self, inputs, output) -> Any:
        return Author(inputs[1].cardinalities, 3)


@dataclass(frozen=True)
class Bare(Guest):
    """Cannot be trained."""

    def module(self, inputs, output) -> Any:
        class Nothing(pl.LightningModule):
            def forward(self, x):
                return x["numeric"][:, :2]

        return Nothing()


@pytest.mark.parametrize(
    ("stage", "what"), [(Odd, r"forward of Author gives \(2, 3\)"), (Bare, "Nothing has no training_step")]
)
def test_a_module_without_what_is_needed_is_told_before_training(tmp_path, hand, stage, what):
    recorder = Recorder()
    with pytest.raises(PluginError, match=what):
        stage().run(make_context(tmp_path / "work", hand.registry(stage), recorder=recorder), hand.features())
    assert recorder.reports == []


def test_weights_that_the_authors_loss_does_not_know_are_told(trained, hand, caplog):
    with caplog.at_level("WARNING"):
        trained(Guest(trainer=replace(CPU, max_epochs=1)), weight=lambda random, rows: np.ones(rows))
    assert "reach no loss of Guest" in caplog.text
