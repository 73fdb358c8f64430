"""What was probably meant by a value of the wrong type."""

import pytest
from headway.config.fixes import fix


@pytest.mark.parametrize(
    ("value", "wanted", "hint"),
    [
        ("0.2", ["a number"], "write 0.2, without quotes"),
        ("1e-3", ["a number", "'auto'"], "write 1.0e-3, without quotes"),
        ("0,2", ["a number"], "write 0.2, with a point"),
        ("20 %", ["a number"], "write 0.2"),
        ("Yes", ["a boolean"], "write true, without quotes"),
        ("off", ["a boolean"], "write false, without quotes"),
        (0, ["a boolean"], "write false"),
        (2, ["a boolean"], None),
        ("[1]", ["an array"], "write [1], without quotes"),
        ("{a: 1}", ["an object"], "write {a: 1}, without quotes"),
        (3, ["an array"], "write a list: [3]"),
        (3.0, ["an integer"], "write 3"),
        (3.5, ["an integer"], None),
        (3, ["a string"], "put it in quotes: '3'"),
        (True, ["'on' or 'off'"], "a bare yes, no, on, off, true or false is no text: put it in quotes"),
        (True, ["a number"], None),
        ("high", ["a number"], None),
        ([1], ["a number"], None),
    ],
)
def test_the_fix(value, wanted, hint):
    assert fix(value, wanted) == hint
