"""Images moved in training: a piece of the image is kept, and nothing but zeros comes in."""

import numpy as np
import pytest
from headway_tabular.shift import Shift
from hypothesis import given
from hypothesis import strategies as st


def shifted(array, down, right):
    """By loops: what lies `down` and `right` of a place, zero outside."""
    height, width = array.shape[-2:]
    moved = np.zeros_like(array)
    for y in range(height):
        for x in range(width):
            if 0 <= y + down < height and 0 <= x + right < width:
                moved[..., y, x] = array[..., y + down, x + right]
    return moved


@given(st.integers(1, 3), st.integers(0, 99), st.sampled_from([(4, 5), (1, 4, 5), (2, 3, 3, 6)]))
def test_each_row_is_moved_as_a_whole_by_no_more_than_it_may(by, seed, shape):
    images = np.random.default_rng(seed).normal(size=(6, *shape)).astype(np.float32)
    kept = images.copy()
    moved = Shift(by)({"tensor": images}, np.random.default_rng(seed))["tensor"]
    np.testing.assert_array_equal(images, kept)
    assert moved.dtype == np.float32
    places = range(-by, by + 1)
    for before, after in zip(images, moved, strict=True):
        assert any(np.array_equal(after, shifted(before, y, x)) for y in places for x in places)


def test_rows_move_their_own_way_and_all_places_are_reached():
    image = np.zeros((500, 1, 5, 5), np.float32)
    image[:, 0, 2, 2] = 1
    moved = Shift(2)({"tensor": image}, np.random.default_rng(0))["tensor"]
    assert (moved.sum(axis=(1, 2, 3)) == 1).all()
    assert (moved.sum(axis=(0, 1)) > 5).all()


def test_equal_generators_move_alike():
    batch = {"tensor": np.arange(80, dtype=np.float32).reshape(5, 1, 4, 4)}
    first, second = (Shift()(batch, np.random.default_rng(3))["tensor"] for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("array", [np.ones((4, 3), np.float32), np.ones((4, 3, 3), np.int64)])
def test_what_is_no_image_stays(array):
    assert Shift()({"a": array}, np.random.default_rng(0))["a"] is array
