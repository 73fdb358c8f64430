"""A whole hand-made chain of artifacts, on a runtime of a dozen lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from headway import contracts
from headway.contracts import (
    MISSING,
    TARGET,
    ArraySpec,
    Features,
    Graph,
    Model,
    NullValues,
    Output,
    Predictor,
    Recipe,
    Runtime,
    Source,
    conform,
    feeds,
    read_json,
    run_chunked,
    write_json,
)
from headway.testing import tiny_dataset

NUMBERS = ("age", "hours", "gain")


@dataclass(frozen=True)
class Arithmetic(Runtime):
    """Runs graphs that are JSON: the mean for missing numbers, codes for strings, a linear softmax."""

    steps: Mapping

    @classmethod
    def load(cls, files, lookup):
        return cls(json.loads(files["steps.json"]))

    def run(self, feeds):
        arrays = dict(feeds)
        if "numbers" in self.steps:
            columns = [np.where(np.isnan(feeds[n]), mean, feeds[n]) for n, mean in self.steps["numbers"].items()]
            arrays["numeric"] = (np.stack(columns, axis=1) / 100).astype(np.float32)
            codes = [self._codes(feeds[name], known) for name, known in self.steps["strings"].items()]
            arrays["categorical"] = np.stack(codes, axis=1)
        if "weights" in self.steps:
            arrays["probability"] = self._softmax(arrays)
        return arrays

    @staticmethod
    def _codes(values, known):
        return np.array([known.index(v) if v in known else len(known) for v in values], dtype=np.int64)

    def _softmax(self, arrays):
        inputs = np.concatenate([arrays["numeric"], arrays["categorical"]], axis=1).astype(np.float64)
        logits = (inputs[:, :, None] * np.array(self.steps["weights"])).sum(axis=1)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class ToyModel(Model):
    """A linear softmax with its weights as JSON."""

    type_name: ClassVar[str] = "toy_model"

    inputs: tuple[ArraySpec, ...]
    outputs: tuple[Output, ...]
    weights: tuple[tuple[float, ...], ...]
    metrics: Mapping[str, float]
    history: tuple = ()

    def predict(self, batch):
        return {"probability": Arithmetic({"weights": self.weights}).run(batch)["probability"]}

    def export(self):
        return Graph("toy", {"steps.json": json.dumps({"weights": self.weights}).encode()})

    def save(self, folder):
        write_json(folder / "model.json", self)

    @classmethod
    def load(cls, folder, lookup):
        head = read_json(folder / "model.json", dict)
        inputs = read_json(folder / "model.json", _Head).inputs
        outputs = read_json(folder / "model.json", _Head).outputs
        return cls(inputs, outputs, tuple(map(tuple, head["weights"])), head["metrics"])


@dataclass(frozen=True)
class _Head:
    inputs: tuple[ArraySpec, ...]
    outputs: tuple[Output, ...]


class Names:
    """A registry of the core's artifacts and what this file adds."""

    def __init__(self):
        core = ("Dataset", "Features", "Predictor", "Predictions", "Report")
        self.known = {("artifact", getattr(contracts, name).type_name): getattr(contracts, name) for name in core}
        self.known |= {("artifact", "toy_model"): ToyModel, ("runtime", "toy"): Arithmetic}

    def get(self, kind, name):
        return self.known[kind, name]


@pytest.fixture
def names():
    return Names()


@pytest.fixture
def dataset():
    data = tiny_dataset(120)
    return contracts.Dataset(data.schema, data.splits, Recipe((NullValues(("?",)),)))


@pytest.fixture
def features(dataset):
    schema = dataset.schema
    train = dataset.split("train").collect()
    strings = {name: [MISSING, *schema.column(name).categories] for name in ("work", "education")}
    steps = {"numbers": {name: train[name].mean() for name in NUMBERS}, "strings": strings}
    columns = tuple(schema.column(name) for name in (*NUMBERS, *strings))
    arrays = (
        ArraySpec("numeric", "float32", (3,), NUMBERS),
        ArraySpec("categorical", "int64", (2,), tuple(strings), tuple(len(v) + 1 for v in strings.values())),
    )
    graph = Graph("toy", {"steps.json": json.dumps(steps).encode()})
    runtime = Arithmetic.load(graph.files, None)
    sources = {name: source(runtime, frame.collect(), columns, arrays) for name, frame in dataset.splits.items()}
    return Features(columns, dataset.recipe, graph, arrays, schema.target, sources)


def source(runtime, frame, columns, arrays):
    given = run_chunked(runtime, feeds(conform(frame, columns), columns))
    target = (frame["income"] == ">50K").to_numpy().astype(np.int64)
    return Source({spec.name: given[spec.name] for spec in arrays} | {TARGET: target}, len(frame))


@pytest.fixture
def model(features):
    weights = ((-2.0, 2.0), (-1.5, 1.5), (-0.5, 0.5), (0.1, -0.1), (0.3, -0.3))
    outputs = (Output("probability", "probability", features.target.classes),)
    return ToyModel(features.arrays, outputs, weights, {"auroc": 0.7})


@pytest.fixture
def predictor(features, model):
    steps = json.loads(features.graph.files["steps.json"]) | {"weights": model.weights}
    graph = Graph("toy", {"steps.json": json.dumps(steps).encode()})
    return Predictor(features.columns, features.recipe, model.outputs, graph, {"parity": {"rows": 120}})
