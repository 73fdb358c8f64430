"""Targets of several labels: the baseline takes them, models of one target say that they do not."""

import numpy as np
import pytest
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.errors import DataError
from headway.testing import ModelSuite
from headway_sklearn.baselines import Linear, Majority
from headway_sklearn.boosting import HistGradientBoosting
from headway_sklearn.forest import RandomForest
from headway_sklearn.persistence import Previous

LABELS = Target("rain, wind", "multilabel", ("rain", "wind"))


def features_of(shares=(0.5, 0.2)):
    random = np.random.default_rng(1)
    sources = {}
    for split, count in {"train": 300, "validation": 120, "test": 50}.items():
        arrays = {
            "numeric": random.normal(size=(count, 3)).astype(np.float32),
            TARGET: (random.random((count, 2)) < shares).astype(np.float32),
            WEIGHT: random.integers(0, 3, count).astype(np.float32),
        }
        sources[split] = Source(arrays, count)
    return Features(
        (), Recipe(), Graph("onnx", {}), (ArraySpec("numeric", "float32", (3,), tuple("abc")),), LABELS, sources
    )


class TestMajorityOfLabels(ModelSuite):
    @pytest.fixture
    def artifact(self, context):
        return Majority().run(context, features_of())


def test_majority_gives_the_share_of_rows_with_each_label(context):
    features = features_of()
    model = Majority().run(context, features)
    train = features.source("train").batch()
    given = model.predict(features.source("test").batch())["probability"]
    wanted = np.average(train[TARGET], axis=0, weights=train[WEIGHT])
    np.testing.assert_allclose(given, np.tile(wanted, (50, 1)), rtol=1e-6)
    assert (model.outputs[0].kind, model.outputs[0].classes) == ("marginal", ("rain", "wind"))
    assert model.metrics["validation.macro_auroc"] == 0.5


def test_a_label_without_training_rows_is_told(context, caplog):
    Majority().run(context, features_of((0.5, 0.0)))
    assert "no training row is of class 'wind'" in caplog.text


@pytest.mark.parametrize("stage", [Linear(), HistGradientBoosting(), RandomForest(), Previous(column="a")])
def test_models_of_one_target_refuse_labels(stage, context):
    with pytest.raises(DataError, match="predicts one target, not the 2 labels 'rain, wind'") as caught:
        stage.run(context, features_of())
    assert "model=mlp" in caught.value.hint
