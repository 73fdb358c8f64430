"""Random permutations that need no array: the place of one row is computed from its number alone."""

from __future__ import annotations

import numpy as np

ROUNDS, MORE_ROUNDS, SMALL = 8, 24, 1024
"""Rounds, and rounds below a size: a round of few cells mixes little."""

_WORD = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def permuted(index: np.ndarray, size: np.ndarray | int, seed: int, stream: np.ndarray | int = 0) -> np.ndarray:
    """The places of positions under a permutation of 0…size - 1 that the seed and the stream choose.

    A generalised Feistel network over a x b cells, the least grid of about square shape that holds
    `size` of them; a place beyond `size` is permuted again until it is none (cycle walking). Black and
    Rogaway, Ciphers with Arbitrary Finite Domains (2002), sections 4 and 5. The round function is the
    finaliser of SplitMix64 (Steele, Lea and Flood, 2014). Integers only, so every machine gives the same.

    Args:
        index: Positions, integers, each below its size; any shape.
        size: How many positions there are, below 2**52; one number, or one a position.
        seed: Any integer.
        stream: Tells permutations of one seed apart, such as those of several classes; broadcast like `size`.

    Returns:
        Places of the shape of `index`, int64.
    """
    place = np.array(index, dtype=np.uint64)
    sizes = np.broadcast_to(np.asarray(size, dtype=np.uint64), place.shape)
    streams = np.atleast_1d(np.asarray(stream, dtype=np.uint64))  # overflow is silent in arrays, not in scalars
    starts = np.broadcast_to(_mixed(streams + np.uint64(_GOLDEN)) ^ _seeded(seed), place.shape)
    for rounds, pending in ((MORE_ROUNDS, np.flatnonzero(sizes < SMALL)), (ROUNDS, np.flatnonzero(sizes >= SMALL))):
        while len(pending):
            place[pending] = _network(place[pending], sizes[pending], starts[pending], rounds)
            pending = pending[place[pending] >= sizes[pending]]
    return place.astype(np.int64)


def _network(place: np.ndarray, size: np.ndarray, start: np.ndarray, rounds: int) -> np.ndarray:
    """One pass through all rounds: a permutation of the rows x columns cells, at least `size` of them."""
    rows = np.sqrt(size.astype(np.float64)).astype(np.uint64)
    rows[size == 3] = 2  # a single row would be rotated only
    columns = (size + rows - np.uint64(1)) // rows
    left, right = np.divmod(place, columns)
    for number in range(rounds):
        key = start + np.uint64((number + 1) * _GOLDEN & _WORD)
        if number % 2:
            right = _shifted(right, _mixed(left + key), columns)
        else:
            left = _shifted(left, _mixed(right + key), rows)
    return left * columns + right


def _shifted(value: np.ndarray, noise: np.ndarray, size: np.ndarray) -> np.ndarray:
    """``(value + noise) mod size``, with the upper half of the noise reduced to the size first (size < 2**32)."""
    moved = value + ((noise >> np.uint64(32)) * size >> np.uint64(32))
    return np.where(moved >= size, moved - size, moved)


def _mixed(word: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser, on uint64 with overflow."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def _seeded(seed: int) -> np.ndarray:
    return _mixed(np.array([(seed * 2 + 1) & _WORD], dtype=np.uint64))
