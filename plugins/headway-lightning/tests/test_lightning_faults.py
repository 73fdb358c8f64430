"""What goes wrong in training is told in words, with what to do."""

import logging
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from headway.contracts import TARGET, Source
from headway.errors import DataError, HeadwayError
from headway.testing import make_context
from headway_lightning import NetworkStage, Trainer
from headway_lightning.checkpoints import LAST
from headway_lightning.learner import Learner
from headway_lightning.zoo.mlp import MLP

CPU = Trainer(max_epochs=4, accelerator="cpu")
SMALL = MLP(layers=(8,), dropout=0.1, batch_size=64, learning_rate=1e-2, embedding=2, trainer=CPU, seed=3)


def changed(features, split="train", **arrays):
    """Features with other arrays in a split."""
    source = features.source(split)
    rows = len(next(iter(arrays.values())))
    return replace(features, sources={**features.sources, split: Source({**source.arrays, **arrays}, rows)})


@dataclass(frozen=True)
class Normed(NetworkStage):
    """Batch normalisation, which cannot learn from one row."""

    trainer: Trainer = field(default_factory=lambda: CPU)
    """How it is trained."""

    def network(self, inputs: int, outputs: int) -> Any:
        from torch import nn

        return nn.Sequential(nn.Linear(inputs, 8), nn.BatchNorm1d(8), nn.Linear(8, outputs))


@dataclass(frozen=True)
class Wandering(NetworkStage):
    """Goes one way or the other by what it sees."""

    trainer: Trainer = field(default_factory=lambda: replace(CPU, max_epochs=1))
    """How it is trained."""

    def network(self, inputs: int, outputs: int) -> Any:
        from torch import nn

        class Fork(nn.Module):
            def __init__(self):
                super().__init__()
                self.ways = nn.ModuleList(nn.Linear(inputs, outputs) for _ in range(2))

            def forward(self, x):
                return self.ways[0](x) if x.sum() > 0 else self.ways[1](x)

        return Fork()


class TestDivergence:
    def spoiling(self, monkeypatch, epoch, value):
        """Puts a value into the second number of a row of batch 5, from an epoch on."""
        plain = Learner.training_step

        def step(self, block, index):
            if self.current_epoch >= epoch:
                block[4][0][7, 1] = value
            return plain(self, block, index)

        monkeypatch.setattr(Learner, "training_step", step)

    @pytest.mark.parametrize(("value", "shown"), [(np.inf, "inf"), (np.nan, "nan"), (1e30, "1e[+]30")])
    def test_epoch_batch_and_feature_are_named(self, context, hand, monkeypatch, value, shown):
        self.spoiling(monkeypatch, 2, value)
        stage = replace(SMALL, dropout=0.0, loss={"mse": {}})
        said = rf"diverged in epoch 3: the loss of batch 5 is no longer a number; its feature 'b' reaches {shown}"
        with pytest.raises(DataError, match=said) as caught:
            stage.run(context, hand.features(hand.value))
        assert caught.value.code == "diverged"

    def test_the_last_good_checkpoint_is_kept_and_gone_on_from(self, context, hand, monkeypatch, tmp_path):
        features = hand.features(noise=1.0)
        with monkeypatch.context() as patch:
            self.spoiling(patch, 2, np.inf)
            with pytest.raises(DataError, match="diverged"):
                SMALL.run(context, features)
        kept = torch.load(context.work / LAST, weights_only=True)
        assert all(bool(torch.isfinite(value).all()) for value in kept["state_dict"].values())
        resumed = SMALL.run(context, features)
        undisturbed = SMALL.run(make_context(tmp_path / "other", context.registry), features)
        assert resumed.history == undisturbed.history

    def test_a_target_that_is_no_number_is_told(self, context, hand):
        features = hand.features(hand.value)
        target = features.source("train").arrays[TARGET].copy()
        target[3] = np.nan
        with pytest.raises(DataError, match="the target 'spending' is not finite in 1 of 600 training rows"):
            SMALL.run(context, changed(features, **{TARGET: target}))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
            "allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
        ),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 4.00 GiB."),
        MemoryError(),
    ],
)
def test_too_little_memory_is_told_with_the_batch_size_to_try(context, hand, monkeypatch, error):
    def step(*_):
        raise error

    monkeypatch.setattr(Learner, "_step", step)
    with pytest.raises(DataError, match="not enough memory for batches of 64 rows") as caught:
        SMALL.run(context, hand.features())
    assert caught.value.hint == "try model.batch_size=32 with model.trainer.accumulate=2: as many rows a step"


def test_an_operation_that_is_not_deterministic_is_told_with_what_to_set(context, hand, monkeypatch):
    def step(*_):
        raise RuntimeError("cumsum_cuda_kernel does not have a deterministic implementation, but you set 'torch.use_")

    monkeypatch.setattr(Learner, "_step", step)
    with pytest.raises(DataError, match="cumsum_cuda_kernel rounds otherwise each time") as caught:
        SMALL.run(context, hand.features())
    assert caught.value.hint == "model.trainer.deterministic=false"


def test_what_torch_says_when_memory_is_out_is_known(context, hand, monkeypatch):
    monkeypatch.setattr(Learner, "_step", lambda *_: torch.empty(1 << 60))
    with pytest.raises(DataError) as caught:
        SMALL.run(context, hand.features())
    assert caught.value.code == "out-of-memory"


class TestClasses:
    def without(self, hand, kept):
        features = hand.features(hand.three)
        source = features.source("train")
        chosen = np.isin(source.arrays[TARGET], kept)
        return changed(features, **{name: array[chosen] for name, array in source.arrays.items()})

    def test_one_that_no_training_row_has_is_a_warning(self, context, hand, caplog):
        with caplog.at_level(logging.WARNING, "headway"):
            SMALL.run(context, self.without(hand, [0, 2]))
        assert "no training row is of class y: what is predicted of it means nothing" in caplog.text

    def test_a_single_one_is_an_error(self, context, hand):
        with pytest.raises(DataError, match="all training rows are of one class of 'kind'"):
            SMALL.run(context, self.without(hand, [1]))


@pytest.mark.parametrize("numeric", [None, "piecewise_linear", "periodic"])
def test_a_constant_feature_does_no_harm(context, hand, numeric):
    features = hand.features()
    for split in ("train", "validation"):
        array = features.source(split).arrays["numeric"].copy()
        array[:, 1:] = 5.0
        features = changed(features, split, numeric=array)
    model = replace(SMALL, numeric=numeric).run(context, features)
    assert model.metrics["validation.auroc"] > 0.9


class TestOneRow:
    @pytest.mark.parametrize("numeric", [None, "piecewise_linear", "periodic"])
    def test_a_value_is_learnt_by_heart(self, context, hand, numeric):
        features = hand.features(hand.value, splits={"train": 1, "validation": 1})
        model = replace(SMALL, numeric=numeric).run(context, features)
        rows = features.source("train").batch()
        assert np.isfinite(model.predict(rows)["value"]).all()
        assert np.isfinite(model.metrics["validation.loss"])

    def test_classes_cannot_be_learnt_from_it(self, context, hand):
        with pytest.raises(DataError, match="all training rows are of one class"):
            SMALL.run(context, hand.features(splits={"train": 1, "validation": 20}))

    def test_classes_can_be_validated_on_it(self, context, hand):
        model = SMALL.run(context, hand.features(splits={"train": 200, "validation": 1}))
        assert np.isfinite(model.metrics["validation.loss"])

    @pytest.mark.parametrize(
        ("rows", "size", "said"), [(1, 64, "training split has one row"), (9, 1, "batch_size is 1")]
    )
    def test_batch_normalisation_says_that_it_cannot(self, context, hand, rows, size, said):
        context = replace(context, registry=hand.registry(Normed))
        features = hand.features(hand.value, splits={"train": rows, "validation": 9})
        with pytest.raises(DataError, match=said) as caught:
            Normed(batch_size=size).run(context, features)
        assert caught.value.code == "one-row"


def test_a_network_that_cannot_be_exported_is_named_with_why(context, hand):
    registry = hand.registry(Wandering)
    model = Wandering().run(replace(context, registry=registry), hand.features())
    assert model.metrics["validation.loss"] > 0
    with pytest.raises(HeadwayError, match="the model 'wandering' cannot be exported: ") as caught:
        model.export()
    assert caught.value.code == "export-module"
    assert "must not depend on values" in caught.value.hint


def test_batches_are_worked_through_without_waiting_for_the_device(context, hand):
    """Whatever reads a number off a tensor makes a GPU's queue run dry; once a block is all there may be."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Waits(TorchDispatchMode):
        found = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function.overloadpacket.__name__ in ("_local_scalar_dense", "is_nonzero", "equal", "nonzero"):
                Waits.found += 1
            return function(*args, **(kwargs or {}))

    plain, blocks = Learner.training_step, []

    def step(self, block, index):
        blocks.append(len(block))
        with Waits():
            return plain(self, block, index)

    stage = replace(SMALL, batch_size=4, trainer=replace(CPU, max_epochs=2, accumulate=2, gradient_clip=1.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "training_step", step)
        stage.run(context, hand.features())
    assert sum(blocks) == 300
    assert Waits.found <= len(blocks)
