from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from headway.contracts import TARGET, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.errors import DataError
from headway.plugins import load
from headway.testing import Recorder, make_context
from headway_sklearn import light_trees
from headway_sklearn.light import LightGBM
from headway_sklearn.models import LightTrees

NUMERIC = ArraySpec("numeric", "float32", (3,), ("a", "b", "c"))
CODES = ArraySpec("categorical", "int64", (2,), ("d", "e"), (6, 40))
BINARY = Target("income", "classification", ("no", "yes"))


def batch(count, seed):
    random = np.random.default_rng(seed)
    numeric = random.normal(size=(count, 3)).astype(np.float32)
    codes = random.integers(0, (5, 39), (count, 2))
    score = numeric[:, 0] ** 2 + 2 * np.sin(codes[:, 1]) + random.logistic(size=count) / 2
    return {"numeric": numeric, "categorical": codes, TARGET: (score > 1).astype(np.int64)}


@pytest.fixture
def features():
    sources = {"train": Source(batch(1500, 1), 1500), "validation": Source(batch(500, 2), 500)}
    return Features((), Recipe(), Graph("onnx", {}), (NUMERIC, CODES), BINARY, sources)


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def context(tmp_path, recorder):
    return make_context(tmp_path / "work", load().registry, name="model", recorder=recorder)


def test_the_trees_are_the_library_s_own(context, features):
    train, test = features.source("train").batch(), batch(300, 3)
    table = [np.hstack([b["categorical"].astype(float), b["numeric"].astype(float)]) for b in (train, test)]
    own = lightgbm.LGBMClassifier(
        n_estimators=20, reg_lambda=0.1, random_state=0, n_jobs=1, deterministic=True, force_col_wise=True, verbosity=-1
    ).fit(table[0], train[TARGET], categorical_feature=[0, 1])
    model = LightGBM(max_iter=20, early_stopping=None).run(context, features)
    # The wrapper draws its bins with another seed; 1500 rows are all looked at.
    np.testing.assert_allclose(model.predict(test)["probability"], own.predict_proba(table[1]), rtol=1e-6)


def test_fitting_stops_on_the_validation_split_and_keeps_its_best_iteration(context, recorder, features):
    model = LightGBM(max_iter=300, learning_rate=0.5, early_stopping=5).run(context, features)
    losses = [row["validation.loss"] for row in model.history]
    assert len(light_trees.trees(model)) == int(np.argmin(losses)) + 1 == len(losses) - 5
    assert model.metrics["validation.log_loss"] == pytest.approx(min(losses), rel=1e-5)
    assert [values["validation.loss"] for _, values in recorder.reports] == losses
    assert [each.done for each in recorder.progresses] == list(range(1, len(losses) + 1))
    assert {(each.total, each.unit, each.at_most) for each in recorder.progresses} == {(300, "iterations", True)}


def test_without_validation_rows_all_iterations_are_kept(context, recorder, features):
    features = replace(features, sources={"train": features.source("train")})
    model = LightGBM(max_iter=7, early_stopping=1).run(context, features)
    assert len(light_trees.trees(model)) == 7
    assert (model.history, model.metrics) == ((), {})
    assert [(each.share, each.at_most) for each in recorder.progresses][-1] == (1.0, False)


def test_a_pruned_trial_stops(context, features, monkeypatch):
    from headway.errors import Pruned

    def stop(step, values):
        raise Pruned

    monkeypatch.setattr(context.reporter, "report", stop)
    with pytest.raises(Pruned):
        LightGBM().run(context, features)


def test_the_text_that_is_kept_says_nothing_of_threads(context, features):
    text = bytes(LightGBM(max_iter=3).run(context, features).weights["text"]).decode()
    assert "Tree=2" in text
    assert "num_threads" not in text
    assert text.endswith("end of trees\n")


def booster(**settings):
    """Trees of the library alone, on numbers some of which are missing or zero."""
    random = np.random.default_rng(0)
    numeric = random.normal(size=(800, 3)).astype(np.float32)
    numeric[random.random((800, 3)) < 0.3] = settings.pop("gap", np.nan)
    wanted = np.nan_to_num(numeric[:, 0], nan=3.0) + numeric[:, 1].clip(0) + random.normal(size=800) / 9
    wanted = np.nan_to_num(wanted, nan=-2.0)
    settings |= {"objective": "regression", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    return lightgbm.train(settings, lightgbm.Dataset(numeric, wanted, params=settings), 8), numeric


def model_of(trained):
    from headway.contracts import Output

    text = np.frombuffer(light_trees._text(trained.model_to_string()).encode(), np.uint8)
    return LightTrees((NUMERIC,), (Output("value", "value"),), {"text": text})


@pytest.mark.parametrize("settings", [{}, {"gap": 0.0}, {"use_missing": False}])
def test_missing_values_go_where_the_library_sends_them(context, settings):
    trained, numeric = booster(**settings)
    numeric[:50] = np.nan
    tiny = np.float32(1e-35)
    near = [edge for way in (tiny, -tiny) for edge in (way, np.nextafter(way, 1), np.nextafter(way, -1))]
    odd = np.float32([np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 1e-45, 1e-30, 3e38, -3e38, *near])
    numeric[50 : 50 + len(odd)] = odd[:, None]
    graph = model_of(trained).export().open(context.registry)
    given = graph.run({"numeric": numeric})["value"]
    np.testing.assert_allclose(given, trained.predict(numeric.astype(np.float64)), rtol=1.5e-7)


@pytest.mark.parametrize(("settings", "told"), [({"zero_as_missing": True}, "zero"), ({"linear_tree": True}, "linear")])
def test_trees_of_another_kind_are_refused_by_the_export(settings, told):
    trained, _ = booster(**settings)
    with pytest.raises(DataError, match=f"{told}.* cannot be exported"):
        model_of(trained).export()


def test_without_the_library_the_error_comes_before_any_stage_runs(monkeypatch):
    assert LightGBM().preflight() == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (lack,) = LightGBM().preflight()
    assert lack.code == "missing-library"
    assert "headway-sklearn[lightgbm]" in lack.hint


def test_categories_that_were_never_trained_on_go_right(context, features):
    model = LightGBM(max_iter=10, early_stopping=None).run(context, features)
    test = batch(200, 4)
    test["categorical"][:] = (5, 39)
    own = model.predict(test)["probability"]
    given = model.export().open(context.registry).run({n: test[n] for n in ("numeric", "categorical")})["probability"]
    np.testing.assert_allclose(given, own, atol=6e-8)
    # Reading the trees by hand, with every test of a category failing.
    total = np.zeros(200)
    for tree in light_trees.trees(model):
        for row in range(200):
            place = 0
            while place >= 0 and tree.splits:
                split = tree.splits[place]
                left = split.categories is None and test["numeric"][row, split.feature - 2] <= split.threshold
                place = split.left if left else split.right
            total[row] += tree.leaves[~place]
    np.testing.assert_allclose(own[:, 1], 1 / (1 + np.exp(-total)), rtol=1e-6)
