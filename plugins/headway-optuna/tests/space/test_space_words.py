"""A point as words: they say just the values, whatever was there before."""

import struct

import pytest
from headway.config.grammar import parse, path_of
from headway.config.origins import Origin
from headway.config.tree import Tree
from headway.errors import HeadwayError
from headway_optuna.space.distributions import Choice, Float, Int
from headway_optuna.space.parameters import Parameter
from headway_optuna.space.space import Space
from hypothesis import given
from hypothesis import strategies as st


def reads_as_itself(key):
    """Whether a key stays what it is: keys have no quotes, so that ``1e3`` would become 1000.0, as in Hydra."""
    if key != key.strip():
        return False
    try:
        return key in (str(float(key)), key.isdigit() and str(int(key)))
    except ValueError:
        return True


KEYS = st.text("abcXYZ_ ()[]{}:=,\\/.-$%*@?|+019", min_size=1).filter(reads_as_itself)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=10)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ODD = ["a,b", "a=b", "it's", '"', "${x}", "\\", "\\'", " a ", "null", "true", "1", "1e3", "nan", "[a]", "{a: b}", "é",
       "a\nb", "", "~x", "+x", "interval(1, 2)", "*", "???", "\u2028", "🙂"]  # fmt: skip


def space(*parameters):
    return Space(parameters)


def laid(words, before=None):
    """What the words come to, laid over a tree by Headway's own rules."""
    tree = Tree()
    if before is not None:
        tree.merge(before, ("model", "x"), Origin(None))
    for word in words:
        override = parse(word)
        assert not isinstance(override, HeadwayError), override.render()
        if override.is_delete():
            tree.delete(path_of(override), Origin(None))
        else:
            tree.merge(override.value(), path_of(override), Origin(None))
    return tree.get(("model", "x"))


def keyed(value):
    """The value with the keys of mappings as text, which in lists is left to JSON."""
    if isinstance(value, dict):
        return {str(key): keyed(item) for key, item in value.items()}
    return [keyed(item) for item in value] if isinstance(value, list) else value


@given(VALUES, VALUES)
def test_a_choice_is_itself_and_nothing_else_whatever_was_there(value, before):
    words = space(Parameter("model.x", Choice.of((value,)))).words({"model.x": value})
    assert repr(keyed(laid(words, before))) == repr(value)


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_stay_themselves(text):
    assert laid(space(Parameter("model.x", Choice.of((text,)))).words({"model.x": text})) == text


@given(FINITE)
def test_floats_keep_every_bit(value):
    (word,) = space(Parameter("model.x", Float(-1e308, 1e308))).words({"model.x": value})
    assert struct.pack("d", laid([word])) == struct.pack("d", value)


@given(st.integers(-(2**53), 2**53))
def test_integers_stay_integers(value):
    found = laid(space(Parameter("model.x", Int(-(2**53), 2**53))).words({"model.x": value}))
    assert (found, type(found)) == (value, int)


def test_values_of_a_grid_are_the_decimals_that_were_meant():
    (word,) = space(Parameter("model.x", Float(0.0, 0.9, step=0.1))).words({"model.x": 0.1 + 0.2})
    assert word == "model.x=0.3"


def test_choices_of_options_come_first_and_inner_keys_last():
    found = space(
        Parameter("a.b.c", Int(0, 9)),
        Parameter("a.b", Choice.of(({"c": 1, "d": 2}, None))),
        Parameter("model", Choice.of(("mlp", "big/net")), is_group=True),
        Parameter("z", Choice.of((True, False))),
    )
    assert found.words({"a.b.c": 3, "a.b": {"c": 1, "d": 2}, "model": "big/net", "z": True}) == (
        "model='big/net'", "z=true", "~a.b", "a.b={c:1,d:2}", "a.b.c=3",
    )  # fmt: skip
    assert found.words({"model": "mlp", "a.b": None}) == ("model=mlp", "a.b=null")
