"""The parity gate on the models of this plugin, faithful and tampered with."""

import numpy as np
import pytest
from headway.contracts import TARGET, ArraySpec, Features, Source
from headway.errors import HeadwayError
from headway.plugins import load
from headway.testing import Recorder, make_context, tiny_dataset
from headway_onnx.export import OnnxExport
from headway_onnx.graphs import as_graph, parse
from headway_onnx.runtime import OnnxRuntime
from headway_sklearn.baselines import Linear, Majority
from headway_sklearn.boosting import HistGradientBoosting
from headway_sklearn.forest import RandomForest
from headway_sklearn.light import LightGBM
from onnx import numpy_helper, parser

TREES = [
    HistGradientBoosting(max_iter=20),
    LightGBM(max_iter=20, min_data_in_leaf=5),
    RandomForest(n_estimators=20),
]
trees = pytest.mark.parametrize("stage", TREES, ids=lambda stage: type(stage).__name__)


@pytest.fixture
def context(tmp_path):
    return make_context(tmp_path / "work", load().registry, name="model", recorder=Recorder())


@pytest.fixture(scope="module")
def data():
    return tiny_dataset(rows=200)


@pytest.fixture(scope="module")
def features(data):
    graph = as_graph(
        parser.parse_model(
            '<ir_version: 10, opset_import: ["" : 20]> g (double[batch] age, double[batch] gain) => '
            "(float[batch,2] numeric, int64[batch,1] categorical) "
            "<double s = {100.0}, int64[1] one = {1}, double low = {-1e6}, double high = {1e6}, double z = {0.0}> "
            "{ a = Div(age, s) g0 = Div(gain, s) n = IsNaN(a) m = IsNaN(g0) a1 = Where(n, z, a) g1 = Where(m, z, g0) "
            "a2 = Clip(a1, low, high) g2 = Clip(g1, low, high) a3 = Unsqueeze(a2, one) g3 = Unsqueeze(g2, one) "
            "w = Concat<axis: int = 1>(a3, g3) numeric = Cast<to: int = 1>(w) "
            "b = Greater(gain, s) c = Unsqueeze(b, one) categorical = Cast<to: int = 7>(c) }"
        )
    )
    columns = tuple(data.schema.column(name) for name in ("age", "gain"))
    runtime, sources = OnnxRuntime.load(graph.files), {}
    for split in data.splits:
        frame = data.split(split).collect()
        arrays = runtime.run({name: frame[name].cast(float).to_numpy() for name in ("age", "gain")})
        sources[split] = Source({**arrays, TARGET: (frame["income"] == ">50K").to_numpy().astype(np.int64)}, len(frame))
    specs = (ArraySpec("numeric", "float32", (2,)), ArraySpec("categorical", "int64", (1,), (), (2,)))
    return Features(columns, data.recipe, graph, specs, data.schema.target, sources)


@pytest.mark.parametrize("stage", [Linear(), Majority(), *TREES], ids=lambda stage: type(stage).__name__)
def test_models_pass_the_parity_gate(context, data, features, stage):
    predictor = OnnxExport().run(context, data, features, stage.run(context, features))
    assert predictor.evidence["passed"]


def node_of(model):
    return next(node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor")


def attribute(model, name):
    return next(item for item in node_of(model).attribute if item.name == name)


def set_tensor(model, name, change):
    held = attribute(model, name).t
    array = numpy_helper.to_array(held).copy()
    change(array)
    held.CopyFrom(numpy_helper.from_array(array, held.name))


def modes(model):
    return np.array([mode.decode() for mode in attribute(model, "nodes_modes").strings])


def one_leaf(model):
    """The largest answer of a leaf is a little larger."""

    def change(weights):
        weights[np.abs(weights).argmax()] *= 1.01

    set_tensor(model, "target_weights_as_tensor", change)


def thresholds(model):
    """The first node that compares numbers sends all rows one way."""
    place = int(np.flatnonzero(modes(model) == "BRANCH_LEQ")[0])

    def change(values):
        values[place] = -1e9

    set_tensor(model, "nodes_values_as_tensor", change)


def children(model):
    """The first root sends rows the wrong way."""
    place = int(np.flatnonzero(modes(model) != "LEAF")[0])
    one, two = (attribute(model, f"nodes_{way}nodeids").ints for way in ("true", "false"))
    one[place], two[place] = two[place], one[place]


@trees
@pytest.mark.parametrize("tamper", [one_leaf, thresholds, children])
def test_trees_that_were_tampered_with_are_refused(context, data, features, stage, tamper, monkeypatch):
    model = stage.run(context, features)
    written = parse(model.export().files["model.onnx"])
    tamper(written)
    monkeypatch.setattr(type(model), "export", lambda self: as_graph(written))
    with pytest.raises(HeadwayError, match=r"the exported graph failed .* framework") as caught:
        OnnxExport().run(context, data, features, model)
    assert caught.value.code == "parity"


@trees
def test_trees_in_single_precision_are_refused(context, data, features, stage, monkeypatch):
    model = stage.run(context, features)
    written = parse(model.export().files["model.onnx"])
    node = node_of(written)
    for item in list(node.attribute):
        if item.name.endswith("_as_tensor"):
            plain = type(item)(name=item.name.removesuffix("_as_tensor"), type=6)  # FLOATS
            plain.floats.extend(numpy_helper.to_array(item.t).astype(np.float32))
            node.attribute.remove(item)
            node.attribute.append(plain)
    monkeypatch.setattr(type(model), "export", lambda self: as_graph(written))
    with pytest.raises(HeadwayError) as caught:
        OnnxExport().run(context, data, features, model)
    assert caught.value.code != "parity", "the lint comes first"
