"""Predictors averaged in one graph: exact, shared where they are equal, refused where they disagree."""

from dataclasses import replace

import numpy as np
import pytest
from headway.contracts import Output, run_chunked
from headway.errors import DataError, HeadwayError
from headway.testing import PredictorSuite, StageSuite
from headway_onnx.averaging import average, mean
from headway_onnx.ensemble import MeanEnsemble
from headway_onnx.export import OnnxExport
from headway_onnx.graphs import as_graph, parse, to_bytes
from headway_onnx.runtime import OnnxRuntime
from headway_onnx.subject import Rows
from hypothesis import given, settings
from hypothesis import strategies as st

SHARES = (0.4, -0.2, 0.9)


@pytest.fixture
def members(context, data, features, model, graph_of):
    """Three predictors that differ in one weight."""
    made = {}
    for share in SHARES:
        weight = np.array([[0.0, share], [0.0, 0.1], [0.0, 0.7], [0.0, -0.3]])
        text = ", ".join(map(str, weight.ravel().tolist()))
        nodes = f"w = Constant<value: tensor = float[4,2] {{{text}}}>(); s = Gemm(numeric, w); "
        content = graph_of(nodes + "probability = Softmax<axis: int = -1>(s);")
        own = replace(model, weight=weight, content=content)
        made[f"seed={len(made)}"] = OnnxExport().run(context, data, features, own)
    return made


@pytest.fixture
def averaged(context, data, features):
    def run(members, **fields):
        return MeanEnsemble(**fields).run(context, data, features, members)

    return run


class TestMeanEnsemble(StageSuite):
    @pytest.fixture
    def stage(self):
        return MeanEnsemble


class TestAveragedPredictor(PredictorSuite):
    @pytest.fixture
    def artifact(self, averaged, members):
        return averaged(members)


def answers(predictor, feeds):
    return run_chunked(OnnxRuntime.load(predictor.graph.files), feeds)["probability"]


@pytest.mark.parametrize("weights", [{}, {"seed=1": 2.0, "seed=2": 0.1}])
def test_it_gives_the_mean_of_its_members_to_the_last_bit(averaged, members, data, features, registry, weights):
    predictor = averaged(members, weights=weights)
    rows = Rows(data, features, predictor, registry)
    counts = [weights.get(name, 1.0) for name in members]
    for feeds in (rows.real["test"], rows.generated):
        each = [answers(member, feeds) for member in members.values()]
        expected = np.average(np.stack(each).astype(np.float64), axis=0, weights=counts)
        found = answers(predictor, feeds)
        np.testing.assert_allclose(found, expected, rtol=0, atol=6e-8)
        assert found.tobytes() == mean(each, counts).tobytes()
        assert not np.array_equal(found, each[0])


def test_what_members_share_is_in_the_graph_once(averaged, members):
    graphs = [parse(member.graph.files["model.onnx"]).graph for member in members.values()]
    merged = parse(averaged(members).graph.files["model.onnx"]).graph
    kinds = [node.op_type for node in merged.node]
    assert kinds.count("LabelEncoder") == [node.op_type for node in graphs[0].node].count("LabelEncoder")
    assert (kinds.count("Gemm"), kinds.count("Softmax")) == (3, 3)
    of_its_own = 2 * 3  # matrix, product and softmax of each further member
    assert len(merged.node) - len(graphs[0].node) <= of_its_own + 3 + 3  # casts; sum, division, cast


def test_members_in_any_order_give_equal_bytes_and_equal_evidence(averaged, members):
    one, two = averaged(members), averaged(dict(reversed(members.items())))
    assert one.graph.files == two.graph.files
    assert one.evidence == two.evidence


def test_the_evidence_tells_of_members_batches_and_outputs(averaged, members, recorder):
    evidence = averaged(members, weights={"seed=0": 3.0}).evidence
    assert {check["check"] for check in evidence["checks"]} == {"members", "batches", "outputs"}
    assert all(check["passed"] and check["rows"] for check in evidence["checks"])
    assert {c["tolerance"] for c in evidence["checks"] if c["check"] != "outputs"} == {0.0}
    assert evidence["batch_sizes"] == [1, 2, 3, 7, 8, 16, 40, 51, 129, 16384]
    assert [(m["name"], m["weight"]) for m in evidence["members"]] == [
        ("seed=0", 3.0),
        ("seed=1", 1.0),
        ("seed=2", 1.0),
    ]
    assert [m["predictor"] for m in evidence["members"]] == [member.digest for member in members.values()]
    assert evidence["bytes"] < sum(m["bytes"] for m in evidence["members"])
    assert recorder.metrics["parity.max_difference"] == 0


def test_a_graph_that_is_not_the_mean_is_refused(averaged, members, monkeypatch):
    from headway_onnx import averaging

    real = averaging.average
    monkeypatch.setattr(averaging, "average", lambda graphs, weights: real(graphs, [*weights[:-1], 1.001]))
    with pytest.raises(HeadwayError, match="members, train") as caught:
        averaged(members)
    assert caught.value.code == "parity"


CLASSES = Output("probability", "probability", classes=(">50K", "<=50K"))


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (lambda p: replace(p, graph=replace(p.graph, runtime="chain")), "ensemble-runtime", "runs by 'chain'"),
        (lambda p: replace(p, outputs=(CLASSES,)), "ensemble-members", "different outputs"),
        (lambda p: replace(p, columns=p.columns[1:]), "ensemble-members", "different columns"),
        (lambda p: replace(p, recipe=replace(p.recipe, columns=p.columns[:1])), "ensemble-members", "recipes"),
    ],
)
def test_members_that_do_not_fit_together_are_refused(averaged, members, change, code, told):
    with pytest.raises(DataError, match=told) as caught:
        averaged({**members, "other": change(members["seed=1"])})
    assert caught.value.code == code
    assert "'other'" in caught.value.what


def test_outputs_without_a_mean_are_refused(averaged, members):
    labels = {name: replace(m, outputs=(Output("probability", "label"),)) for name, m in members.items()}
    with pytest.raises(DataError, match="is a label") as caught:
        averaged(labels)
    assert caught.value.code == "ensemble-output"


def test_weights_are_of_members(averaged, members):
    with pytest.raises(DataError, match="did you mean 'seed=0'"):
        averaged(members, weights={"seed0": 1.0})
    with pytest.raises(DataError, match="unknown member 'nlp'; did you mean 'mlp'"):
        MeanEnsemble(members=("mlp", {"linear": {}}), weights={"nlp": 2.0})
    stage = MeanEnsemble(members=("mlp", "linear"), seeds=2, weights={"mlp": 2.0, "linear,seed=1": 3.0})
    assert [stage._weight(name) for name in ("mlp,seed=0", "linear,seed=0", "linear,seed=1")] == [2.0, 1.0, 3.0]


@pytest.mark.parametrize(("weights", "shares"), [({"model": 3.0}, (3.0, 3.0)), ({"seed=1": 2.0}, (1.0, 2.0))])
def test_the_pipelines_own_model_with_several_seeds_has_a_weight(averaged, members, weights, shares):
    stage = MeanEnsemble(members=("model", "linear"), seeds=2, weights=weights)
    given = {"seed=0": members["seed=0"], "seed=1": members["seed=1"], "linear,seed=0": members["seed=0"]}
    stage._check_weights(given)
    assert [stage._weight(name) for name in given] == [*shares, 1.0]
    found = averaged(given, weights=weights).evidence
    assert [told["weight"] for told in found["members"]] == [1.0, *shares]


@pytest.mark.parametrize("shape", ["", "3", "2,3"])
@settings(max_examples=15, deadline=None)
@given(values=st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=2, max_size=7), scale=st.floats(0.01, 100))
def test_the_mean_of_values_and_quantiles_is_exact_too(proto, shape, values, scale):
    axes = f"batch,{shape}" if shape else "batch"
    graphs, weights = [], [1.0, *(scale * (index + 1) for index in range(len(values) - 1))]
    for value in values:
        body = f"c = Constant<value: tensor = float {{{value!r}}}>(); y = Mul(x, c);"
        graphs.append(to_bytes(proto(f"g (float[{axes}] x) => (float[{axes}] y) {{ {body} }}")))
    sizes = (9, *map(int, filter(None, shape.split(","))))
    feeds = {"x": np.random.default_rng(0).normal(size=sizes).astype(np.float32)}
    found = OnnxRuntime.load(as_graph(average(graphs, weights)).files).run(feeds)["y"]
    each = [OnnxRuntime.load({"model.onnx": graph}).run(feeds)["y"] for graph in graphs]
    assert found.tobytes() == mean(each, weights).tobytes()


def test_graphs_with_other_inputs_are_refused(proto):
    one, two = (to_bytes(proto(f"g (float[batch] {name}) => (float[batch] y) {{ y = Neg({name}); }}")) for name in "xz")
    with pytest.raises(HeadwayError, match="do not have the input"):
        average([one, two], [1.0, 1.0])
