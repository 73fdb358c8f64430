"""The models of the zoo: registered, light, trained, the same every time, and served as they were trained."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from headway.errors import DataError
from headway.testing import StageSuite, make_context
from headway_lightning import Trainer
from headway_lightning.plugin import CHOICES
from headway_lightning.regime import Pace, Regime
from headway_lightning.zoo.ensembling import Spread
from headway_lightning.zoo.ft_transformer import FTTransformer
from headway_lightning.zoo.linear import LinearNetwork
from headway_lightning.zoo.mlp import MLP
from headway_lightning.zoo.resnet import ResNet
from headway_lightning.zoo.tabm import TabM
from headway_onnx.lint import lint

CPU = Trainer(max_epochs=3, accelerator="cpu")
BINS = {"piecewise_linear": {"bins": 6}}
WAVES = {"periodic": {"frequencies": 4}}
COMMON = {"batch_size": 64, "learning_rate": 1e-2, "trainer": CPU, "seed": 3}
SMALL = {
    "linear_network": LinearNetwork(numeric=BINS, **COMMON | {"learning_rate": 0.1}),
    "resnet": ResNet(width=16, numeric=WAVES, **COMMON),
    "ft_transformer": FTTransformer(blocks=2, width=16, heads=2, numeric=BINS, **COMMON),
    "late": FTTransformer(blocks=2, width=16, heads=2, prenormalization=False, **COMMON),
    "tabm": TabM(members=3, blocks=2, width=16, numeric=WAVES, **COMMON),
    "mini": TabM(members=3, blocks=1, width=16, variant="mini", **COMMON),
    "packed": TabM(members=3, blocks=1, width=16, variant="packed", numeric=BINS, **COMMON),
}
SIZES = (1, 2, 3, 7, 8, 16, 40, 51, 129)
MODELS = sorted(CHOICES["model"])


class TestZoo(StageSuite):
    @pytest.fixture(params=[LinearNetwork, MLP, ResNet, FTTransformer, TabM])
    def stage(self, request):
        return request.param


@pytest.fixture(scope="module")
def trained(hand, tmp_path_factory):
    """Models of `SMALL` by name, each trained once: classification for one, quantiles or values for others."""
    targets = {"linear_network": hand.three, "mini": hand.value, "packed": hand.value, "ft_transformer": hand.three}
    losses = {"packed": "quantile"}
    kept = {}

    def train(name):
        if name not in kept:
            features = hand.features(targets.get(name, hand.binary))
            stage = replace(SMALL[name], loss=losses.get(name))
            context = make_context(tmp_path_factory.mktemp("work"), hand.registry(), name="model")
            kept[name] = features, stage.run(context, features)
        return kept[name]

    return train


@pytest.mark.parametrize("name", ["resnet", "ft_transformer", "tabm", "packed"])  # all layers, embeddings and heads
def test_what_is_served_is_what_was_trained_bit_for_bit_at_every_batch_size(trained, registry, name):
    features, model = trained(name)
    rows = features.source("train").batch()
    feeds = {spec.name: rows[spec.name] for spec in model.inputs}
    graph = model.export()
    assert lint(graph.files["model.onnx"]) == ()
    runtime, (output,) = graph.open(registry), model.outputs
    whole = runtime.run(feeds)[output.name]
    np.testing.assert_allclose(whole, model.predict(rows)[output.name], rtol=1e-5, atol=1e-6)
    for size in SIZES:
        part = {key: array[:size] for key, array in feeds.items()}
        np.testing.assert_array_equal(runtime.run(part)[output.name], whole[:size], err_msg=f"{size} rows")


@pytest.mark.parametrize("share", [False, True])
def test_members_of_tabm_go_through_all_rows_in_an_order_of_their_own_or_share_it(hand, context, monkeypatch, share):
    seen, spread = [], Spread.forward

    def forward(self, given):
        wide = spread(self, given)
        if self.training:
            seen.append(wide.expand(-1, 3, -1))
        return wide

    monkeypatch.setattr(Spread, "forward", forward)
    stage = replace(SMALL["tabm"], share_batches=share, trainer=replace(CPU, max_epochs=1), numeric=None)
    features = hand.features(hand.binary)
    stage.run(context, features)
    rows = len(features.source("train"))
    first, second, third = torch.cat(seen).unbind(dim=1)
    assert first.shape[0] == rows
    assert torch.equal(first, second) == torch.equal(second, third) == share
    assert sorted(first.tolist()) == sorted(second.tolist()) == sorted(third.tolist())


@pytest.mark.parametrize("name", SMALL)
def test_they_learn(trained, name):
    _, model = trained(name)
    first, last = model.history[0], model.history[-1]
    assert last["validation.loss"] < first["validation.loss"]
    assert last.get("validation.auroc", 1.0) > 0.9


def test_the_validation_loss_of_members_is_that_of_their_average(trained):
    _, model = trained("tabm")
    assert model.metrics["validation.loss"] == pytest.approx(model.metrics["validation.log_loss"], abs=1e-5)


@pytest.mark.parametrize("name", ["ft_transformer", "packed", "tabm"])
def test_the_same_seed_gives_the_same_weights(trained, hand, tmp_path, name):
    features, model = trained(name)
    stage = replace(SMALL[name], loss="quantile" if name == "packed" else None)
    again = stage.run(make_context(tmp_path, hand.registry(), name="model"), features)
    state = again.module.state_dict()
    for key, value in model.module.state_dict().items():
        np.testing.assert_array_equal(value, state[key], err_msg=key)


def test_few_rows_are_predicted_at_a_time_and_give_the_same(trained, monkeypatch):
    features, model = trained("tabm")
    rows, seen = features.source("train").batch(), []
    whole = model.predict(rows)["probability"]
    model.module.register_forward_pre_hook(lambda _, arrays: seen.append(len(arrays[0])))
    monkeypatch.setattr(model.module, "chunk", 250)
    np.testing.assert_allclose(model.predict(rows)["probability"], whole, rtol=1e-5, atol=1e-7)
    assert seen == [250, 250, 100]


def test_heads_must_share_the_width_evenly():
    with pytest.raises(DataError, match="8 heads cannot share a width of 100 evenly") as caught:
        FTTransformer(width=100)
    assert caught.value.hint == "model.width=96"


@pytest.mark.parametrize("name", MODELS)
def test_the_search_space_is_of_fields_and_in_the_grammar_of_sweeps(name):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    stage = CHOICES["model"][name]
    known = {f.name for f in fields(stage)}
    assert {"learning_rate", "weight_decay"} <= set(stage.space) <= known
    for override in OverridesParser.create().parse_overrides([f"{k}={v}" for k, v in stage.space.items()]):
        assert override.is_sweep_override(), override.input_line


def decaying(stage, hand, numeric=None):
    """The parameters that decay, by name."""
    torch.manual_seed(0)
    body = stage.body((hand.numeric, hand.categorical), 2, numeric)
    pace = Pace((1,), 1, 1, None, 0.0, 1e-3, None)
    rule = type("Rule", (), {"build": staticmethod(lambda groups, rate: groups)})
    groups = Regime(body, None, pace, rule, 0.5, 0.0, 0, ()).optimizer()
    kept = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    return {name for name, p in body.named_parameters() if id(p) in kept}


def test_weights_decay_where_the_papers_let_them(hand):
    from headway_lightning.inputs.numeric import Periodic, PiecewiseLinear

    transformer = decaying(FTTransformer(blocks=2, width=8, heads=2), hand)
    parts = ("query", "key", "value", "out")
    expected = {f"blocks.{b}.attention.{part}.weight" for b in (0, 1) for part in parts}
    expected |= {f"blocks.{b}.layers.{layer}.weight" for b in (0, 1) for layer in (1, 4)}
    assert transformer == expected | {"head.2.weight"}

    tabm = decaying(TabM(members=2, blocks=1, width=4), hand, Periodic(frequencies=2))
    layers = {"layers.1.weight", "layers.1.before", "layers.1.after", "layers.4.weight"}
    assert tabm == layers | {"encoder.numeric.linear.weight"}
    assert decaying(MLP(layers=(4,), numeric=None), hand, PiecewiseLinear()) == {
        "encoder.numeric.linear.weight",
        "layers.0.weight",
        "layers.3.weight",
    }
