"""What random forests and LightGBM have in common, and with whom they agree."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.errors import DataError
from headway.plugins import load
from headway.testing import ModelSuite, Recorder, StageSuite, make_context
from headway_onnx.lint import lint
from headway_sklearn.baselines import Linear
from headway_sklearn.boosting import HistGradientBoosting
from headway_sklearn.forest import RandomForest
from headway_sklearn.light import LightGBM

NUMERIC = ArraySpec("numeric", "float32", (3,), ("a", "b", "c"))
SIZES = (3, 7, 130, 300)
CATEGORICAL = ArraySpec("categorical", "int64", (4,), ("d", "e", "f", "g"), SIZES)
BINARY = Target("income", "classification", ("<=50K", ">50K"))
THREE = Target("kind", "classification", ("x", "y", "z"))
VALUE = Target("spending", "regression")
LIGHT = LightGBM(max_iter=12, early_stopping=None, min_data_in_leaf=5)
FOREST = RandomForest(n_estimators=12, min_samples_leaf=2)
BATCHES = (1, 2, 3, 7, 8, 16, 40, 51, 129)
stages = pytest.mark.parametrize("stage", [LIGHT, FOREST], ids=["lightgbm", "random_forest"])
every = pytest.mark.parametrize(
    "stage", [LIGHT, FOREST, HistGradientBoosting(max_iter=5), Linear()], ids=["lightgbm", "forest", "hist", "linear"]
)
targets = pytest.mark.parametrize("target", [BINARY, THREE, VALUE], ids=["binary", "three classes", "regression"])


def rows(count, target, seed, shift=0.0):
    """Rows whose target depends on numbers and codes; the last code of each column, unseen, never occurs."""
    random = np.random.default_rng(seed)
    numeric = random.normal(size=(count, 3)).astype(np.float32)
    codes = random.integers(0, np.array(SIZES) - 1, (count, 4))
    score = numeric[:, 0] ** 2 + np.sin(codes).sum(axis=1) + random.logistic(size=count) / 4 + shift
    weight = random.integers(0, 3, count).astype(np.float32)
    if target.classes is None:
        wanted = (100 + 3 * score).astype(np.float32)
    else:
        wanted = np.digitize(score, [1] if len(target.classes) == 2 else [0, 2]).astype(np.int64)
    return {"numeric": numeric, "categorical": codes, TARGET: wanted, WEIGHT: weight}


def features_of(target=BINARY, arrays=(NUMERIC, CATEGORICAL), weighted=False, shift=0.0):
    kept = {TARGET, *(spec.name for spec in arrays), *([WEIGHT] if weighted else [])}
    splits = {"train": rows(1200, target, 1, shift), "validation": rows(400, target, 2), "test": rows(200, target, 3)}
    sources = {s: Source({n: a for n, a in r.items() if n in kept}, len(r[TARGET])) for s, r in splits.items()}
    return Features((), Recipe(), Graph("onnx", {}), tuple(arrays), target, sources)


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def context(tmp_path, recorder):
    return make_context(tmp_path / "work", load().registry, name="model", recorder=recorder)


class TestLightGBM(StageSuite):
    @pytest.fixture
    def stage(self):
        return LightGBM


class TestRandomForest(StageSuite):
    @pytest.fixture
    def stage(self):
        return RandomForest


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), load().registry, name="model", recorder=Recorder())
    return cache(lambda suite: suite.stage.run(context, suite.features))


class _Trees(ModelSuite):
    ATOL, RTOL = 1.5e-7, 1.5e-7
    stage = LIGHT

    @pytest.fixture
    def artifact(self, fitted):
        return fitted(type(self))


class TestLightBinary(_Trees):
    features = features_of()


class TestLightThreeClasses(_Trees):
    features = features_of(THREE, weighted=True)


class TestLightRegressionWithCodesFirst(_Trees):
    features = features_of(VALUE, arrays=(CATEGORICAL, NUMERIC))


class TestForestBinary(_Trees):
    stage, features = FOREST, features_of()


class TestForestThreeClasses(_Trees):
    stage, features = FOREST, features_of(THREE, weighted=True)


class TestForestRegressionWithCodesFirst(_Trees):
    stage, features = FOREST, features_of(VALUE, arrays=(CATEGORICAL, NUMERIC))


def thresholds(model, column):
    """What the trees compare a column of numbers with, in double."""
    from headway_sklearn.light_trees import trees

    feature = len(SIZES) + column
    if "text" in model.weights:
        splits = [split for tree in trees(model) for split in tree.splits]
        return np.array([s.threshold for s in splits if s.feature == feature and s.categories is None])
    weights = model.weights
    return weights["node.threshold"][(weights["node.feature"] == feature) & (weights["node.left_child"] >= 0)]


def probing(model, count=4000):
    """Arrays with every code, with thresholds and the floats beside them, and with what is no number."""
    random = np.random.default_rng(5)
    codes = random.integers(0, SIZES, (count, 4))
    codes[: max(SIZES)] = np.minimum(np.arange(max(SIZES))[:, None], np.array(SIZES) - 1)
    numeric = np.zeros((count, 3), np.float32)
    for column in range(3):
        near = thresholds(model, column).astype(np.float32)
        beside = [np.nextafter(near, np.float32(way)) for way in (-np.inf, np.inf)]
        far = np.float32([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, 0.0, -0.0])
        numeric[:, column] = random.choice(np.concatenate([near, *beside, far]), count)
    return {"numeric": numeric, "categorical": codes}


@pytest.fixture(scope="module", params=[BINARY, THREE, VALUE], ids=["binary", "three classes", "regression"])
def features(request):
    return features_of(request.param)


@pytest.fixture(scope="module", params=[LIGHT, FOREST], ids=["lightgbm", "random_forest"])
def trained(request, features, tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), load().registry, name="model", recorder=Recorder())
    return request.param.run(context, features)


def test_the_graph_agrees_with_the_library_at_every_code_and_beside_every_threshold(context, trained):
    batch, name = probing(trained), trained.outputs[0].name
    found, own = trained.export().open(context.registry).run(batch)[name], trained.predict(batch)[name]
    np.testing.assert_allclose(found, own, rtol=1.5e-7, atol=6e-8)
    assert np.unique(own, axis=0).shape[0] > 500, "the rows reach few leaves"


def test_a_row_gets_the_same_bits_in_a_batch_of_any_size(context, trained):
    runtime, batch, name = trained.export().open(context.registry), probing(trained), trained.outputs[0].name
    whole = runtime.run(batch)[name]
    for size in BATCHES:
        for start in range(0, 4 * size, size):
            part = runtime.run({n: a[start : start + size] for n, a in batch.items()})[name]
            np.testing.assert_array_equal(part, whole[start : start + size])


def test_means_half_way_between_two_floats_get_the_same_bits_alone_and_among_others(context):
    random = np.random.default_rng(0)
    numeric = random.normal(size=(400, 3)).astype(np.float32)
    train = {"numeric": numeric, TARGET: (1 + random.random(400)).astype(np.float32)}
    features = replace(features_of(VALUE, arrays=(NUMERIC,)), sources={"train": Source(train, 400)})
    runtime = RandomForest(n_estimators=100).run(context, features).export().open(context.registry)
    rows_ = random.normal(size=(2000, 3)).astype(np.float32)
    whole = runtime.run({"numeric": rows_})["value"]
    alone = np.concatenate([runtime.run({"numeric": rows_[i : i + 1]})["value"] for i in range(2000)])
    np.testing.assert_array_equal(alone, whole)


def test_graphs_pass_the_lint(trained):
    assert lint(trained.export().files["model.onnx"]) == ()


@stages
@targets
def test_fitting_twice_and_by_several_threads_gives_the_same_bits(context, stage, target):
    features = features_of(target, weighted=True)
    one, two, three = (replace(stage, threads=n).run(context, features) for n in (1, 1, 2))
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, two.weights[name])
        np.testing.assert_array_equal(array, three.weights[name])


@stages
def test_another_seed_gives_other_trees(context, stage):
    drawing = replace(stage, bagging_fraction=0.5) if stage is LIGHT else stage
    features = features_of()
    one, two = (next(iter(replace(drawing, seed=n).run(context, features).predict(
        features.source("test").batch()).values())) for n in (1, 2))  # fmt: skip
    assert (one != two).any()


@stages
def test_validation_metrics_are_recorded(context, recorder, stage):
    model = stage.run(context, features_of())
    assert recorder.metrics == model.metrics
    assert model.metrics["validation.auroc"] > 0.75
    assert stage.run(context, features_of(VALUE)).metrics["validation.r2"] > 0.3


@stages
@targets
def test_a_row_of_weight_zero_counts_for_nothing(context, stage, target):
    features = features_of(target, weighted=True)
    train = features.source("train").batch()
    some = train[WEIGHT] > 0
    less = {name: array[some] for name, array in train.items()}
    fewer = replace(features, sources={"train": Source(less, int(some.sum()))})
    test = features.source("test").batch()
    one, two = (next(iter(stage.run(context, each).predict(test).values())) for each in (features, fewer))
    np.testing.assert_array_equal(one, two)
    even = {**less, WEIGHT: np.ones(some.sum(), np.float32)}
    other = stage.run(context, replace(features, sources={"train": Source(even, int(some.sum()))}))
    assert (next(iter(other.predict(test).values())) != one).any()


@stages
def test_a_class_without_training_rows_has_probability_zero_and_does_not_stop_early_stopping(context, stage):
    features = features_of(THREE)
    batch = features.source("train").batch()
    for absent in range(3):
        some = batch[TARGET] != absent
        less = Source({name: array[some] for name, array in batch.items()}, int(some.sum()))
        watching = replace(stage, early_stopping=5) if stage is LIGHT else stage
        model = watching.run(
            context, replace(features, sources={"train": less, "validation": features.source("validation")})
        )
        probe = probing(model, 500)
        for found in (model.predict(probe), model.export().open(context.registry).run(probe)):
            assert (found["probability"][:, absent] == 0).all()
            np.testing.assert_allclose(found["probability"].sum(axis=1), 1, atol=1e-6)


def given(model, batch, context):
    """The answers of the model and of its graph."""
    arrays = {name: batch[name] for name in ("numeric", "categorical")}
    for found in (model.predict(arrays), model.export().open(context.registry).run(arrays)):
        yield next(iter(found.values()))


def mean_of(train, target):
    return train[TARGET].mean() if target.classes is None else np.bincount(train[TARGET]) / len(train[TARGET])


@every
@targets
def test_columns_that_say_nothing_give_the_mean(context, stage, target):
    features = features_of(target)
    train = {name: np.zeros_like(a) if name != TARGET else a for name, a in features.source("train").batch().items()}
    model = stage.run(context, replace(features, sources={"train": Source(train, len(train[TARGET]))}))
    for found in given(model, {**train, "categorical": train["categorical"] + 1}, context):
        # The mean of a forest is that of bootstrap samples.
        np.testing.assert_allclose(found[0], mean_of(train, target), rtol=0.05 if stage is FOREST else 2e-3)
        assert len(np.unique(found, axis=0)) == 1


@stages
@targets
def test_leaves_that_need_more_rows_than_there_are_give_the_mean(context, stage, target):
    features = features_of(target)
    many = {"min_data_in_leaf": 5000} if stage is LIGHT else {"min_samples_leaf": 5000}
    for found in given(replace(stage, **many).run(context, features), features.source("test").batch(), context):
        near = 1e-5 if stage is LIGHT else 0.05
        np.testing.assert_allclose(found[0], mean_of(features.source("train").batch(), target), rtol=near)
        assert len(np.unique(found, axis=0)) == 1


@every
@targets
def test_splits_of_one_row_a_class_are_fitted(context, stage, target):
    features = features_of(target)
    train = features.source("train").batch()
    chosen = np.unique(train[TARGET], return_index=True)[1] if target.classes else np.zeros(1, np.int64)
    few = {name: array[chosen] for name, array in train.items()}
    one = {name: array[:1] for name, array in features.source("validation").batch().items()}
    sources = {"train": Source(few, len(chosen)), "validation": Source(one, 1)}
    model = stage.run(context, replace(features, sources=sources))
    for found in given(model, features.source("test").batch(), context):
        assert np.isfinite(found).all()


@stages
def test_one_class_is_an_error_that_names_it(context, stage):
    with pytest.raises(DataError, match="all training rows are of class '>50K' of 'income'"):
        stage.run(context, features_of(shift=1000.0))


@stages
def test_an_array_that_is_neither_vector_nor_codes_is_an_error(context, stage):
    image = ArraySpec("image", "float32", (3, 8, 8))
    with pytest.raises(DataError, match=r"cannot take the array 'image' \(float32, shape \(3, 8, 8\)\)"):
        stage.run(context, replace(features_of(), arrays=(NUMERIC, image)))


@stages
def test_no_training_rows_are_an_error(context, stage):
    empty = Source({name: array[:0] for name, array in features_of().source("train").arrays.items()}, 0)
    with pytest.raises(DataError, match="0 training rows"):
        stage.run(context, replace(features_of(), sources={"train": empty}))


@stages
@pytest.mark.parametrize("wrong", [np.nan, -1.0, np.inf, 0.0])
def test_weights_that_are_no_weights_are_an_error(context, stage, wrong):
    features = features_of(weighted=True)
    features.source("train").arrays[WEIGHT][slice(None) if wrong == 0 else 3] = wrong
    with pytest.raises(DataError, match="training weights"):
        stage.run(context, features)


@pytest.mark.parametrize("stage", [LIGHT, FOREST, HistGradientBoosting(max_iter=3)])
def test_trees_too_large_for_a_file_are_an_error_of_the_export(context, stage, monkeypatch):
    from headway_sklearn import ensemble

    model = stage.run(context, features_of())
    monkeypatch.setattr(ensemble, "MOST_NODES", 50)
    with pytest.raises(DataError, match=r"the trees cannot be exported: .* and a graph holds 50 at most") as caught:
        model.export()
    assert "fewer or smaller trees" in caught.value.hint


@pytest.mark.parametrize("target", [BINARY, THREE, VALUE])
def test_trees_of_lightgbm_add_up_to_the_same_in_parts(context, monkeypatch, target):
    features = features_of(target)
    model, rows = LIGHT.run(context, features), features.source("train").batch()
    name = model.outputs[0].name
    whole = model.predict(rows)[name]
    monkeypatch.setattr("headway_sklearn.light_trees.CACHED", 1)  # an iteration at a time
    np.testing.assert_allclose(model.predict(rows)[name], whole, rtol=1e-6)
