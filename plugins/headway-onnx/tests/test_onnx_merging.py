import numpy as np
import onnx
import pytest
from headway_onnx.graphs import as_graph, merge, rename, to_bytes
from headway_onnx.protos import GraphError
from headway_onnx.runtime import OnnxRuntime
from hypothesis import given, settings
from hypothesis import strategies as st

HEADER = '<ir_version: 10, opset_import: ["" : 20]>\n'
SUMS = "g (float[batch] a, float[batch] b) => (float[batch] s, float[batch] d) { s = Add(a, b) d = Sub(a, b) }"
ROOT = "g (float[batch] s) => (float[batch] r) { h = Abs(s) r = Sqrt(h) }"


def model(text):
    return onnx.parser.parse_model(HEADER + text)


def run(merged, **arrays):
    runtime = OnnxRuntime.load(as_graph(merged).files)
    return runtime.run({name: np.asarray(array, dtype=np.float32) for name, array in arrays.items()})


def names(values):
    return [value.name for value in values]


def test_outputs_become_inputs_of_the_same_name():
    merged = merge(model(SUMS), model(ROOT))
    given_names = names(merged.graph.input), names(merged.graph.output)
    assert given_names == (["a", "b"], ["r"])
    np.testing.assert_array_equal(run(merged, a=[1, 2], b=[3, 14])["r"], np.float32([2, 4]))


def test_nodes_that_serve_nothing_vanish():
    merged = merge(model(SUMS), model(ROOT))
    assert [node.op_type for node in merged.graph.node] == ["Add", "Abs", "Sqrt"]


def test_links_may_rename_and_fan_out():
    pair = model("g (float[batch] x, float[batch] y) => (float[batch] p) { p = Mul(x, y) }")
    given_outputs = run(merge(model(SUMS), pair, {"x": "d", "y": "d"}), a=[5], b=[2])
    np.testing.assert_array_equal(given_outputs["p"], np.float32([9]))


def test_kept_outputs_stay_whether_they_are_taken_or_not():
    merged = merge(model(SUMS), model(ROOT), keep=["s", "d"])
    assert names(merged.graph.output) == ["r", "s", "d"]
    given_outputs = run(merged, a=[7], b=[2])
    assert {name: float(array[0]) for name, array in given_outputs.items()} == {"r": 3, "s": 9, "d": 5}


def test_an_input_that_both_have_is_one_input():
    scaled = model("g (float[batch] s, float[batch] a) => (float[batch] r) { r = Div(s, a) }")
    merged = merge(model(SUMS), scaled)
    assert names(merged.graph.input) == ["a", "b"]
    np.testing.assert_array_equal(run(merged, a=[2], b=[6])["r"], np.float32([4]))


def test_inputs_that_are_not_linked_become_inputs():
    scaled = model("g (float[batch] s, float[batch] other) => (float[batch] r) { r = Div(s, other) }")
    merged = merge(model(SUMS), scaled)
    assert names(merged.graph.input) == ["a", "b", "other"]
    np.testing.assert_array_equal(run(merged, a=[2], b=[6], other=[2])["r"], np.float32([4]))


def test_an_output_that_is_an_input_handed_through_survives():
    through = model("g (float[batch] s) => (float[batch] r, float[batch] s) { r = Neg(s) }")
    given_outputs = run(merge(model(SUMS), through), a=[2], b=[6])
    assert {name: float(array[0]) for name, array in given_outputs.items()} == {"r": -8, "s": 8}


def test_inner_names_cannot_collide():
    # The second graph's inner `d` and its constant are named as values of the first.
    clash = model("g (float[batch] s) => (float[batch] r) <float a = {2.0}> { d = Mul(s, a) r = Neg(d) }")
    np.testing.assert_array_equal(run(merge(model(SUMS), clash), a=[2], b=[6])["r"], np.float32([-16]))


def test_an_absent_optional_input_stays_absent():
    clip = model('g (float[batch] s) => (float[batch] r) <float high = {3.0}> { r = Clip(s, "", high) }')
    np.testing.assert_array_equal(run(merge(model(SUMS), clip), a=[2, -9], b=[6, 0])["r"], np.float32([3, -9]))


@pytest.mark.parametrize(
    ("second", "arguments", "told"),
    [
        ("g (float[batch] z) => (float[batch] r) { r = Neg(z) }", {}, "takes none of"),
        (ROOT, {"links": {"s": "nothing"}}, "'nothing' cannot become 's'"),
        (ROOT, {"keep": ["nothing"]}, "no output 'nothing' to keep"),
        ("g (double[batch] s) => (double[batch] r) { r = Neg(s) }", {}, "'s' is float32, 's' must be float64"),
        ("g (float[batch,2] s) => (float[batch,2] r) { r = Neg(s) }", {}, "has 1 axes, 's' must have 2"),
        ("g (float[batch] s, double[batch] a) => (float[batch] r) { r = Neg(s) }", {}, "'a' is float32"),
        ("g (float[batch] s) => (float[batch] a) { a = Neg(s) }", {}, "output 'a' of the second graph"),
        ("g (float[batch] s) => (float[batch] d) { d = Neg(s) }", {"keep": ["d"]}, "output 'd' of the second graph"),
        ("g (float[batch] s, float[batch] d) => (float[batch] r) { r = Add(s, d) }",
         {"links": {"s": "s"}, "keep": ["d"]}, "both an input and an output"),
    ],
)  # fmt: skip
def test_graphs_that_do_not_fit_are_refused(second, arguments, told):
    with pytest.raises(GraphError, match=told):
        merge(model(SUMS), model(second), **arguments)


def test_another_opset_is_refused_not_relabelled():
    old = model(ROOT)
    old.opset_import[0].version = 9
    with pytest.raises(GraphError, match=r"opset 9 of 'ai\.onnx', not 20"):
        merge(model(SUMS), old)


def test_opsets_are_imported_once_each():
    twice = model(ROOT)
    twice.opset_import.add(domain="", version=20)
    merged = merge(twice, model("g (float[batch] r) => (float[batch] t) { t = Neg(r) }"))
    assert [(entry.domain, entry.version) for entry in merged.opset_import] == [("", 20)]


def test_the_given_graphs_are_left_as_they_are():
    first, second = model(SUMS), model(ROOT)
    before = first.SerializeToString(deterministic=True), second.SerializeToString(deterministic=True)
    merge(first, second, keep=["s"])
    assert (first.SerializeToString(deterministic=True), second.SerializeToString(deterministic=True)) == before


def test_rename_gives_fixed_names_and_prefixes_the_rest():
    renamed = rename(model(ROOT), {"s": "in", "r": "out"}, "p/")
    assert [(list(n.input), list(n.output)) for n in renamed.graph.node] == [(["in"], ["p/h"]), (["p/h"], ["out"])]
    to_bytes(renamed)


OPERATORS = st.sampled_from(["Neg", "Abs", "Tanh", "Sigmoid", "Exp", "Relu"])


def chain(operators, taken, given):
    """A graph whose inner names are the same in every chain."""
    lines = [f"v{i + 1} = {name}(v{i})" for i, name in enumerate(operators)]
    nodes = " ".join([f"v0 = Identity({taken})", *lines, f"{given} = Identity(v{len(operators)})"])
    return model(f"g (float[batch] {taken}) => (float[batch] {given}) {{ {nodes} }}")


@settings(max_examples=25)
@given(st.lists(st.lists(OPERATORS, max_size=4), min_size=2, max_size=4))
def test_a_merge_is_the_composition_of_its_parts(chains):
    array = np.linspace(-2, 2, 7, dtype=np.float32)
    parts = [chain(operators, f"x{i}", f"x{i + 1}") for i, operators in enumerate(chains)]
    expected, merged = array, parts[0]
    for i, part in enumerate(parts):
        expected = OnnxRuntime.load(as_graph(part).files).run({f"x{i}": expected})[f"x{i + 1}"]
        merged = merge(merged, part) if i else merged
    given_outputs = OnnxRuntime.load(as_graph(merged).files).run({"x0": array})
    np.testing.assert_array_equal(given_outputs[f"x{len(parts)}"], expected)
