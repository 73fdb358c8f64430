from dataclasses import replace

import numpy as np
import onnx.parser
import polars as pl
import pytest
from headway.contracts import TARGET, WEIGHT, ArraySpec, Column, Features, Recipe, Source, Target, Window
from headway.errors import DataError
from headway.plugins import load
from headway.testing import ModelSuite, Recorder, StageSuite, make_context
from headway_onnx.graphs import as_graph
from headway_onnx.lint import lint
from headway_onnx.runtime import OnnxRuntime
from headway_sklearn.persistence import Previous, SeasonalNaive

COLUMNS = (Column("hour", "numeric", "Float64"), Column("before", "numeric", "Float64", nullable=True),
           Column("state", "categorical", "String", nullable=True))  # fmt: skip
ARRAYS = (ArraySpec("numeric", "float32", (2,), ("hour", "before")),
          ArraySpec("categorical", "int64", (1,), ("state",), (3,)))  # fmt: skip
VALUE = Target("load", "regression")
STATE = Target("now", "classification", ("down", "flat", "up"))


def graph(before="Where(m, z, before)"):
    """Hours as days, the value before with 0 for a missing one, the state's codes; 'flat' was never a state before."""
    return as_graph(
        onnx.parser.parse_model(
            '<ir_version: 10, opset_import: ["" : 20, "ai.onnx.ml" : 3]> '
            "g (double[batch] hour, double[batch] before, string[batch] state) => "
            "(float[batch,2] numeric, int64[batch,1] categorical) "
            "<double d = {24.0}, double z = {0.0}, int64[1] one = {1}> "
            f"{{ h = Div(hour, d) m = IsNaN(before) b = {before} h1 = Unsqueeze(h, one) b1 = Unsqueeze(b, one) "
            "w = Concat<axis: int = 1>(h1, b1) numeric = Cast<to: int = 1>(w) "
            "c = ai.onnx.ml.LabelEncoder<keys_strings = ['up', 'down'], values_int64s = [0, 1], default_int64 = 2>"
            "(state) categorical = Unsqueeze(c, one) }".replace("'", '"')
        )
    )


def series(count, seed=0):
    """A load and a state that mostly stay what they were."""
    random = np.random.default_rng(seed)
    load_ = np.cumsum(random.normal(size=count + 1)) + 50
    state = ["up"]
    for change in random.random(count):
        state.append(state[-1] if change < 0.8 else ("down" if state[-1] == "up" else "up"))
    frame = pl.DataFrame({"hour": np.arange(count) % 24.0, "before": load_[:-1], "state": state[:-1]})
    return frame, load_[1:].astype(np.float32), np.array([STATE.classes.index(s) for s in state[1:]])


def features_of(target, made=None, weighted=False):
    made = made or graph()
    runtime, sources = OnnxRuntime.load(made.files), {}
    for split, count, seed in (("train", 400, 1), ("validation", 100, 2)):
        frame, values, codes = series(count, seed)
        given = runtime.run({n: frame[n].to_numpy() for n in frame.columns})
        given[TARGET] = values if target.classes is None else codes
        if weighted:
            given[WEIGHT] = np.random.default_rng(9).integers(0, 3, count).astype(np.float32)
        sources[split] = Source(given, count)
    return Features(COLUMNS, Recipe(), made, ARRAYS, target, sources)


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def context(tmp_path, recorder):
    return make_context(tmp_path / "work", load().registry, name="model", recorder=recorder)


class TestPrevious(StageSuite):
    @pytest.fixture
    def stage(self):
        return Previous


class TestSeasonalNaive(StageSuite):
    @pytest.fixture
    def stage(self):
        return SeasonalNaive


class _Carried(ModelSuite):
    ATOL, RTOL = 0.0, 0.0

    @pytest.fixture
    def artifact(self, context):
        return self.stage.run(context, features_of(self.target))


class TestPreviousValue(_Carried):
    stage, target = SeasonalNaive("before"), VALUE


class TestPreviousClass(_Carried):
    stage, target = Previous("state"), STATE


def test_the_answer_is_the_value_before_in_the_targets_unit(context, recorder):
    model = Previous("before").run(context, features_of(VALUE))
    frame, values, _ = series(100, 2)
    given = model.predict(features_of(VALUE).source("validation").batch())["value"]
    np.testing.assert_array_equal(given, frame["before"].cast(pl.Float32).to_numpy())
    assert recorder.metrics["validation.mae"] == pytest.approx(
        np.abs(np.diff([frame["before"][0], *values])).mean(), 1e-5
    )


def test_the_answer_is_the_class_before_with_the_share_of_rows_that_kept_theirs(context, recorder):
    features = features_of(STATE)
    model = Previous("state").run(context, features)
    frame, _, codes = series(100, 2)
    given = model.predict(features.source("validation").batch())["probability"]
    before = np.array([STATE.classes.index(s) for s in frame["state"]])
    np.testing.assert_array_equal(given.argmax(axis=1), before)
    assert recorder.metrics["validation.accuracy"] == (before == codes).mean()
    train, _, after = series(400, 1)
    kept = np.mean(np.array(STATE.classes)[after] == train["state"].to_numpy())
    np.testing.assert_allclose(given.max(axis=1), kept, rtol=1e-6)
    assert (given[:, 1] == 0).all(), "no training row is flat"


def test_a_value_of_no_class_gets_the_shares_of_the_classes(context):
    features = features_of(STATE)
    batch = {"categorical": np.array([[2]])}
    model = Previous("state").run(context, features)
    shares = np.bincount(features.source("train").batch()[TARGET], minlength=3) / 400
    for given in (model.predict(batch), model.export().open(context.registry).run(batch)):
        np.testing.assert_allclose(given["probability"], [shares], rtol=1e-6)


def test_the_class_before_wins_also_where_classes_alternate(context):
    features = features_of(STATE)
    train = features.source("train").batch()
    train[TARGET] = np.where(train["categorical"][:, 0] == 0, 0, 2)  # code 0 is up, which is followed by down
    model = Previous("state").run(context, replace(features, sources={"train": Source(train, 400)}))
    given = model.predict({"categorical": np.array([[0], [1]])})["probability"]
    assert given.argmax(axis=1).tolist() == [2, 0]
    np.testing.assert_allclose(given.max(axis=1), 0.501)


def test_weights_count_as_rows(context):
    features = features_of(STATE, weighted=True)
    train = features.source("train").batch()
    times = train[WEIGHT].astype(int)
    repeated = {name: np.repeat(array, times, axis=0) for name, array in train.items() if name != WEIGHT}
    plain = replace(features, sources={"train": Source(repeated, int(times.sum()))})
    one, two = (Previous("state").run(context, each).weights["answers"] for each in (features, plain))
    np.testing.assert_allclose(one, two, rtol=1e-12)


@pytest.mark.parametrize(
    ("stage", "target", "made", "told"),
    [
        (Previous("befor"), VALUE, graph(), "unknown feature 'befor'; did you mean 'before'"),
        (Previous("hour"), VALUE, graph(), "'hour' is not the past of 'load' as it was: .* reaches the model as"),
        (Previous("before"), VALUE, graph("Abs(before)"), None),
        (Previous("before"), VALUE, graph("Neg(before)"), "'before' is not the past of 'load' as it was"),
        (Previous("state"), VALUE, graph(), "'state' does not hold a number, as the target 'load' needs"),
        (Previous("before"), STATE, graph(), "'before' does not hold codes, as the target 'now' needs"),
        (Previous("state"), replace(STATE, classes=("a", "b", "c")), graph(), "its values are none of a, b, c"),
    ],
)
def test_a_column_that_is_not_the_past_of_the_target_is_an_error(context, stage, target, made, told):
    features = features_of(replace(target, classes=STATE.classes) if target.classes else target, made)
    features = replace(features, target=target)
    if told is None:
        stage.run(context, features)  # the values of the target are all positive
        return
    with pytest.raises(DataError, match=told):
        stage.run(context, features)


def test_a_derived_feature_is_not_the_past(context):
    features = replace(features_of(VALUE), columns=COLUMNS[:1])
    with pytest.raises(DataError, match="it is derived from other columns"):
        Previous("before").run(context, features)


@pytest.mark.parametrize(("column", "target"), [("before", VALUE), ("state", STATE)])
def test_graphs_pass_the_lint_and_take_the_column_s_array_alone(context, column, target):
    model = Previous(column).run(context, features_of(target))
    assert lint(model.export().files["model.onnx"]) == ()
    assert [spec.name for spec in model.inputs] == ["numeric" if column == "before" else "categorical"]


def window(name, of="load", take="last", table=None):
    return Window(name, take, {}, "at", of, table=table)


def test_by_default_it_is_the_only_window_over_the_targets_last_value(context):
    others = (window("other", of="hour"), window("mean", take="mean"), window("theirs", table="elsewhere"))
    alone = replace(features_of(VALUE), recipe=Recipe((*others, window("before"))))
    assert Previous().run(context, alone).weights["position"] == 1
    two = replace(alone, recipe=Recipe((window("before"), window("day_ago"))))
    with pytest.raises(DataError, match="2 columns hold the past of 'load': before, day_ago") as caught:
        SeasonalNaive().run(context, two)
    assert caught.value.hint == "say which: {column: before}"
    with pytest.raises(DataError, match="no column holds the past of 'load'"):
        Previous().run(context, replace(alone, recipe=Recipe(others)))
