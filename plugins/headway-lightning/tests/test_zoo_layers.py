"""Layers of the zoo, against plain numpy in float64."""

import numpy as np
import pytest
import torch
from headway_lightning.heads import Marginals, Probabilities, Quantiles, Values
from headway_lightning.zoo.ensembling import BatchEnsemble, members, scales
from headway_lightning.zoo.ft_transformer import FTTransformer
from headway_lightning.zoo.linear import LinearNetwork
from headway_lightning.zoo.mlp import MLP
from headway_lightning.zoo.residual import Block
from headway_lightning.zoo.resnet import ResNet
from headway_lightning.zoo.tabm import TabM
from headway_lightning.zoo.transformer import Attention

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def arrays_of(module):
    return {name: value.detach().numpy().astype(np.float64) for name, value in module.state_dict().items()}


def stirred(module):
    """Every weight and statistic at random, so that none is where it would not matter."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                drawn = torch.rand(tensor.shape, generator=generator)
                tensor.copy_(drawn + 0.5 if "running_var" in name else drawn - 0.5)
    return module.eval()


def compared(module, reference, *inputs):
    given = module(*inputs).detach().numpy()
    np.testing.assert_allclose(given, reference(*(x.numpy().astype(np.float64) for x in inputs)), **CLOSE)


class TestBatchEnsemble:
    def test_each_member_scales_what_the_shared_layer_is_given_and_gives(self):
        layer = stirred(BatchEnsemble(3, 4, 5))
        w = arrays_of(layer)

        def reference(x):
            rows = np.zeros((len(x), 3, 5))
            for row, given in enumerate(x):
                for m in range(3):
                    product = w["weight"] @ (w["before"][m] * given[m % len(given)])
                    rows[row, m] = w["after"][m] * product + w["bias"][m]
            return rows

        compared(layer, reference, torch.randn(6, 3, 4))
        compared(layer, reference, torch.randn(6, 1, 4))

    def test_at_the_beginning_members_are_alike_but_for_the_first_scaling(self):
        torch.manual_seed(0)  # of nine signs all may be the same
        first, second = BatchEnsemble(3, 4, 5, scales(3, (1, 3), normal=False)), BatchEnsemble(3, 5, 2)
        np.testing.assert_array_equal(second.before.detach(), np.ones((3, 5)))
        for layer in (first, second):
            np.testing.assert_array_equal(layer.after.detach(), np.ones_like(layer.after.detach()))
            assert (layer.bias == layer.bias[0]).all()
        assert set(first.before.detach().numpy().ravel()) == {-1.0, 1.0}

    def test_scales_are_one_a_feature(self):
        signs, normal = scales(64, (1, 3, 2), normal=False), scales(64, (1, 3, 2), normal=True)
        assert signs.shape == (64, 6)
        for drawn in (signs, normal):
            assert (drawn[:, 1:4] == drawn[:, 1:2]).all()
            assert (drawn[:, 4] == drawn[:, 5]).all()
            assert not (drawn[:, 0] == drawn[:, 1]).all()
        assert set(signs.numpy().ravel()) == {-1.0, 1.0}
        assert len(np.unique(normal.numpy())) == 3 * 64


class TestTabM:
    def build(self, variant, **more):
        return members(TabM(members=3, blocks=2, width=7, variant=variant, **more), (1, 1, 2), 2, normal=False)

    @pytest.mark.parametrize("variant", ["tabm", "mini", "packed"])
    def test_members_are_networks_of_their_own(self, variant):
        """Each member's scores, from its own weights alone."""
        network = stirred(self.build(variant))
        w = arrays_of(network)

        def layer(name, m, x):
            if variant == "tabm":
                return (
                    w[f"{name}.after"][m] * (x * w[f"{name}.before"][m] @ w[f"{name}.weight"].T) + w[f"{name}.bias"][m]
                )
            if variant == "mini":
                return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]
            return x @ w[f"{name}.weight"][m] + w[f"{name}.bias"][m]

        def reference(x):
            given = []
            for m in range(3):
                hidden = x * w["0.scale"][m] if variant == "mini" else x
                for name in ("1", "4"):
                    hidden = np.maximum(layer(name, m, hidden), 0)
                given.append(hidden @ w["7.weight"][m] + w["7.bias"][m])
            return np.stack(given, axis=1)

        compared(network, reference, torch.randn(5, 4))

    def test_variants_share_less_and_less(self):
        count = [sum(p.numel() for p in self.build(v).parameters()) for v in ("mini", "tabm", "packed")]
        assert count == sorted(count)
        assert count[2] == 3 * ((4 * 7 + 7) + (7 * 7 + 7) + (7 * 2 + 2))

    @pytest.mark.parametrize("variant", ["tabm", "mini", "packed"])
    def test_in_training_each_member_scores_the_rows_that_are_its_own(self, variant):
        apart, shared = (stirred(self.build(variant, dropout=0.0, share_batches=share)) for share in (False, True))
        assert apart.state_dict().keys() == shared.state_dict().keys()
        rows = torch.randn(5, 3, 4)
        given = apart.train()(rows.flatten(0, 1)).unflatten(0, (5, 3))
        for m in range(3):
            torch.testing.assert_close(given[:, m], shared(rows[:, m])[:, m], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(apart.eval()(rows[:, 0]), shared(rows[:, 0]), rtol=1e-4, atol=1e-5)

    def test_its_members_are_averaged(self):
        torch.manual_seed(0)
        scores = torch.randn(4, 3, 2)
        probability = Probabilities(2)
        softmax = np.exp(scores.numpy()) / np.exp(scores.numpy()).sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(probability(scores).numpy(), softmax.mean(axis=1), rtol=1e-6)
        np.testing.assert_allclose(Values(1)(scores[..., :1]).numpy(), scores[..., 0].numpy().mean(axis=1), rtol=1e-5)

    @pytest.mark.parametrize("head", [Probabilities(3), Marginals(3), Values(1), Quantiles(3)])
    def test_validation_judges_the_scores_of_the_average(self, head):
        scores = torch.randn(6, 4, head.outputs)
        np.testing.assert_allclose(head(head.joined(scores)).numpy(), head(scores).numpy(), rtol=1e-5, atol=1e-6)


def layer_norm(x, w, name):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]


def batch_norm(x, w, name):
    scaled = (x - w[f"{name}.running_mean"]) / np.sqrt(w[f"{name}.running_var"] + 1e-5)
    return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]


def linear(x, w, name):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def attend(asking, asked, w, name, heads):
    """A row, a head and a token that asks at a time."""
    query, key, value = (
        linear(x, w, f"{name}{part}") for x, part in ((asking, "query"), (asked, "key"), (asked, "value"))
    )
    size = query.shape[-1] // heads
    heard = np.zeros_like(query)
    for row in range(len(query)):
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            for token in range(query.shape[1]):
                scores = np.exp(key[row, :, part] @ query[row, token, part] / np.sqrt(size))
                heard[row, token, part] = scores @ value[row, :, part] / scores.sum()
    return linear(heard, w, f"{name}out")


def test_attention_is_the_formula():
    layer = stirred(Attention(6, 2, 0.5))
    w = arrays_of(layer)
    compared(layer, lambda x, y: attend(x, y, w, "", 2), torch.randn(3, 2, 6), torch.randn(3, 5, 6))


def test_a_residual_block_adds_to_what_it_is_given():
    block = stirred(Block(4, 6, 0.5, 0.5))
    w = arrays_of(block)

    def reference(x):
        return x + linear(np.maximum(linear(batch_norm(x, w, "layers.0"), w, "layers.1"), 0), w, "layers.4")

    compared(block, reference, torch.randn(5, 4))


def tokens(numbers, w):
    """The first token, and one a number."""
    first = np.broadcast_to(w["tokens.first"], (len(numbers), 1, 6))
    values = numbers[:, :, None] * w["tokens.numeric.weight"] + w["tokens.numeric.bias"]
    return np.concatenate([first, values], axis=1)


def test_an_ft_transformer_reads_the_answer_off_the_first_token(hand):
    """Two blocks: no normalisation before the first attention, and one asking token in the last."""
    network = stirred(FTTransformer(blocks=2, width=6, heads=2, expansion=1.0).body((hand.numeric,), 2, None))
    w = arrays_of(network)

    def reference(numbers):
        x = tokens(numbers, w)
        for block in ("blocks.0", "blocks.1"):
            normal = x if block == "blocks.0" else layer_norm(x, w, f"{block}.before")
            x = x + attend(normal, normal, w, f"{block}.attention.", 2)
            hidden = linear(layer_norm(x, w, f"{block}.layers.0"), w, f"{block}.layers.1")
            x = x + linear(hidden[..., :6] * np.maximum(hidden[..., 6:], 0), w, f"{block}.layers.4")
        return linear(np.maximum(layer_norm(x[:, 0], w, "head.0"), 0), w, "head.2")

    compared(network, reference, torch.randn(3, 3))


def test_an_ft_transformer_may_normalise_what_comes_out_of_its_parts(hand):
    """As the authors' code without `prenormalization`: the first block too, and nothing before the head."""
    stage = FTTransformer(blocks=2, width=6, heads=2, expansion=1.0, prenormalization=False)
    network = stirred(stage.body((hand.numeric,), 2, None))
    w = arrays_of(network)

    def reference(numbers):
        x = tokens(numbers, w)
        for block in ("blocks.0", "blocks.1"):
            x = layer_norm(x + attend(x, x, w, f"{block}.attention.", 2), w, f"{block}.between")
            hidden = linear(x, w, f"{block}.layers.1")
            added = linear(hidden[..., :6] * np.maximum(hidden[..., 6:], 0), w, f"{block}.layers.4")
            x = layer_norm(x + added, w, f"{block}.after")
        return linear(np.maximum(x[:, 0], 0), w, "head.2")

    compared(network, reference, torch.randn(3, 3))


def test_sizes_are_those_of_the_papers():
    """Weights of the defaults for 3 numbers, codes of 3 and 5, and 2 classes, counted by hand."""
    inputs = 3 + 3 + 5
    block = 2 * 192 + (192 * 384 + 384) + (384 * 192 + 192)
    resnet = (inputs * 192 + 192) + 2 * block + 2 * 192 + (192 * 2 + 2)
    assert count(ResNet().network(inputs, 2)) == resnet
    assert count(LinearNetwork().network(inputs, 2)) == inputs * 2 + 2
    assert count(MLP(layers=(16,)).network(inputs, 2)) == inputs * 16 + 16 + 16 * 2 + 2


def count(module):
    return sum(p.numel() for p in module.parameters())
