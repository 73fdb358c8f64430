"""Embeddings, one-hot columns and tokens, against plain numpy."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from headway.errors import DataError
from headway_lightning.inputs.embeddings import ColumnLinear
from headway_lightning.inputs.encoding import Encoder
from headway_lightning.inputs.numeric import Periodic, PiecewiseLinear
from headway_lightning.inputs.tokens import Tokens
from headway_lightning.zoo.ft_transformer import FTTransformer
from hypothesis import example, given, settings
from hypothesis import strategies as st


@pytest.fixture
def random():
    return np.random.default_rng(5)


def encoded(config, train, numbers):
    """What the bins alone make of numbers: the layer behind them is the identity."""
    module = replace(config, linear=False, size=config.bins).build(train.shape[1])
    module.fit(torch.from_numpy(train))
    with torch.no_grad():
        module.linear.weight.copy_(torch.eye(config.bins).expand(train.shape[1], -1, -1))
        module.linear.bias.zero_()
        return module.eval()(torch.from_numpy(numbers)).numpy()


def by_definition(bins, train, numbers):
    """Equation 1 of Gorishniy et al. (2022), a number at a time; the last bin stands at the end."""
    edges = np.unique(np.quantile(train.astype(np.float64), np.linspace(0, 1, bins + 1)).astype(np.float32))
    parts = np.zeros((len(numbers), bins))
    last = len(edges) - 2
    for row, x in enumerate(numbers):
        for bin_, (low, high) in enumerate(itertools.pairwise(edges)):
            if x < low and bin_ > 0:
                value = 0.0
            elif x >= high and bin_ < last:
                value = 1.0
            else:
                value = (float(x) - low) / (float(high) - low)
            parts[row, bins - 1 if bin_ == last else bin_] = value
    return parts


class TestPiecewiseLinear:
    def test_it_is_the_definition_for_all_kinds_of_columns(self, random):
        """Continuous, few values, two values, one value, and one with a heavy tail."""
        train = np.stack(
            [
                random.normal(size=500),
                random.integers(0, 4, 500),
                random.integers(0, 2, 500),
                np.full(500, 3.0),
                np.exp(3 * random.normal(size=500)),
            ],
            axis=1,
        ).astype(np.float32)
        outside = np.array([[-50.0] * 5, [50.0] * 5], np.float32)
        numbers = np.concatenate([train[:40], outside, train[:40] + np.float32(0.37)])
        parts = encoded(PiecewiseLinear(bins=8), train, numbers)
        for column in range(5):
            expected = by_definition(8, train[:, column], numbers[:, column])
            np.testing.assert_allclose(parts[:, column], expected, rtol=2e-5, atol=2e-6)
        assert not parts[:, 3].any()  # a constant column says nothing

    @settings(max_examples=30, deadline=None)
    @example([0.0, 7e-45], 2)
    @given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=30), st.integers(2, 12))
    def test_each_part_rises_with_the_number(self, values, bins):
        train = np.array(values, np.float32)[:, None]
        numbers = np.linspace(-2e3, 2e3, 41, dtype=np.float32)[:, None]
        parts = encoded(PiecewiseLinear(bins=bins), train, numbers)[:, 0]
        assert np.isfinite(parts).all()
        assert (np.diff(parts, axis=0) >= 0).all()

    def test_by_default_it_begins_as_a_linear_embedding(self, random):
        train = random.normal(size=(100, 2)).astype(np.float32)
        module = PiecewiseLinear(bins=4, size=3).build(2)
        module.fit(torch.from_numpy(train))
        plain = module.plain
        expected = train[:, :, None] * plain.weight.detach().numpy() + plain.bias.detach().numpy()
        np.testing.assert_allclose(module(torch.from_numpy(train)).detach().numpy(), expected, rtol=1e-6, atol=1e-7)
        assert not module.linear.weight.any()

    def test_what_would_never_learn_is_refused(self):
        with pytest.raises(DataError, match="never learns"):
            PiecewiseLinear(activation=True)
        assert (PiecewiseLinear(activation=True, linear=False).build(2)(torch.randn(5, 2)) >= 0).all()


@pytest.mark.parametrize("shared", [False, True])
def test_periodic_is_relu_of_a_layer_on_cosines_and_sines(random, shared):
    numbers = random.normal(size=(7, 3)).astype(np.float32)
    module = Periodic(frequencies=5, scale=0.5, size=4, shared=shared).build(3)
    frequencies = module.frequencies.detach().numpy().astype(np.float64)
    assert np.abs(frequencies).max() <= 3 * 0.5
    phase = 2 * np.pi * frequencies * numbers[:, :, None]
    waves = np.concatenate([np.cos(phase), np.sin(phase)], axis=-1)
    weight, bias = (p.detach().numpy().astype(np.float64) for p in (module.linear.weight, module.linear.bias))
    product = waves @ weight.T if shared else np.stack([waves[:, c] @ weight[c] for c in range(3)], axis=1)
    for mode in (True, False):
        given = module.train(mode)(torch.from_numpy(numbers)).detach().numpy()
        np.testing.assert_allclose(given, np.maximum(product + bias, 0), rtol=1e-4, atol=1e-5)


def test_a_layer_a_column_is_the_same_in_training_and_evaluation(random):
    given = torch.from_numpy(random.normal(size=(6, 4, 3)).astype(np.float32))
    layer = ColumnLinear(4, 3, 2)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    expected = np.stack([given[:, c].numpy() @ weight[c] + bias[c] for c in range(4)], axis=1)
    for mode in (True, False):
        np.testing.assert_allclose(layer.train(mode)(given).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


class TestEncoder:
    def test_without_embeddings_codes_get_a_column_each(self, hand):
        encoder = Encoder((hand.numeric, hand.categorical), 0)
        numbers, codes = torch.randn(4, 3), torch.tensor([[0, 4], [2, 0], [1, 1], [0, 3]])
        expected = np.concatenate([numbers.numpy(), np.eye(3)[codes[:, 0]], np.eye(5)[codes[:, 1]]], axis=1)
        np.testing.assert_array_equal(encoder(numbers, codes).numpy(), expected.astype(np.float32))
        assert encoder.sizes == (1, 1, 1, 3, 5)

    def test_it_tells_how_many_columns_a_feature_takes(self, hand):
        encoder = Encoder((hand.numeric, hand.categorical), 2, Periodic(frequencies=2, size=6))
        given = encoder(torch.randn(4, 3), torch.zeros(4, 2, dtype=torch.int64))
        assert encoder.sizes == (6, 6, 6, 2, 2)
        assert given.shape == (4, encoder.width) == (4, 22)


class TestTokens:
    def test_they_are_a_first_one_then_numbers_then_codes(self, hand, random):
        tokens = Tokens((hand.numeric, hand.categorical), 6)
        numbers = random.normal(size=(5, 3)).astype(np.float32)
        codes = random.integers(0, (3, 5), (5, 2))
        weights = {name: value.numpy() for name, value in tokens.state_dict().items()}
        parts = [np.broadcast_to(weights["first"], (5, 1, 6))]
        parts += [numbers[:, :, None] * weights["numeric.weight"] + weights["numeric.bias"]]
        tables = [weights[f"tables.{i}.weight"][codes[:, i]] for i in range(2)]
        parts += [np.stack(tables, axis=1) + weights["bias"]]
        given = tokens(torch.from_numpy(numbers), torch.from_numpy(codes)).detach().numpy()
        np.testing.assert_allclose(given, np.concatenate(parts, axis=1), rtol=1e-6, atol=1e-7)

    @pytest.mark.parametrize("names", [("numeric",), ("categorical",)])
    def test_either_kind_of_feature_will_do(self, hand, names):
        tokens = Tokens([getattr(hand, name) for name in names], 4)
        arrays = {"numeric": torch.randn(2, 3), "categorical": torch.ones(2, 2, dtype=torch.int64)}
        assert tokens(*(arrays[name] for name in names)).shape == (2, 1 + (3 if "numeric" in names else 2), 4)

    def test_an_embedding_of_numbers_takes_the_size_of_a_token(self, hand):
        assert Tokens((hand.numeric,), 12, PiecewiseLinear()).numeric.size == 12
        assert Tokens((hand.numeric,), 12, Periodic(size=12)).numeric.size == 12

    def test_another_size_is_refused(self, hand):
        with pytest.raises(DataError, match="gives 16 numbers a feature, but the tokens of this network have 192"):
            FTTransformer().body((hand.numeric,), 2, PiecewiseLinear(size=16))
