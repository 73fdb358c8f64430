import contextlib

import onnx
import pytest
from headway_onnx.protos import GraphError, parse, strip, to_bytes
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

HEADER = '<ir_version: 10, opset_import: ["" : 20]>\n'
PLAIN = "g (float[batch] x) => (float[batch] y) <float c = {2.0}> { h = Mul(x, c) y = Neg(h) }"


@pytest.fixture
def plain():
    return onnx.parser.parse_model(HEADER + PLAIN)


def test_bytes_survive_a_round_trip(plain):
    content = to_bytes(plain)
    assert to_bytes(parse(content)) == content


def test_texts_and_metadata_of_every_part_are_stripped(plain):
    clean = to_bytes(plain)
    secret = "/home/someone/module.py"
    graph = plain.graph
    for holder in (plain, graph, graph.node[0], graph.input[0], graph.output[0], graph.initializer[0]):
        holder.doc_string = secret
        holder.metadata_props.add(key="stack", value=secret)
    graph.node[0].attribute.append(helper.make_attribute("alpha", 1.0, doc_string=secret))
    plain.producer_name, plain.producer_version, plain.domain = secret, secret, secret
    graph.value_info.append(helper.make_tensor_value_info("h", TensorProto.FLOAT, ["batch"], secret))
    graph.name = secret
    assert secret.encode() not in strip(plain).SerializeToString()
    del plain.graph.node[0].attribute[:]
    assert to_bytes(plain) == clean


def test_stripping_leaves_the_given_graph_as_it_is(plain):
    plain.producer_name = "someone"
    strip(plain)
    assert plain.producer_name == "someone"


@pytest.mark.parametrize("content", [b"", b"\x00", b"not a graph at all"])
def test_content_that_is_no_graph_is_refused(content):
    with pytest.raises(GraphError) as caught:
        parse(content)
    assert caught.value.code in {"graph-size", "graph-format"}


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_damaged_bytes_give_a_graph_or_a_graph_error_and_nothing_else(position, damage):
    content = bytearray(to_bytes(onnx.parser.parse_model(HEADER + PLAIN)))
    position %= len(content)
    content[position : position + len(damage)] = damage
    with contextlib.suppress(GraphError):
        assert parse(bytes(content)).graph.node


def test_external_data_are_refused_wherever_they_hide(plain):
    tensor = plain.graph.initializer[0]
    tensor.external_data.add(key="location", value="../../etc/passwd")
    with pytest.raises(GraphError, match="'c' in another file") as caught:
        parse(plain.SerializeToString())
    assert caught.value.code == "graph-external-data"
    hidden = onnx.parser.parse_model(HEADER + "g () => (float y) { y = Constant<value: tensor = float {1.0}>() }")
    hidden.graph.node[0].attribute[0].t.data_location = TensorProto.EXTERNAL
    with pytest.raises(GraphError, match="in another file"):
        parse(hidden.SerializeToString())


@pytest.mark.parametrize(
    ("domain", "operator"),
    [
        ("", "Loop"),
        ("", "RandomNormal"),
        ("", "If"),
        ("com.example", "Add"),
        ("com.microsoft", "Gelu"),
        ("", "Dropout"),
    ],
)
def test_operators_outside_the_list_are_refused_by_name(plain, domain, operator):
    plain.graph.node[1].domain, plain.graph.node[1].op_type = domain, operator
    with pytest.raises(GraphError, match=f"uses {domain}.?{operator}, which is not in the list"):
        parse(plain.SerializeToString())


def test_the_long_form_of_the_domain_is_the_same_domain(plain):
    plain.graph.node[1].domain = "ai.onnx"
    assert parse(plain.SerializeToString()).graph.node[1].op_type == "Neg"


def test_graphs_within_graphs_are_refused(plain):
    inner = helper.make_graph([helper.make_node("Neg", ["a"], ["b"])], "inner", [], [])
    plain.graph.node[1].attribute.append(helper.make_attribute("body", inner))
    with pytest.raises(GraphError, match="a graph of its own"):
        parse(plain.SerializeToString())


def test_functions_are_refused(plain):
    plain.functions.append(
        helper.make_function("local", "F", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], plain.opset_import)
    )
    with pytest.raises(GraphError, match="functions"):
        parse(plain.SerializeToString())


def test_a_graph_whose_names_or_types_contradict_is_not_written(plain):
    plain.graph.node[1].input[0] = "nowhere"
    with pytest.raises(GraphError, match="not valid"):
        to_bytes(plain)
    wrong = onnx.parser.parse_model(HEADER + "g (float[batch] x) => (double[batch] y) { y = Neg(x) }")
    with pytest.raises(GraphError, match="not valid"):
        to_bytes(wrong)
