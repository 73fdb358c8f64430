"""The convolutional network: what it learns, that a row's answer does not depend on its batch, what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from headway.contracts import TARGET, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.errors import DataError
from headway.testing import ModelSuite, Recorder, StageSuite, make_context
from headway_lightning import Trainer
from headway_lightning.inputs import numeric
from headway_lightning.zoo.cnn import CNN

SMALL = CNN(
    channels=(4, 8), hidden=16, batch_size=32, learning_rate=1e-2, trainer=Trainer(max_epochs=15, accelerator="cpu")
)
SIZES = (1, 2, 3, 7, 8, 16, 40, 51, 129)


def bars(shape=(1, 8, 8), splits=(("train", 260), ("validation", 65)), **more):
    """Images of noise with a bar that lies, stands, or is not there, anywhere."""
    random, sources = np.random.default_rng(0), {}
    for split, rows in splits:
        images = 0.3 * random.normal(size=(rows, *shape)).astype(np.float32)
        kinds, places = random.integers(0, 3, rows), random.integers(0, min(shape[1:]), rows)
        for image, kind, place in zip(images, kinds, places, strict=True):
            if kind:
                image[:, *([slice(None), place] if kind == 1 else [place, slice(None)])] += 1
        sources[split] = Source({"tensor": images, TARGET: kinds.astype(np.int64)}, rows)
    target = Target("bar", "classification", ("none", "stands", "lies"))
    return Features((), Recipe(), Graph("onnx", {}), (ArraySpec("tensor", "float32", shape),), target, sources, **more)


@pytest.fixture(scope="module")
def model(hand, tmp_path_factory):
    return SMALL.run(make_context(tmp_path_factory.mktemp("work"), hand.registry()), bars())


class TestCNN(StageSuite):
    @pytest.fixture
    def stage(self):
        return CNN


class TestCNNModel(ModelSuite):
    @pytest.fixture
    def artifact(self, model):
        return model

    @pytest.fixture
    def registry(self, hand):
        return hand.registry()


def test_it_learns_shapes_wherever_they_lie(model):
    assert model.metrics["validation.accuracy"] > 0.9


def test_a_row_has_the_same_bits_in_batches_of_any_size(hand, tmp_path):
    shape = (3, 13, 17)
    stage = replace(SMALL, trainer=Trainer(max_epochs=1, accelerator="cpu"))
    model = stage.run(make_context(tmp_path, hand.registry()), bars(shape))
    runtime = model.export().open(hand.registry())
    rows = np.random.default_rng(1).normal(size=(258, *shape)).astype(np.float32)
    whole = runtime.run({"tensor": rows})["probability"]
    for size in SIZES:
        parts = [runtime.run({"tensor": rows[start : start + size]})["probability"] for start in range(0, 258, size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole, err_msg=str(size))


def test_augmentation_changes_what_is_trained_on_and_nothing_else(hand, tmp_path):
    stage = replace(SMALL, trainer=Trainer(max_epochs=1, accelerator="cpu"))
    plain, moved, again = (
        stage.run(make_context(tmp_path / str(i), hand.registry(), recorder=Recorder()), bars(augmentation=each))
        for i, each in enumerate([None, {"use": "shift", "by": 1}, {"use": "shift", "by": 1}])
    )
    assert plain.history != moved.history == again.history


@pytest.mark.parametrize(
    ("inputs", "numbers", "what"),
    [
        ([ArraySpec("numeric", "float32", (64,))], None, r"one array of images, it is given numeric \[64\]"),
        ([ArraySpec("a", "float32", (1, 8, 8)), ArraySpec("b", "float32", (2,))], None, r"a \[1, 8, 8\], b \[2\]"),
        ([ArraySpec("tensor", "float32", (1, 3, 9))], None, "3 x 9 pixels cannot be halved 2 times"),
        ([ArraySpec("tensor", "float32", (1, 8, 8))], numeric.Periodic(), "pixels are not embedded"),
    ],
)
def test_what_is_no_image_is_refused(inputs, numbers, what):
    with pytest.raises(DataError, match=what):
        CNN().body(inputs, 3, numbers)
