from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from headway.contracts import Source
from headway.errors import HeadwayError
from headway.testing import PredictorSuite, StageSuite
from headway_onnx.export import ChainExport, OnnxExport
from headway_onnx.protos import GraphError, parse

SOFT = "probability = Softmax<axis: int = -1>"


def run(context, data, features, model, **fields):
    return OnnxExport(**fields).run(context, data, features, model)


class TestOnnxExport(StageSuite):
    @pytest.fixture
    def stage(self):
        return OnnxExport


class TestExportedPredictor(PredictorSuite):
    @pytest.fixture
    def artifact(self, context, data, features, model):
        return run(context, data, features, model)


class TestChainExport(StageSuite):
    @pytest.fixture
    def stage(self):
        return ChainExport


class TestChainedPredictor(PredictorSuite):
    @pytest.fixture
    def artifact(self, context, data, features, model):
        return ChainExport().run(context, data, features, model)


def test_a_chain_passes_the_same_gate_with_the_same_answers(context, data, features, model, registry):
    chained, merged = ChainExport().run(context, data, features, model), run(context, data, features, model)
    assert chained.graph.runtime == "chain"
    assert chained.evidence["runtime"]["onnxruntime"] == merged.evidence["runtime"]["onnxruntime"]
    same = [dict(predictor.evidence, runtime=None) for predictor in (chained, merged)]
    assert same[0] == same[1]
    rows = data.split("test").collect()
    one, two = (predictor.open(registry)(rows)["probability"] for predictor in (chained, merged))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("nodes", "told"),
    [("t = Constant<value: tensor = float {1.02}>(); u = Mul(s, t); " + SOFT + "(u);", "framework"),
     (f"u = Softplus(s); {SOFT}(u);", "float64")],
    ids=["wrong", "unsafe"],
)  # fmt: skip
def test_a_chain_with_a_wrong_or_unsafe_part_is_refused(context, data, features, broken, nodes, told):
    with pytest.raises(HeadwayError, match=told):
        ChainExport().run(context, data, features, broken(nodes))


def test_a_chain_whose_parts_do_not_fit_is_refused(context, data, features, model):
    other = replace(model, inputs=(replace(model.inputs[0], name="other"),))
    with pytest.raises(GraphError, match="takes other, which the features do not give"):
        ChainExport().run(context, data, features, other)
    scores = replace(model, outputs=(replace(model.outputs[0], name="scores"),))
    with pytest.raises(HeadwayError, match="gives probability, the model promises scores"):
        ChainExport().run(context, data, features, scores)
    with pytest.raises(HeadwayError, match="'tokens'"):
        ChainExport().run(context, data, features, replace(model, runtime="tokens"))


def test_the_merged_graph_scores_raw_rows_as_the_model_scores_arrays(context, data, features, model, registry):
    predictor = run(context, data, features, model)
    given = predictor.open(registry)(data.split("test").collect())["probability"]
    own = model.predict(features.source("test").batch())["probability"]
    np.testing.assert_allclose(given, own, atol=1e-6)
    assert predictor.columns == features.columns


def test_the_evidence_and_metrics_say_what_was_measured(context, data, features, model, recorder):
    predictor = run(context, data, features, model)
    checks = predictor.evidence["checks"]
    assert {check["check"] for check in checks} == {"training arrays", "framework", "batches", "outputs"}
    assert all(check["passed"] and check["rows"] > 0 for check in checks)
    framework = [check for check in checks if check["check"] == "framework"]
    assert {check["rows_of"] for check in framework} == {*data.splits, "generated rows"}
    largest = max(check["max_difference"] for check in framework)
    assert 0 < largest < 1e-6
    assert recorder.metrics["parity.max_difference"] == largest
    assert recorder.metrics["parity.flips"] == 0
    assert predictor.evidence["batch_sizes"] == [1, 2, 3, 7, 8, 16, 40, 51, 129, 16384]


def test_exporting_twice_gives_equal_predictors(context, data, features, model):
    one, two = run(context, data, features, model), run(context, data, features, model)
    assert one.graph.files == two.graph.files
    assert one.evidence == two.evidence


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        (f"t = Constant<value: tensor = float {{1.02}}>(); u = Mul(s, t); {SOFT}(u);", "framework"),
        (f"m = ReduceMax<keepdims: int = 1>(s); u = Sub(s, m); v = Mul(u, u); {SOFT}(v);", "framework"),
        (f"c = Constant<value: tensor = float[1,2] {{0.0, 2.0}}>(); m = Max(s, c); {SOFT}(m);", "framework"),
        ("probability = Identity(s);", "outputs"),
        (f"u = Log(numeric); {SOFT}(s);", None),
    ],
)
def test_a_wrong_graph_fails_and_the_check_is_named(context, data, features, broken, nodes, told):
    if told is None:
        run(context, data, features, broken(nodes))  # a node that nothing depends on is dropped, not judged
        return
    with pytest.raises(HeadwayError, match=told) as caught:
        run(context, data, features, broken(nodes))
    assert caught.value.code == "parity"
    assert "worst is row" in caught.value.what


def test_an_answer_that_depends_on_the_other_rows_is_found_even_within_the_tolerance(context, data, features, broken):
    nodes = (
        "m = ReduceMax<keepdims: int = 1>(numeric); e = Constant<value: tensor = float {1e-13}>(); f = Mul(m, e); "
        "b = Constant<value: tensor = float[1,2] {0.0, 1.0}>(); g = Mul(f, b); u = Add(s, g); " + SOFT + "(u);"
    )
    with pytest.raises(HeadwayError, match="batches") as caught:
        run(context, data, features, broken(nodes))
    assert "framework" not in caught.value.what
    predictor = run(context, data, features, broken(nodes), require_bit_equal=False)
    assert not predictor.evidence["tolerance"]["require_bit_equal"]
    assert any(check["unequal"] for check in predictor.evidence["checks"])


def test_unsafe_operators_are_refused_before_anything_is_run(context, data, features, broken):
    with pytest.raises(GraphError, match=r"Softplus.*float64"):
        run(context, data, features, broken(f"u = Softplus(s); {SOFT}(u);"))


def test_training_arrays_that_the_graph_does_not_give_are_skew(context, data, features, model):
    source = features.source("test")
    changed = source.arrays["numeric"].copy()
    changed[17, 2] = np.nextafter(changed[17, 2], np.inf)
    skewed = Source({**source.arrays, "numeric": changed}, len(source))
    skewed_features = replace(features, sources={**features.sources, "test": skewed})
    with pytest.raises(HeadwayError, match=r"training arrays, test: 'numeric'.* in 1 of 60 rows.*row 17 \(") as caught:
        run(context, data, skewed_features, model)
    assert f"age={float(data.split('test').collect()['age'][17])}" in caught.value.what


def test_outputs_that_are_not_finite_on_generated_rows_fail(context, data, features, broken):
    # Right for every real row: only inputs beyond any real one overflow.
    nodes = (
        "h = Constant<value: tensor = float {1e35}>(); z = Constant<value: tensor = float {0.0}>(); x = Mul(s, h); "
        f"y = Mul(x, z); u = Add(s, y); {SOFT}(u);"
    )
    with pytest.raises(HeadwayError, match=r"outputs, generated rows.*not finite"):
        run(context, data, features, broken(nodes))


def test_graphs_of_another_runtime_are_named(context, data, features, model):
    with pytest.raises(HeadwayError, match="model graph is for the runtime 'tokens'") as caught:
        run(context, data, features, replace(model, runtime="tokens"))
    assert caught.value.code == "export-runtime"
    assert "export=chain" in caught.value.hint


def test_a_model_of_other_features_is_refused(context, data, features, model):
    graph = parse(model.content)
    graph.graph.input[0].name = graph.graph.node[1].input[0] = "other"
    with pytest.raises(GraphError, match="takes other, which the features do not give"):
        run(context, data, features, replace(model, content=graph.SerializeToString()))


def test_a_model_whose_graph_gives_other_outputs_is_refused(context, data, features, model):
    with pytest.raises(GraphError, match="gives probability, the model promises scores"):
        run(context, data, features, replace(model, outputs=(replace(model.outputs[0], name="scores"),)))


def test_a_split_without_rows_is_left_out(context, data, features, model):
    empty = Source({name: array[:0] for name, array in features.source("test").arrays.items()}, 0)
    splits = {**data.splits, "test": data.split("test").filter(pl.lit(value=False))}
    less = replace(features, sources={**features.sources, "test": empty})
    predictor = run(context, replace(data, splits=splits), less, model)
    assert {check["rows_of"] for check in predictor.evidence["checks"] if check["check"] == "framework"} == {
        "train",
        "validation",
        "generated rows",
    }


def test_data_without_rows_cannot_be_checked(context, data, features, model):
    none = {name: Source({n: a[:0] for n, a in s.arrays.items()}, 0) for name, s in features.sources.items()}
    with pytest.raises(HeadwayError, match="no rows"):
        run(context, data, replace(features, sources=none), model)
