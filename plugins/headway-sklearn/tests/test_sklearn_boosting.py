from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.errors import DataError
from headway.plugins import load
from headway.testing import ModelSuite, Recorder, StageSuite, make_context
from headway_onnx.lint import lint
from headway_sklearn.boosting import HistGradientBoosting
from headway_sklearn.trees import ranks
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

NUMERIC = ArraySpec("numeric", "float32", (3,), ("a", "b", "c"))
SIZES = (3, 7, 130, 300)
CATEGORICAL = ArraySpec("categorical", "int64", (4,), ("d", "e", "f", "g"), SIZES)
BINARY = Target("income", "classification", ("<=50K", ">50K"))
THREE = Target("kind", "classification", ("x", "y", "z"))
VALUE = Target("spending", "regression")
QUICK = HistGradientBoosting(max_iter=12, early_stopping=None)
BATCHES = (1, 2, 3, 7, 8, 16, 40, 51, 129)


def rows(count, target, seed=0, shift=0.0):
    """Rows whose target depends on numbers and codes; the last code of each column, unseen, never occurs."""
    random = np.random.default_rng(seed)
    numeric = random.normal(size=(count, 3)).astype(np.float32)
    codes = random.integers(0, np.array(SIZES) - 1, (count, 4))
    score = numeric[:, 0] ** 2 + np.sin(codes).sum(axis=1) + random.logistic(size=count) / 4 + shift
    weight = random.integers(0, 3, count).astype(np.float32)
    return {"numeric": numeric, "categorical": codes, TARGET: labelled(target, score), WEIGHT: weight}


def labelled(target, score):
    if target.classes is None:
        return (100 + 3 * score).astype(np.float32)
    return np.digitize(score, [1] if len(target.classes) == 2 else [0, 2]).astype(np.int64)


def features_of(target=BINARY, arrays=(NUMERIC, CATEGORICAL), weighted=False, shift=0.0):
    kept = {TARGET, *(spec.name for spec in arrays), *([WEIGHT] if weighted else [])}
    splits = {"train": rows(1200, target, 1, shift), "validation": rows(400, target, 2), "test": rows(200, target, 3)}
    sources = {s: Source({n: a for n, a in r.items() if n in kept}, len(r[TARGET])) for s, r in splits.items()}
    return Features((), Recipe(), Graph("onnx", {}), tuple(arrays), target, sources)


class TestHistGradientBoosting(StageSuite):
    @pytest.fixture
    def stage(self):
        return HistGradientBoosting


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), load().registry, name="model", recorder=Recorder())
    return cache(lambda suite: QUICK.run(context, suite.features))


class _Trees(ModelSuite):
    ATOL, RTOL = 1.5e-7, 1.5e-7

    @pytest.fixture
    def artifact(self, fitted):
        return fitted(type(self))


class TestTreesBinary(_Trees):
    features = features_of()


class TestTreesThreeClasses(_Trees):
    features = features_of(THREE, weighted=True)


class TestTreesRegression(_Trees):
    features = features_of(VALUE)


class TestTreesOnNumbersAlone(_Trees):
    features = features_of(arrays=(NUMERIC,))


class TestTreesOnCodesAlone(_Trees):
    features = features_of(VALUE, arrays=(CATEGORICAL,))


class TestTreesWithCodesFirst(_Trees):
    features = features_of(arrays=(CATEGORICAL, NUMERIC))


def reference(target, **fields):
    kind = HistGradientBoostingRegressor if target.classes is None else HistGradientBoostingClassifier
    return kind(max_iter=12, early_stopping=False, l2_regularization=0.1, categorical_features=[0, 1, 2], **fields)


def table(batch):
    """Codes, then numbers; without the column that has too many categories for scikit-learn."""
    return np.hstack([batch["categorical"][:, :3], batch["numeric"]]).astype(np.float64)


@pytest.mark.parametrize("target", [BINARY, THREE, VALUE])
def test_the_trees_are_scikit_learns_own_also_for_codes_never_seen(context, target):
    features, few = features_of(target, weighted=True), replace(CATEGORICAL, shape=(3,), cardinalities=SIZES[:3])
    sources = {
        name: Source({**s.arrays, "categorical": s.arrays["categorical"][:, :3]}, len(s))
        for name, s in features.sources.items()
    }
    features = replace(features, arrays=(NUMERIC, few), sources=sources)
    train, test = features.source("train").batch(), features.source("test").batch()
    test["categorical"][::3] = np.array(SIZES[:3]) - 1
    some = train[WEIGHT] > 0
    with threadpool_limits(1):
        own = reference(target).fit(table(train)[some], train[TARGET][some], sample_weight=train[WEIGHT][some])
    expected = own.predict(table(test)) if target.classes is None else own.predict_proba(table(test))
    found = QUICK.run(context, features).predict(test)
    np.testing.assert_allclose(next(iter(found.values())), expected, rtol=1e-7)


def probing(model, count=4000):
    """Arrays with every code, with thresholds and the floats beside them, and with what is no number."""
    random = np.random.default_rng(5)
    codes = random.integers(0, SIZES, (count, 4))
    codes[: max(SIZES)] = np.minimum(np.arange(max(SIZES))[:, None], np.array(SIZES) - 1)
    splits = (model.weights["node.is_leaf"] == 0) & (model.weights["node.is_categorical"] == 0)
    numeric = np.zeros((count, 3), np.float32)
    for column in range(3):
        own = model.weights["node.feature_idx"][splits] == len(SIZES) + column
        near = model.weights["node.num_threshold"][splits][own].astype(np.float32)
        beside = [np.nextafter(near, np.float32(way)) for way in (-np.inf, np.inf)]
        far = np.float32([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, 0.0, -0.0])
        numeric[:, column] = random.choice(np.concatenate([near, *beside, far]), count)
    return {"numeric": numeric, "categorical": codes}


@pytest.fixture(scope="module", params=[BINARY, THREE, VALUE], ids=["binary", "three classes", "regression"])
def trained(request, tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), load().registry, name="model", recorder=Recorder())
    return replace(QUICK, min_samples_leaf=3).run(context, features_of(request.param))


def test_the_graph_agrees_with_scikit_learn_at_every_code_and_beside_every_threshold(context, trained):
    batch, name = probing(trained), trained.outputs[0].name
    found, own = trained.export().open(context.registry).run(batch)[name], trained.predict(batch)[name]
    np.testing.assert_allclose(found, own, rtol=1.5e-7, atol=6e-8)
    assert np.unique(own, axis=0).shape[0] > 1000, "the rows reach few leaves"


def test_a_row_gets_the_same_bits_in_a_batch_of_any_size(context, trained):
    runtime, batch, name = trained.export().open(context.registry), probing(trained), trained.outputs[0].name
    whole = runtime.run(batch)[name]
    for size in BATCHES:
        for start in range(0, 4 * size, size):
            part = runtime.run({n: a[start : start + size] for n, a in batch.items()})[name]
            np.testing.assert_array_equal(part, whole[start : start + size])


def test_graphs_pass_the_lint_and_are_the_same_every_time(context, trained):
    one, two = trained.export(), trained.export()
    assert lint(one.files["model.onnx"]) == ()
    assert one.files == two.files


def test_fitting_twice_gives_the_same_bits(context):
    one, two = (QUICK.run(context, features_of()) for _ in range(2))
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, two.weights[name])


def test_each_split_chooses_from_a_share_of_the_columns_drawn_by_the_seed(context):
    def bits(**fields):
        return replace(QUICK, **fields).run(context, features_of()).weights["node.feature_idx"].tobytes()

    assert bits(max_features=0.5) == bits(max_features=0.5) != bits()
    assert bits(max_features=0.5) != bits(max_features=0.5, seed=1)


def test_a_tree_of_depth_one_has_two_leaves(context):
    trees = replace(QUICK, max_depth=1).run(context, features_of()).weights["trees"]
    assert set(np.diff(trees)) == {3}


def test_fitting_stops_on_the_validation_split_and_keeps_its_best_iteration(context):
    stage = HistGradientBoosting(max_iter=300, learning_rate=0.5, early_stopping=5)
    model = stage.run(context, features_of())
    losses = [row["validation.loss"] for row in model.history]
    trees = len(model.weights["trees"]) - 1
    assert trees == int(np.argmin(losses)) + 1 == len(losses) - 5
    assert model.metrics["validation.log_loss"] == pytest.approx(min(losses), rel=1e-5)
    train = [row["train.loss"] for row in model.history]
    assert train == sorted(train, reverse=True)


def test_without_validation_rows_all_iterations_are_kept(context):
    features = features_of()
    features = replace(features, sources={"train": features.source("train")})
    model = HistGradientBoosting(max_iter=7, early_stopping=1).run(context, features)
    assert len(model.weights["trees"]) - 1 == 7
    assert (model.history, model.metrics) == ((), {})


def test_validation_metrics_are_recorded(context, recorder):
    model = QUICK.run(context, features_of())
    assert recorder.metrics == model.metrics
    assert model.metrics["validation.auroc"] > 0.8
    assert QUICK.run(context, features_of(VALUE)).metrics["validation.r2"] > 0.3


@pytest.mark.parametrize("target", [BINARY, THREE, VALUE])
def test_a_row_of_weight_two_counts_as_two_rows_and_of_weight_zero_as_none(context, target):
    # Numbers alone: scikit-learn asks for rows of a category whatever they weigh.
    features = features_of(target, arrays=(NUMERIC,), weighted=True)
    train = features.source("train").batch()
    train["numeric"] = train["numeric"].round()  # few enough values for bins of their own
    times = train[WEIGHT].astype(int)
    repeated = {name: np.repeat(array, times, axis=0) for name, array in train.items() if name != WEIGHT}
    stage, test = replace(QUICK, min_samples_leaf=1, max_iter=3), features.source("test").batch()
    found = []
    for given_rows in (train, repeated):
        sources = {"train": Source(given_rows, len(given_rows[TARGET]))}
        found.append(next(iter(stage.run(context, replace(features, sources=sources)).predict(test).values())))
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-4)


def test_a_class_without_training_rows_has_probability_zero_and_does_not_stop_early_stopping(context):
    features = features_of(THREE)
    batch = features.source("train").batch()
    for absent in range(3):
        some = batch[TARGET] != absent
        less = Source({name: array[some] for name, array in batch.items()}, int(some.sum()))
        model = HistGradientBoosting(max_iter=5).run(
            context, replace(features, sources={"train": less, "validation": features.source("validation")})
        )
        probe = probing(model, 500)
        for found in (model.predict(probe), model.export().open(context.registry).run(probe)):
            assert (found["probability"][:, absent] == 0).all()
            np.testing.assert_allclose(found["probability"].sum(axis=1), 1, atol=1e-6)


def test_a_tree_without_a_split_is_a_constant(context):
    model = replace(QUICK, min_samples_leaf=5000, max_iter=2).run(context, features_of(VALUE))
    test = {name: features_of().source("test").arrays[name] for name in ("numeric", "categorical")}
    mean = features_of(VALUE).source("train").arrays[TARGET].mean()
    for found in (model.predict(test), model.export().open(context.registry).run(test)):
        np.testing.assert_allclose(found["value"], mean, rtol=1e-6)


def test_of_too_many_codes_the_rare_ones_and_those_never_seen_are_one_category(context):
    model = replace(QUICK, max_bins=10).run(context, features_of())
    test = features_of().source("test").batch()
    table_of = model.weights["ranks.categorical.3"]
    rare = np.flatnonzero(table_of == 9)
    assert len(np.unique(table_of)) == 10
    assert SIZES[3] - 1 in rare
    answers = []
    for code in rare[[0, len(rare) // 2, -1]]:
        test["categorical"][:, 3] = code
        answers.append(model.predict(test)["probability"])
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3)), min_size=1, max_size=60), st.integers(2, 12))
def test_ranks_are_dense_keep_the_order_of_codes_and_the_most_frequent_apart(pairs, most):
    codes, weight = (np.array(part) for part in zip(*pairs, strict=True))
    given_table, counts = ranks(codes, 11, most, weight), np.bincount(np.repeat(codes, weight), minlength=11)
    seen = sorted(set(codes.tolist()))
    if len(seen) <= most:
        assert given_table[seen].tolist() == list(range(len(seen)))
        assert np.isnan(np.delete(given_table, seen)).all()
        return
    own = np.flatnonzero(given_table < most - 1)
    assert given_table[own].tolist() == list(range(most - 1))
    assert (np.delete(given_table, own) == most - 1).all()
    assert counts[own].min() >= np.delete(counts, own).max()


def test_a_loaded_model_of_many_columns_of_codes_exports_the_same_graph(context, tmp_path):
    random = np.random.default_rng(0)
    sizes = tuple(range(3, 15))
    codes = np.stack([random.integers(0, size - 1, 600) for size in sizes], axis=1)  # the last of each is unseen
    batch = {"categorical": codes, TARGET: (np.sin(codes).sum(axis=1) > 0).astype(np.int64)}
    spec = ArraySpec("categorical", "int64", (len(sizes),), (), sizes)
    features = replace(features_of(arrays=(spec,)), sources={"train": Source(batch, 600)})
    model = QUICK.run(context, features)
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    loaded = type(model).load(tmp_path / "saved", context.registry)
    assert loaded.export().files == model.export().files


def test_one_class_is_an_error_that_names_it(context):
    with pytest.raises(DataError, match="all training rows are of class '>50K' of 'income'"):
        QUICK.run(context, features_of(shift=1000.0))


def test_an_array_that_is_neither_vector_nor_codes_is_an_error(context):
    image = ArraySpec("image", "float32", (3, 8, 8))
    with pytest.raises(DataError, match=r"cannot take the array 'image' \(float32, shape \(3, 8, 8\)\)"):
        QUICK.run(context, replace(features_of(), arrays=(NUMERIC, image)))


def test_no_training_rows_are_an_error(context):
    empty = Source({name: array[:0] for name, array in features_of().source("train").arrays.items()}, 0)
    with pytest.raises(DataError, match="0 training rows"):
        QUICK.run(context, replace(features_of(), sources={"train": empty}))


@pytest.mark.parametrize("wrong", [np.nan, -1.0, np.inf, 0.0])
def test_weights_that_are_no_weights_are_an_error(context, wrong):
    features = features_of(weighted=True)
    features.source("train").arrays[WEIGHT][slice(None) if wrong == 0 else 3] = wrong
    with pytest.raises(DataError, match="training weights"):
        QUICK.run(context, features)
