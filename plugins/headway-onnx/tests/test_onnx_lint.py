import numpy as np
import onnx
import onnxruntime
import pytest
from headway_onnx.lint import lint, refuse_unsafe
from headway_onnx.protos import GraphError
from onnx import TensorProto, helper, numpy_helper

HEADER = '<ir_version: 10, opset_import: ["" : 20, "ai.onnx.ml" : 3]>\n'
CUBE = (
    "<float[2,4,4] w = {" + ", ".join(["1.0"] * 32) + "}, int64[1] one = {1}, int64[1] last = {-1}, int64[1] two = {2}>"
)


def model(nodes, element="float", shape="batch,2,4"):
    graph = onnx.parser.parse_model(f"{HEADER} g ({element}[{shape}] x) => ({element}[N] y) {CUBE} {{ {nodes} }}")
    graph.graph.output[0].type.tensor_type.ClearField("shape")
    return graph


def operators(graph):
    return [finding.operator for finding in lint(graph)]


@pytest.mark.parametrize(
    ("nodes", "operator", "told"),
    [
        ('y = Einsum<equation: string = "bij,ijk->bik">(x, w)', "Einsum", "MatMul or Gemm"),
        ("y = MatMul(x, w)", "MatMul", "more than two axes"),
        ("t = Transpose(w) y = MatMul(x, t)", "MatMul", "more than two axes"),
        ("y = ReduceMean<keepdims: int = 0>(x, one)", "ReduceMean", "another axis than the last"),
        ("y = ReduceSum<keepdims: int = 0>(x, one)", "ReduceSum", "another axis than the last"),
        ("a = Constant<value_ints: ints = [0]>() y = ReduceSum<keepdims: int = 0>(x, a)", "ReduceSum", "float64"),
        ("y = ReduceMean<keepdims: int = 0>(x)", "ReduceMean", "another axis"),
        ("s = Shape<start: int = 2>(x) y = ReduceSum<keepdims: int = 0>(x, s)", "ReduceSum", "another axis"),
        ("y = Log(x)", "Log", "float64"),
        ("y = Sin(x)", "Sin", "float64"),
        ("y = Cos(x)", "Cos", "float64"),
        ("y = Softplus(x)", "Softplus", "float64"),
    ],
)
def test_unsafe_operators_are_found_with_reason_and_remedy(nodes, operator, told):
    (finding,) = lint(model(nodes))
    assert finding.operator == operator
    assert told in str(finding)


@pytest.mark.parametrize(
    "nodes",
    [
        "y = ReduceSum<keepdims: int = 0>(x, last)",
        "y = ReduceMean<keepdims: int = 0>(x, two)",
        "y = ReduceMax<keepdims: int = 0>(x, one)",
        "y = ReduceSum<noop_with_empty_axes: int = 1>(x)",
        "t = Transpose<perm: ints = [0,2,1]>(x) y = MatMul(x, t)",
        "y = Exp(x)",
        "y = Softmax<axis: int = -1>(x)",
        "l = Log(w) y = MatMul(l, l)",
        "d = Cast<to: int = 11>(x) l = Log(d) y = Cast<to: int = 1>(l)",
        "d = Cast<to: int = 11>(x) l = ReduceMean(d, one) y = Cast<to: int = 1>(l)",
    ],
)
def test_safe_operators_pass(nodes):
    assert lint(model(nodes)) == ()


def test_float64_is_known_from_the_graph_itself():
    assert operators(model("y = Log(x)", element="double")) == []
    assert operators(model("h = Cast<to: int = 1>(x) l = Log(h) y = Cast<to: int = 11>(l)", element="double")) == [
        "Log"
    ]


def test_a_two_dimensional_weight_is_safe():
    graph = onnx.parser.parse_model(
        HEADER + "g (float[batch,2] x) => (float[batch,2] y) <float[2,2] v = {1.0, 2.0, 3.0, 4.0}> { y = MatMul(x, v) }"
    )
    assert lint(graph) == ()


def tree(double):
    """One split of one feature; tensors in double, or lists of floats."""
    kind = (lambda values: numpy_helper.from_array(np.array(values))) if double else list
    suffix = "_as_tensor" if double else ""
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        ["y"],
        name="trees",
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2],
        nodes_featureids=[0, 0, 0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 0, 0],
        target_treeids=[0, 0],
        target_nodeids=[1, 2],
        target_ids=[0, 0],
        **{f"nodes_values{suffix}": kind([0.1, 0.0, 0.0]), f"target_weights{suffix}": kind([1.0, 2.0])},
    )
    element = TensorProto.DOUBLE if double else TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", element, ["batch", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 1])],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def test_trees_must_be_in_double():
    onnxruntime.InferenceSession(tree(double=False).SerializeToString(), providers=["CPUExecutionProvider"])
    assert operators(tree(double=False)) == ["TreeEnsembleRegressor"]
    assert operators(tree(double=True)) == []


def test_linear_classifiers_are_refused():
    node = helper.make_node(
        "LinearClassifier", ["x"], ["l", "y"], name="linear", domain="ai.onnx.ml", coefficients=[1.0, 2.0],
        intercepts=[0.0, 0.0], classlabels_ints=[0, 1], post_transform="SOFTMAX",
    )  # fmt: skip
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    assert operators(helper.make_model(graph, opset_imports=opsets, ir_version=10)) == ["LinearClassifier"]


def test_the_error_names_every_node():
    graph = model("a = Log(x) b = Sin(a) y = Exp(b)")
    graph.graph.node[0].name, graph.graph.node[1].name = "features/log", "features/season"
    with pytest.raises(GraphError, match=r"'features/log' \(Log\).*'features/season' \(Sin\)") as caught:
        refuse_unsafe(graph)
    assert caught.value.code == "graph-unsafe"


def test_bytes_outside_the_operator_list_are_refused():
    graph = model("y = Exp(x)")
    graph.graph.node[0].op_type = "Loop"
    with pytest.raises(GraphError, match="not in the list"):
        lint(graph.SerializeToString())
