"""Words and texts in Hydra's grammar: kept as they are, with their places, and written so that they read back."""

import pytest
from headway.config.grammar import parse
from headway.errors import HeadwayError
from headway.sweeping import Call, Several, Value, read_text, read_word, written
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
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=12)


def same(one, other):
    """Whether two values are equal in JSON, types and the bits of floats included."""
    return repr(one) == repr(other)


def plain(node):
    value = node.value
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(VALUES)
def test_what_is_written_reads_back_bit_for_bit_through_hydra(value):
    override = parse(f"key={written(value)}")
    assert not isinstance(override, HeadwayError), override.what
    assert same(_keys(override.value()), value)
    assert same(plain(read_word(f"key={written(value)}").value), value)


def _keys(value):
    """Keys as a tree has them."""
    if isinstance(value, dict):
        return {str(key): _keys(item) for key, item in value.items()}
    return [_keys(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "text", ["null", "True", "nan", "INF", "1", "1e3", "${a}", "a,b", "a=b", "it's", "\\", "-", ""]
)
def test_text_that_looks_like_something_else_stays_text(text):
    assert parse(f"key={written(text)}").value() == text


def test_plain_names_need_no_quotes():
    assert written(["mlp", "ft_transformer", "small-net"]) == "[mlp,ft_transformer,small-net]"


def test_a_call_is_not_called_and_keeps_its_places():
    text = "model.lr=tag(log, interval( 1e-4 , end=1))"
    word = read_word(text)
    assert (word.prefix, word.key) == ("", "model.lr")
    tag = word.value
    log, interval = tag.positional
    assert (log.value, text[log.start : log.end]) == ("log", "log")
    assert text[tag.start : tag.end] == "tag(log, interval( 1e-4 , end=1))"
    assert text[interval.start : interval.end] == "interval( 1e-4 , end=1)"
    (low,), high = interval.positional, interval.named["end"]
    assert (low.value, text[low.start : low.end]) == (1e-4, "1e-4")
    assert (high.value, type(high.value), text[high.start : high.end]) == (1, int, "1")


def test_values_between_commas_are_several_and_quoted_text_is_text():
    node = read_text(" a, '1', 1,null,[x, {y: 2}]")
    assert isinstance(node, Several)
    assert [plain(item) for item in node.items] == ["a", "1", 1, None, ["x", {"y": 2}]]
    assert [(item.start, item.end) for item in node.items[:2]] == [(1, 2), (4, 7)]


def test_an_unknown_function_is_for_the_sweep_to_tell():
    assert read_text("intervall(1)") == Call("intervall", (Value(1, 10, 11),), {}, 0, 12)


@pytest.mark.parametrize(
    ("word", "prefix", "key"),
    [("+a.b=1", "+", "a.b"), ("++a=1", "++", "a"), ("~a", "~", "a"), ("model@big=x", "", "model@big")],
)
def test_a_word_has_a_prefix_and_a_key(word, prefix, key):
    found = read_word(word)
    assert (found.prefix, found.key) == (prefix, key)


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("interval(1", 10, "close the bracket: interval(1)"),
        ("choice({a: 1}, {'b': 2})", 17, None),
        ("interval(start=1, 2)", 19, None),
        ("interval(start=1, start=2)", 25, None),
        ("1) ", 2, None),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(text, column, hint):
    with pytest.raises(HeadwayError) as caught:
        read_text(text)
    assert (caught.value.where.column, caught.value.hint) == (column, hint)


def test_a_word_that_cannot_be_read_is_told_as_everywhere():
    with pytest.raises(HeadwayError, match="is no override") as caught:
        read_word("model.lr=interval(1")
    assert caught.value.hint == "close the bracket: model.lr=interval(1)"
