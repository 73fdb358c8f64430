"""Models of named arrays, saved and loaded without a line of the plugin's."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from headway.contracts import ArrayModel, ArraySpec, Graph, Output, Runtime
from headway.testing import ModelSuite


@dataclass(frozen=True)
class Product(Runtime):
    weights: np.ndarray

    @classmethod
    def load(cls, files, lookup):
        return cls(np.frombuffer(files["weights.bin"]).reshape(3, 2))

    def run(self, feeds):
        x = feeds["x"].astype(np.float64)
        return {"y": (x[:, :, None] * self.weights).sum(axis=1).sum(axis=1).astype(np.float32)}


@dataclass(frozen=True)
class Plain(ArrayModel):
    """A sum of products."""

    type_name: ClassVar[str] = "plain"

    def predict(self, batch):
        return Product(self.weights["w"]).run(batch)

    def export(self):
        return Graph("product", {"weights.bin": self.weights["w"].tobytes()})


class Names:
    def get(self, kind, name):
        return {("artifact", "plain"): Plain, ("runtime", "product"): Product}[kind, name]


def plain(weights, **more):
    return Plain((ArraySpec("x", "float32", (3,)),), (Output("y", "value"),), weights, **more)


class TestArrayModel(ModelSuite):
    @pytest.fixture
    def registry(self):
        return Names()

    @pytest.fixture
    def artifact(self):
        weights = np.random.default_rng(0).normal(size=(3, 2))
        return plain({"w": weights}, metrics={"validation.mae": 1.5}, history=({"loss": 2.0}, {"loss": 1.0}))


@pytest.mark.parametrize(
    "array",
    [np.array(2.5), np.zeros((0, 3)), np.arange(6.0).reshape(2, 3).T, np.arange(10)[::-2], np.array([True, False])],
    ids=["scalar", "empty", "transposed", "reversed", "boolean"],
)
def test_arrays_of_any_shape_and_order_come_back(array, tmp_path):
    plain({"a": array}).save(tmp_path)
    found = Plain.load(tmp_path, Names()).weights["a"]
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_metrics_and_history_come_back(tmp_path):
    plain({"a": np.ones(1)}, metrics={"m": 1.0}, history=({"loss": 2.0},)).save(tmp_path)
    found = Plain.load(tmp_path, Names())
    assert (found.metrics, found.history) == ({"m": 1.0}, ({"loss": 2.0},))
