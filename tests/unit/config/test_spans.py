"""A fault inside a list or mapping of the command line has its caret under the item."""

import pytest
from headway.config.spans import span

WORD = "a={b: [1, 'x,y', {c: [2]}], d: e}"


@pytest.mark.parametrize(
    ("path", "of_key", "part"),
    [
        ((), False, "{b: [1, 'x,y', {c: [2]}], d: e}"),
        (("b",), False, "[1, 'x,y', {c: [2]}]"),
        (("b",), True, "b"),
        (("b", 0), False, "1"),
        (("b", 1), False, "'x,y'"),
        (("b", 2, "c", 0), False, "2"),
        (("b", 2, "c"), True, "c"),
        (("d",), False, "e"),
        (("d", "nothing"), False, "e"),
        (("b", 7), False, "[1, 'x,y', {c: [2]}]"),
    ],
)
def test_the_part_that_is_meant(path, of_key, part):
    start, end = span(WORD, path, 2, of_key=of_key)
    assert WORD[start:end] == part
