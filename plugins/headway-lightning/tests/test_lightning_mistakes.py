"""What authors of LightningModules get wrong, and that it is told in their words before anything is served."""

import re
from dataclasses import dataclass
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from headway.errors import PluginError
from headway.testing import make_context
from headway_lightning import LightningStage, NetworkStage, Trainer
from torch import nn
from torch.nn import functional

QUICK = Trainer(max_epochs=2, accelerator="cpu")


class Right(pl.LightningModule):
    """As it should be; the others are wrong in one thing each."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Linear(3, 2)

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, index):
        x, y = batch
        return functional.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-2)


class NoOptimizer(Right):
    def configure_optimizers(self):
        return None


class Lacking(pl.LightningModule):
    def forward(self, x):
        return x[:, :2]


class Pair(Right):
    def forward(self, x):
        return self.layers(x), None


class Narrow(Right):
    def forward(self, x):
        return self.layers(x)[:, :1]


class Unfit(Right):
    def forward(self, x):
        return self.layers(x[:, :2])


class Shares(Right):
    def forward(self, x):
        return self.layers(x).softmax(-1)


class Infinite(Right):
    def forward(self, x):
        return self.layers(x) / 0


class NoLoss(Right):
    def training_step(self, batch, index):
        super().training_step(batch, index)


class PlainLoss(Right):
    def training_step(self, batch, index):
        return super().training_step(batch, index).item()


class Detached(Right):
    def training_step(self, batch, index):
        return super().training_step(batch, index).detach()


class Waiting(Right):
    def configure_optimizers(self):
        optimizer = super().configure_optimizers()
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "monitor": "val_loss"}}


class Listed(Right):
    def __init__(self):
        super().__init__()
        self.more = [nn.Linear(3, 2)]

    def forward(self, x):
        return self.layers(x) + self.more[0](x)


class Foreign(Listed):
    def configure_optimizers(self):
        return torch.optim.Adam(self.more[0].parameters(), 1e-2)


class Random(Right):
    def forward(self, x):
        return functional.dropout(self.layers(x), 0.5)


class Forgetful(Right):
    def __init__(self):
        super().__init__()
        self.seen = 0.0

    def training_step(self, batch, index):
        self.seen = batch[0].mean()
        return super().training_step(batch, index)

    def forward(self, x):
        return self.layers(x) + self.seen


def run(hand, folder, made, *, gives_logits=True):
    @dataclass(frozen=True)
    class Guest(LightningStage):
        logits = gives_logits
        trainer: Trainer = QUICK

        def module(self, inputs, output) -> Any:
            return made()

    features = hand.features(arrays=(hand.numeric,), splits={"train": 130, "validation": 40})
    return Guest().run(make_context(folder, hand.registry(Guest)), features)


def test_a_module_that_is_right_is_trained(hand, tmp_path):
    assert len(run(hand, tmp_path, Right).history) == 2


def test_a_module_may_give_probabilities_if_its_stage_says_so(hand, tmp_path):
    first, second = run(hand, tmp_path / "shares", Shares, gives_logits=False).history
    assert second["validation.log_loss"] < first["validation.log_loss"]
    with pytest.raises(PluginError, match="forward of Right gives no probabilities"):
        run(hand, tmp_path / "logits", Right, gives_logits=False)


@pytest.mark.parametrize(
    ("made", "what", "hint"),
    [
        (lambda: None, r"module\(\) gives NoneType, no LightningModule", "docs/models.md"),
        (lambda: nn.Linear(3, 2), r"module\(\) gives Linear, no LightningModule", "docs/models.md"),
        (Lacking, "Lacking has no training_step", "docs/models.md"),
        (NoOptimizer, "configure_optimizers of NoOptimizer gives no optimizer", "docs/models.md"),
        (Pair, "forward of Pair gives tuple for 2 rows", "a logit a class"),
        (Narrow, r"forward of Narrow gives \(2, 1\) for 2 rows, not \(2, 2\)", "a logit a class"),
        (Unfit, "forward of Unfit fails: RuntimeError: mat1 and mat2", r"its x is float32 \[2, 3\]"),
        (Shares, "forward of Shares gives probabilities", "without softmax, or set the class attribute logits"),
        (Infinite, "forward of Infinite gives no finite numbers", ""),
        (NoLoss, "training_step of NoLoss gave no loss in the whole epoch", "return the loss"),
        (PlainLoss, "PlainLoss: .*must return a Tensor", "docs/models.md"),
        (Detached, "loss that training_step of Detached gives has no gradient", "without detach"),
        (Waiting, "Waiting: ReduceLROnPlateau conditioned on metric val_loss which is not available", "docs"),
        (Foreign, "an optimizer of Foreign trains parameters that are not the module's", "ModuleList"),
        (Listed, "network of .*Guest gives other answers when it is loaded again", "ModuleList"),
        (Forgetful, "gives other answers when it is loaded again", "register_buffer"),
        (Random, "another answer each time", r"functional.dropout\(x, p\) does not"),
    ],
)
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_a_mistake_is_told_with_what_to_do(hand, tmp_path, made, what, hint):
    with pytest.raises(PluginError, match=what) as caught:
        run(hand, tmp_path, made)
    assert re.search(hint, caught.value.hint or "")


class Steps(Right):
    """Steps by itself and tells no loss."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, index):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(super().training_step(batch, index))
        optimizer.step()


def test_a_module_that_steps_by_itself_need_not_tell_its_loss(hand, tmp_path):
    model = run(hand, tmp_path, Steps)
    assert "train.loss" not in model.history[0]
    assert model.history[1]["validation.log_loss"] < model.history[0]["validation.log_loss"]


@dataclass(frozen=True)
class Loose(NetworkStage):
    """A layer in a plain list."""

    trainer: Trainer = QUICK

    def network(self, inputs, outputs):
        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.rest = nn.Linear(inputs, outputs), [nn.Linear(outputs, outputs)]

            def forward(self, x):
                return self.rest[0](self.first(x))

        return Network()


def test_networks_are_held_to_what_their_weights_say_too(hand, tmp_path):
    with pytest.raises(PluginError, match="network of Loose gives other answers when it is loaded again"):
        Loose().run(make_context(tmp_path, hand.registry(Loose)), hand.features())
