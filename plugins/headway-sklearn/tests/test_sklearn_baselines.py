from dataclasses import replace

import numpy as np
import pytest
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.errors import DataError
from headway.testing import ModelSuite, StageSuite
from headway_onnx.lint import lint
from headway_sklearn.baselines import Linear, Majority, Quantile
from headway_sklearn.boosting import HistGradientBoosting
from headway_sklearn.fit import design, quantile
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

NUMERIC = ArraySpec("numeric", "float32", (3,), ("a", "b", "c"))
CATEGORICAL = ArraySpec("categorical", "int64", (2,), ("d", "e"), (3, 5))
BINARY = Target("income", "classification", ("<=50K", ">50K"))
THREE = Target("kind", "classification", ("x", "y", "z"))
VALUE = Target("spending", "regression")


def features_of(target=BINARY, arrays=(NUMERIC, CATEGORICAL), weighted=False, rows=300, shift=0.0):
    """Features whose target depends on the first number and the first code."""
    random = np.random.default_rng(1)
    sources = {}
    for split, count in {"train": rows, "validation": 120, "test": 50}.items():
        numeric = random.normal(size=(count, 3)).astype(np.float32)
        codes = random.integers(0, (3, 4), (count, 2))  # the last code of the second, unseen, never occurs
        score = 2 * numeric[:, 0] + codes[:, 0] - 1 + random.logistic(size=count)
        given = {"numeric": numeric, "categorical": codes.astype(np.int64), TARGET: targets(target, score + shift)}
        if weighted:
            given[WEIGHT] = random.integers(0, 3, count).astype(np.float32)
        kept = {name: a for name, a in given.items() if name in {TARGET, WEIGHT, *(spec.name for spec in arrays)}}
        sources[split] = Source(kept, count)
    return Features((), Recipe(), Graph("onnx", {}), tuple(arrays), target, sources)


def targets(target, score):
    if target.classes is None:
        return (10 + 3 * score).astype(np.float32)
    if len(target.classes) == 2:
        return (score > 0).astype(np.int64)
    return np.digitize(score, [-1, 1]).astype(np.int64)


def one_hot(batch):
    codes = [np.eye(n)[batch["categorical"][:, i]] for i, n in enumerate(CATEGORICAL.cardinalities)]
    return np.hstack([batch["numeric"].astype(np.float64), *codes])


class TestLinear(StageSuite):
    @pytest.fixture
    def stage(self):
        return Linear


class TestMajority(StageSuite):
    @pytest.fixture
    def stage(self):
        return Majority


class _Linear(ModelSuite):
    ATOL, RTOL = 1e-7, 1e-7

    @pytest.fixture
    def artifact(self, context):
        return Linear().run(context, self.features)


class TestLinearBinary(_Linear):
    features = features_of()


class TestLinearThreeClasses(_Linear):
    features = features_of(THREE)


class TestLinearRegression(_Linear):
    features = features_of(VALUE)


class TestLinearOnNumbersAlone(_Linear):
    features = features_of(arrays=(NUMERIC,))


class TestLinearOnCodesAlone(_Linear):
    features = features_of(arrays=(CATEGORICAL,))


class TestLinearWithCodesFirst(_Linear):
    features = features_of(arrays=(CATEGORICAL, NUMERIC))


class _Majority(ModelSuite):
    ATOL, RTOL = 0.0, 1e-7

    @pytest.fixture
    def artifact(self, context):
        return Majority().run(context, self.features)


class TestMajorityBinary(_Majority):
    features = features_of()


class TestMajorityThreeClasses(_Majority):
    features = features_of(THREE)


class TestMajorityRegression(_Majority):
    features = features_of(VALUE, arrays=(CATEGORICAL,))


def test_logistic_regression_is_scikit_learns_on_one_hot_columns(context):
    features = features_of()
    batch = features.source("train").batch()
    reference = LogisticRegression(C=0.5, max_iter=1000, tol=1e-10).fit(one_hot(batch), batch[TARGET])
    given = Linear(C=0.5).run(context, features).predict(features.source("test").batch())["probability"]
    np.testing.assert_allclose(given, reference.predict_proba(one_hot(features.source("test").batch())), atol=1e-5)


def test_ridge_regression_solves_the_normal_equations(context):
    features = features_of(VALUE, weighted=True)
    batch = features.source("train").batch()
    rows, weight = one_hot(batch), batch[WEIGHT].astype(np.float64)
    mean, middle = np.average(rows, axis=0, weights=weight), np.average(batch[TARGET], weights=weight)
    centred = rows - mean
    gram = centred.T @ (weight[:, None] * centred) + np.eye(rows.shape[1]) / 2.0
    solved = np.linalg.solve(gram, centred.T @ (weight * (batch[TARGET] - middle)))
    given = Linear(C=2.0).run(context, features).predict(batch)["value"]
    np.testing.assert_allclose(given, centred @ solved + middle, rtol=1e-5)
    reference = Ridge(alpha=0.5).fit(rows, batch[TARGET], sample_weight=weight)
    np.testing.assert_allclose(given, reference.predict(rows), rtol=1e-5)


def test_more_trust_in_the_data_means_larger_coefficients(context):
    features = features_of()
    sizes = [np.abs(Linear(C=trust).run(context, features).weights["coef_"]).sum() for trust in (0.01, 1.0, 100.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.5 * sizes[2]


@pytest.mark.parametrize("target", [BINARY, THREE, VALUE])
@pytest.mark.parametrize("stage", [Linear(), Majority()])
def test_a_row_of_weight_two_counts_as_two_rows_and_of_weight_zero_as_none(context, stage, target):
    features = features_of(target, weighted=True)
    train = features.source("train").batch()
    times = train[WEIGHT].astype(int)
    repeated = {name: np.repeat(array, times, axis=0) for name, array in train.items() if name != WEIGHT}
    plain = replace(features, sources={**features.sources, "train": Source(repeated, int(times.sum()))})
    name = stage.run(context, features).outputs[0].name
    test = features.source("test").batch()
    weighted, counted = (stage.run(context, each).predict(test)[name] for each in (features, plain))
    np.testing.assert_allclose(weighted, counted, rtol=1e-4, atol=1e-4)


def test_majority_gives_the_shares_of_the_classes(context):
    features = features_of(THREE)
    shares = np.bincount(features.source("train").batch()[TARGET], minlength=3) / 300
    given = Majority().run(context, features).predict(features.source("test").batch())["probability"]
    np.testing.assert_allclose(given, np.tile(shares, (50, 1)), rtol=1e-6)


def test_validation_metrics_are_recorded_and_kept(context, recorder):
    model = Linear().run(context, features_of())
    assert set(model.metrics) == {f"validation.{name}" for name in ("accuracy", "auroc", "log_loss", "brier")}
    assert recorder.metrics == model.metrics
    assert model.metrics["validation.auroc"] > 0.8
    assert Majority().run(context, features_of()).metrics["validation.auroc"] == 0.5
    assert set(Linear().run(context, features_of(VALUE)).metrics) == {f"validation.{n}" for n in ("rmse", "mae", "r2")}


def test_without_a_validation_split_there_are_no_metrics(context, recorder):
    features = features_of()
    features = replace(features, sources={"train": features.source("train")})
    assert Linear().run(context, features).metrics == {}
    assert recorder.metrics == {}


def test_a_class_without_training_rows_has_probability_zero(context):
    features = features_of(THREE)
    batch = features.source("train").batch()
    some = batch[TARGET] != 1
    less = Source({name: array[some] for name, array in batch.items()}, int(some.sum()))
    model = Linear().run(context, replace(features, sources={**features.sources, "train": less}))
    test = features.source("test").batch()
    for found in (model.predict(test), model.export().open(context.registry).run(inputs(test))):
        assert (found["probability"][:, 1] == 0).all()
        np.testing.assert_allclose(found["probability"].sum(axis=1), 1, atol=1e-6)


def inputs(batch):
    return {name: batch[name] for name in ("numeric", "categorical")}


def test_one_class_is_an_error_that_names_it(context):
    with pytest.raises(DataError, match="all training rows are of class '>50K' of 'income'"):
        Linear().run(context, features_of(shift=1000.0))


def test_an_array_that_is_neither_vector_nor_codes_is_an_error(context):
    image = ArraySpec("image", "float32", (3, 8, 8))
    with pytest.raises(DataError, match=r"cannot take the array 'image' \(float32, shape \(3, 8, 8\)\)"):
        Linear().run(context, replace(features_of(), arrays=(NUMERIC, image)))


@pytest.mark.parametrize("stage", [Linear(), Majority()])
def test_no_training_rows_are_an_error(context, stage):
    features = features_of()
    empty = Source({name: array[:0] for name, array in features.source("train").arrays.items()}, 0)
    with pytest.raises(DataError, match="0 training rows"):
        stage.run(context, replace(features, sources={"train": empty}))


@pytest.mark.parametrize("stage", [Linear(), Majority()])
@pytest.mark.parametrize("wrong", [np.nan, -1.0, np.inf])
def test_weights_that_are_no_weights_are_an_error(context, stage, wrong):
    features = features_of(weighted=True)
    features.source("train").arrays[WEIGHT][3] = wrong
    with pytest.raises(DataError, match="training weights"):
        stage.run(context, features)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("trust", [None, 1.0])
@pytest.mark.parametrize("target", [BINARY, VALUE])
def test_stopping_early_is_told(context, caplog, target, trust, weighted):
    features = features_of(target, weighted=weighted)
    Linear(C=trust).run(context, features)
    assert "has not converged" not in caplog.text
    Linear(C=trust, max_iter=1).run(context, features)
    assert "the linear model has not converged" in caplog.text


@pytest.mark.parametrize("stage", [Linear(), HistGradientBoosting(max_iter=3)])
def test_rows_without_weight_are_of_no_class(context, caplog, stage):
    features = features_of(THREE, weighted=True)
    arrays = features.source("train").arrays
    arrays[WEIGHT][arrays[TARGET] == 1] = 0
    model = stage.run(context, features)
    assert (model.predict(features.source("test").batch())["probability"][:, 1] == 0).all()
    assert "no training row is of class 'y' of 'kind'" in caplog.text
    arrays[WEIGHT][arrays[TARGET] == 2] = 0
    with pytest.raises(DataError, match="all training rows are of class 'x'"):
        stage.run(context, features)


def test_fitting_twice_gives_the_same_bits(context, tmp_path):
    one, two = (Linear().run(context, features_of()) for _ in range(2))
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, two.weights[name])
    assert one.export().files == two.export().files


@pytest.mark.parametrize("target", [BINARY, THREE, VALUE])
@pytest.mark.parametrize("stage", [Linear(), Majority()])
def test_graphs_pass_the_lint(context, stage, target):
    assert lint(stage.run(context, features_of(target)).export().files["model.onnx"]) == ()


@pytest.mark.parametrize("target", [BINARY, THREE, VALUE])
@pytest.mark.parametrize("stage", [Linear(), Majority()])
def test_a_row_gets_the_same_bits_in_a_batch_of_any_size(context, stage, target):
    model = stage.run(context, features_of(target))
    runtime = model.export().open(context.registry)
    random = np.random.default_rng(2)
    numeric = (random.normal(size=(4096, 3)) * 10.0 ** random.integers(-6, 7, (4096, 3))).astype(np.float32)
    codes = random.integers(0, CATEGORICAL.cardinalities, (4096, 2))
    arrays = {spec.name: {"numeric": numeric, "categorical": codes}[spec.name] for spec in model.inputs}
    name = model.outputs[0].name
    reference = runtime.run(arrays)[name]
    for size in (1, 2, 3, 7, 8, 16, 40, 51, 129):
        for start in range(0, 4 * size, size):
            part = runtime.run({n: a[start : start + size] for n, a in arrays.items()})[name]
            np.testing.assert_array_equal(part, reference[start : start + size])


def test_codes_are_columns_of_zeros_and_ones_after_the_numbers():
    batch = {"numeric": np.float32([[1, 2, 3]]), "categorical": np.array([[2, 0]])}
    assert design(batch, (CATEGORICAL, NUMERIC)).toarray().tolist() == [[1, 2, 3, 0, 0, 1, 1, 0, 0, 0, 0]]


class TestQuantile(StageSuite):
    @pytest.fixture
    def stage(self):
        return Quantile


class TestQuantileModel(_Majority):
    features = features_of(VALUE)

    @pytest.fixture
    def artifact(self, context):
        return Quantile((0.05, 0.5, 0.95)).run(context, self.features)


PAIRS = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 3)), min_size=1, max_size=30)


@given(PAIRS.filter(lambda pairs: any(weight for _, weight in pairs)),
       st.sampled_from([(0.5,), (0.1, 0.5, 0.9), (0.25, 0.3, 0.999)]))  # fmt: skip
def test_quantiles_minimise_the_pinball_loss_and_are_the_smallest_that_do(pairs, levels):
    target, weight = (np.array(part, np.float32) for part in zip(*pairs, strict=True))
    source = Source({"numeric": np.zeros((len(target), 3), np.float32), TARGET: target, WEIGHT: weight}, len(target))
    found = quantile(replace(features_of(VALUE), sources={"train": source}), levels).weights["answer"]
    repeated = np.repeat(target, weight.astype(int))
    np.testing.assert_array_equal(found, np.quantile(repeated, levels, method="inverted_cdf"))
    for level, answer in zip(levels, found, strict=True):
        short = repeated - np.unique(target)[:, None]
        losses = np.maximum(level * short, (level - 1) * short).sum(axis=1)
        short = repeated - answer
        assert np.maximum(level * short, (level - 1) * short).sum() <= losses.min() + 1e-4


def test_quantiles_record_the_pinball_loss(context, recorder):
    features = features_of(VALUE)
    model = Quantile((0.5,)).run(context, features)
    valid = features.source("validation").batch()[TARGET]
    assert set(recorder.metrics) == {"validation.pinball"}
    off = np.abs(valid - np.sort(features.source("train").batch()[TARGET])[149]).mean() / 2
    assert model.metrics["validation.pinball"] == pytest.approx(off, rel=1e-5)
    assert model.outputs[0].levels == (0.5,)


def test_quantiles_of_classes_and_levels_that_do_not_ascend_are_errors(context):
    with pytest.raises(DataError, match="'income' is a classification target, and quantiles are of numbers"):
        Quantile().run(context, features_of())
    with pytest.raises(DataError, match="levels must ascend") as caught:
        Quantile((0.5, 0.1, 0.5))
    assert caught.value.hint == "write [0.1, 0.5]"


def test_without_a_penalty_it_is_least_squares(context):
    features = features_of(VALUE, weighted=True)
    batch = features.source("train").batch()
    root = np.sqrt(batch[WEIGHT].astype(np.float64))
    rows = np.hstack([one_hot(batch), np.ones((300, 1))])
    solved = np.linalg.lstsq(rows * root[:, None], batch[TARGET] * root, rcond=None)[0]
    given = Linear(C=None).run(context, features).predict(batch)["value"]
    np.testing.assert_allclose(given, rows @ solved, rtol=1e-5, atol=1e-5)


def test_without_a_penalty_it_is_plain_logistic_regression(context):
    features = features_of()
    batch = features.source("train").batch()
    free, held = (Linear(C=trust).run(context, features).predict(batch)["probability"] for trust in (None, 1e-3))
    # The likelihood is at its maximum where expected and actual sums of columns agree.
    rows = one_hot(batch)
    np.testing.assert_allclose(rows.T @ free[:, 1], rows.T @ batch[TARGET], atol=0.05)
    assert np.abs(rows.T @ (held[:, 1] - batch[TARGET])).max() > 1


def test_a_class_without_training_rows_is_told(context, caplog):
    features = features_of(THREE)
    train = features.source("train").batch()
    train[TARGET] = np.where(train[TARGET] == 1, 0, train[TARGET])
    Majority().run(context, replace(features, sources={"train": Source(train, 300)}))
    assert "no training row is of class 'y' of 'kind'" in caplog.text
