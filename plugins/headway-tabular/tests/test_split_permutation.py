"""The permutation behind random splits: one to one, and uniform."""

import numpy as np
import pytest
from headway_tabular.splits.permutation import permuted
from hypothesis import given
from hypothesis import strategies as st


@given(size=st.integers(1, 3000), seed=st.integers(-(2**63), 2**63), stream=st.integers(0, 2**40))
def test_every_place_is_taken_once(size, seed, stream):
    assert sorted(permuted(np.arange(size), size, seed, stream).tolist()) == list(range(size))


@given(sizes=st.lists(st.integers(1, 50), min_size=1, max_size=20), seed=st.integers(0, 9))
def test_sizes_and_streams_a_position_give_what_each_gives_alone(sizes, seed):
    index = np.concatenate([np.arange(size) for size in sizes])
    size, stream = np.repeat(sizes, sizes), np.repeat(np.arange(len(sizes)), sizes)
    alone = [permuted(np.arange(size), size, seed, number) for number, size in enumerate(sizes)]
    assert permuted(index, size, seed, stream).tolist() == np.concatenate(alone).tolist()


def test_the_permutation_of_a_seed_is_the_same_everywhere():
    assert permuted(np.arange(10), 10, 7).tolist() == [1, 6, 2, 3, 8, 0, 7, 4, 9, 5]
    big = permuted(np.array([0, 1, 10**12]), 10**12 + 7, 7, 3)
    assert big.tolist() == [513621705838, 778606653750, 811973907209]


def chi_square(counts, expected):
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("size", [2, 3, 5, 7, 12, 37, 1024])
def test_every_position_goes_to_every_place_equally_often(size):
    draws = max(20_000, 400_000 // size) if size < 1000 else 1000
    places = permuted(np.tile(np.arange(size), draws), size, 0, np.repeat(np.arange(draws), size))
    counts = np.bincount(places * size + np.tile(np.arange(size), draws), minlength=size**2)
    freedom = (size - 1) ** 2
    assert chi_square(counts, draws / size) * (size - 1) / size < freedom + 4 * np.sqrt(2 * freedom) + 4


def test_seeds_are_as_independent_as_streams():
    places = np.array([permuted(np.arange(9), 9, seed) for seed in range(1000)])
    counts = np.array([np.bincount(places[:, i], minlength=9) for i in range(9)])
    assert chi_square(counts, 1000 / 9) * 8 / 9 < 64 + 4 * np.sqrt(2 * 64)


@pytest.mark.parametrize(("size", "orders"), [(3, 6), (4, 24), (5, 120)])
def test_all_orders_of_a_few_rows_are_equally_frequent(size, orders):
    draws = 24_000
    stream = np.repeat(np.arange(draws), size)
    places = permuted(np.tile(np.arange(size), draws), size, 0, stream).reshape(draws, size)
    _, counts = np.unique(places, axis=0, return_counts=True)
    assert len(counts) == orders
    assert chi_square(counts, draws / orders) < orders - 1 + 4 * np.sqrt(2 * (orders - 1)) + 4


@pytest.mark.parametrize("seed", range(5))
def test_blocks_of_rows_fall_evenly_into_a_split(seed):
    size, blocks = 200_000, 200
    chosen = (permuted(np.arange(size), size, seed) < size // 5).reshape(blocks, -1).sum(axis=1)
    expected = size / blocks / 5
    spread = expected * 0.8  # the variance of a draw without replacement, nearly
    statistic = float(((chosen - expected) ** 2 / spread).sum())
    assert abs(statistic - blocks) < 4 * np.sqrt(2 * blocks)
    neighbours = np.corrcoef(*(permuted(np.arange(size), size, seed)[part] for part in (slice(1, None), slice(-1))))
    assert abs(neighbours[0, 1]) < 4 / np.sqrt(size)
