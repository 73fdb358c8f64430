import numpy as np
import polars as pl
import pytest
from headway.contracts import MISSING, Column, Strings, feeds
from headway.contracts.strings import FEW
from hypothesis import given
from hypothesis import strategies as st

COLUMN = Column("word", "categorical", "String", nullable=True)
WORDS = st.one_of(st.none(), st.sampled_from(["", "a", " a", "ä", "\x00", "a\x00", "小林", "x" * 300]))


def fed(values):
    return feeds(pl.DataFrame({"word": values}, schema={"word": pl.String}), (COLUMN,))["word"]


@given(st.lists(WORDS, min_size=1, max_size=9))
def test_many_rows_of_few_strings_are_fed_as_distinct_values_and_mean_the_same(words):
    rows = [word for word in words for _ in range(FEW)]
    found = fed(rows)
    assert isinstance(found, Strings)
    assert len(found.values) == len(set(words))
    assert found.tolist() == [MISSING if word is None else word for word in rows]


def test_few_rows_and_rows_of_many_strings_are_plain_arrays():
    for rows in (["a"] * (FEW - 1), [str(i) for i in range(2 * FEW)], []):
        found = fed(rows)
        assert isinstance(found, np.ndarray)
        assert (found.dtype, found.tolist()) == (object, rows)


@pytest.fixture
def strings():
    return Strings(np.array(["b", "a", "no row has it"], dtype=object), np.array([1, 0, 0, 1], dtype=np.uint8))


def test_they_look_like_the_array_they_stand_for(strings):
    array = np.asarray(strings)
    assert array.tolist() == list(strings) == ["a", "b", "b", "a"]
    assert (len(strings), strings.shape, strings.ndim, strings.dtype) == (4, array.shape, array.ndim, array.dtype)
    assert strings.nbytes == array.nbytes
    assert np.array(strings, dtype=str).tolist() == array.tolist()
    assert np.concatenate([strings, strings[:1]]).tolist() == ["a", "b", "b", "a", "a"]


def test_they_are_compared_string_by_string_and_not_hashed(strings):
    assert (strings == "a").tolist() == [True, False, False, True]
    assert (strings != "a").tolist() == [False, True, True, False]
    with pytest.raises(TypeError, match="unhashable"):
        hash(strings)


@given(st.one_of(st.slices(4), st.lists(st.integers(-4, 3)).map(lambda rows: np.array(rows, dtype=np.int64))))
def test_rows_of_them_are_those_of_the_array(rows):
    made = Strings(np.array(["b", "a"], dtype=object), np.array([1, 0, 0, 1], dtype=np.uint8))
    assert isinstance(made[rows], Strings)
    assert made[rows].tolist() == np.asarray(made)[rows].tolist()
    assert [made[i] for i in range(-4, 4)] == [*made, *made]


def test_strings_with_a_history_are_plain_windows():
    column = Column("word", "categorical", "String", history=1)
    found = feeds(pl.DataFrame({"word": ["a", "b"] * FEW}), (column,))["word"]
    assert isinstance(found, np.ndarray)
    assert found[:2].tolist() == [[MISSING, "a"], ["a", "b"]]
