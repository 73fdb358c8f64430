import math

import numpy as np
import pytest
import torch
from headway.contracts import parse_expression
from headway_tabular.features.derive import evaluate as run
from headway_tabular.testing import open_modules
from headway_tabular.transforms import Block
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.floats(width=64),
    st.sampled_from([0.0, -0.0, 1.0, 65.0, 5e-324, 1e300, -1e300, math.inf, -math.inf, math.nan]),
)


def evaluate(text, **columns):
    expression = parse_expression(text, "x", columns)
    tensors = {name: torch.tensor([value], dtype=torch.float64) for name, value in columns.items()}
    return run(expression, tensors).item()


def same(ours, wanted):
    return ours == wanted or (math.isnan(ours) and math.isnan(wanted))


def reference(operator, a, b):
    """IEEE arithmetic in pure Python, missing in, missing out."""
    try:
        return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: divide(a, b)}[operator]()
    except OverflowError:
        return math.inf


def divide(a, b):
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


@given(NUMBERS, NUMBERS, st.sampled_from("+-*/"))
def test_arithmetic_is_that_of_python_floats(a, b, operator):
    assert same(evaluate(f"a {operator} b", a=a, b=b), reference(operator, a, b))


@given(NUMBERS, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_comparisons_give_one_or_zero_and_missing_for_missing(a, b, operator):
    holds = {
        "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b,
    }[operator]  # fmt: skip
    wanted = math.nan if math.isnan(a) or math.isnan(b) else float(holds)
    assert same(evaluate(f"a {operator} b", a=a, b=b), wanted)


@given(st.integers(-1000, 1000), st.integers(-50, 50).filter(bool))
def test_floor_division_and_remainder_round_down_as_pythons(a, b):
    assert evaluate("a // b", a=float(a), b=float(b)) == a // b
    assert evaluate("a % b", a=float(a), b=float(b)) == a % b


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-a + 1", -1),
        ("a < 3 and b > 4", 1),
        ("a < 1 or b > 4", 1),
        ("not a", 0),
        ("1 < a < b", 1),
        ("1 < a < 2", 0),
        ("a and 0", 0),
        ("1e3", 1000),
    ],
)
def test_the_grammar(text, wanted):
    assert evaluate(text, a=2.0, b=5.0) == wanted


def test_missing_passes_through_logic():
    assert math.isnan(evaluate("a and 0", a=math.nan))
    assert math.isnan(evaluate("not a", a=math.nan))


def test_odd_names_stand_in_backticks():
    columns = {"hours per week": 40.0, "é": 2.0}
    expression = parse_expression("`hours per week` / `é` + é", "x", columns)
    assert expression.columns == {"hours per week", "é"}
    tensors = {name: torch.tensor([value], dtype=torch.float64) for name, value in columns.items()}
    assert run(expression, tensors).item() == 22


def test_constants_keep_all_their_digits_in_the_exported_graph():
    texts = {"at least": "x >= 0.1", "times": "x * 0.1", "beyond float32": "x - 16777217"}

    class Derived(torch.nn.Module):
        def forward(self, x):
            columns = {"x": x[:, 0]}
            return torch.stack([run(parse_expression(t, "x", columns), columns) for t in texts.values()], dim=1)

    graph = open_modules({"y": Derived()}, Block("number", ("x",)))
    x = np.array([0.1, math.nextafter(0.1, 0), 3.0, 16777217.0])
    np.testing.assert_array_equal(graph(x[:, None])["y"], np.stack([x >= 0.1, x * 0.1, x - 16777217.0], axis=1))
