"""Points that are tried first."""

import pytest

SPACE = """
space:
  model: mlp, resnet
  model.dropout: interval(0, 0.5)
  model.blocks: int(interval(1, 8))
  model.rate: range(0, 1, 0.1)
  model.layers: choice([128, 128], [256, 256], null)
  model.optimizer: 'choice({adamw: {fused: false}}, adam)'
  model.flag: choice(true, 'true')
when:
  model.blocks: model == 'resnet'
"""


def test_points_may_have_nested_keys_and_leave_parameters_out(search):
    space = search.read(
        SPACE + "enqueue:\n"
        "  - {model: mlp, model.dropout: 0, model.rate: 0.3}\n"
        "  - model.optimizer: {adamw: {fused: false}}\n    model.layers: [256, 256]\n"
        "  - model.layers: null\n    model.flag: 'true'\n"
        "  - {}\n"
    )
    first, second, third, fourth = space.enqueue
    assert first == {"model": "mlp", "model.dropout": 0.0, "model.rate": 0.3}
    assert isinstance(first["model.dropout"], float)
    assert second == {"model.optimizer": {"adamw": {"fused": False}}, "model.layers": [256, 256]}
    assert (third, fourth) == ({"model.layers": None, "model.flag": "true"}, {})


def test_a_point_may_lie_in_nested_keys_below_no_parameter(search):
    space = search.read("space: {net: {a: 'range(3)', b: 'range(4)'}}\nenqueue: [{net: {a: 1, b: 3}}]\n")
    assert space.enqueue == ({"net.a": 1, "net.b": 3},)


@pytest.mark.parametrize(
    ("point", "column", "what"),
    [
        ("{model: mpl}", 13, "model: mpl is none of mlp, resnet"),
        ("{model.dropout: 0.7}", 21, "model.dropout: 0.7 is not between 0 and 0.5"),
        ("{model.dropout: true}", 21, "model.dropout: true is no number"),
        ("{model.dropout: '0.1'}", 21, "model.dropout: '0.1' is no number"),
        ("{model.blocks: 1.0}", 20, "model.blocks: 1.0 is no integer"),
        ("{model.blocks: 9}", 20, "model.blocks: 9 is not between 1 and 8"),
        ("{model.rate: 0.25}", 18, "model.rate: 0.25 is not on the grid of float 0 … 0.9 by 0.1"),
        ("{model.rate: 1.0}", 18, "model.rate: 1.0 is not between 0 and 0.9"),
        ("{model.layers: [128]}", 20, "model.layers: [128] is none of [128, 128], [256, 256], null"),
        ("{model.flag: 1}", 18, "model.flag: 1 is none of true, "),
        ("{model.optimizer: {adamw: {}}}", 23, "model.optimizer: {adamw: {}} is none of"),
        ("{modle: mlp}", 13, "unknown parameter 'modle'; did you mean 'model'"),
        ("{model: mlp, model.blocks: 3}", 5, "model.blocks is searched only when model == 'resnet'"),
    ],
)
def test_a_point_outside_of_the_space_is_refused_where_it_stands(search, point, column, what):
    fault = search.fault(f"{SPACE}enqueue:\n  - {{}}\n  - {point}\n")
    assert what in fault.what
    assert (fault.where.line, fault.where.column) == (14, column + 2)


def test_a_parameter_twice_in_a_point_is_refused(search):
    fault = search.fault("space: {a.b: 'range(3)'}\nenqueue: [{a.b: 1, a: {b: 2}}]\n")
    assert "a.b is twice in the point" in fault.what


def test_an_int_beyond_an_odd_step_is_refused(search):
    assert "3 is not one of 1 … 7 by 3" in search.fault("space: {a: 'range(1, 10, 3)'}\nenqueue: [{a: 3}]\n").what
