"""A census-like table, a features graph written by hand, and a small model in numpy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from headway.contracts import (
    MISSING,
    TARGET,
    ArraySpec,
    Dataset,
    Features,
    Graph,
    Model,
    Output,
    Source,
    conform,
    feeds,
    run_chunked,
)
from headway.plugins import load
from headway.testing import Recorder, make_context, tiny_dataset
from headway_onnx.graphs import as_graph, code_name, label_encoders, merge, parse
from headway_onnx.runtime import OnnxRuntime

HEADER = '<ir_version: 10, opset_import: ["" : 20, "ai.onnx.ml" : 3]>\n'
NUMBERS = ("age", "hours", "gain", "member")


def model_of(text: str) -> onnx.ModelProto:
    """A graph from ONNX's text form, without the header."""
    return onnx.parser.parse_model(HEADER + text.replace(";", "\n"))


@pytest.fixture(scope="session")
def proto() -> Callable[[str], onnx.ModelProto]:
    return model_of


@pytest.fixture(scope="session")
def registry() -> Any:
    return load().registry


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def context(tmp_path: Path, registry: Any, recorder: Recorder) -> Any:
    return make_context(tmp_path / "work", registry, name="export", recorder=recorder)


@pytest.fixture(scope="session")
def data() -> Dataset:
    return tiny_dataset(rows=300)


def transform(data: Dataset, scale: str = "double") -> bytes:
    """Standardise (missing as 0, clipped) and encode, in float64 until one cast."""
    train = data.split("train").collect()
    codes = {name: [*sorted(train[name].drop_nulls().unique()), MISSING] for name in ("work", "education")}
    inputs = [f"double[batch] {name}" for name in NUMBERS] + [f"int64[batch] {name}" for name in map(_code, codes)]
    lines = ["one = Constant <value_ints: ints = [1]> ()", "zero = Constant <value: tensor = double {0.0}> ()"]
    lines += [
        "low = Constant <value: tensor = double {-1000000.0}> ()",
        "high = Constant <value: tensor = double {1000000.0}> ()",
    ]
    for name in NUMBERS:
        mean, spread = float(train[name].cast(float).mean()), float(train[name].cast(float).std())
        lines += [
            f"m_{name} = Constant <value: tensor = double {{{mean!r}}}> ()",
            f"s_{name} = Constant <value: tensor = double {{{spread!r}}}> ()",
            f"d_{name} = Sub({name}, m_{name})",
            f"q_{name} = Div(d_{name}, s_{name})",
            f"n_{name} = IsNaN(q_{name})",
            f"w_{name} = Where(n_{name}, zero, q_{name})",
            f"c_{name} = Clip(w_{name}, low, high)",
            f"u_{name} = Unsqueeze(c_{name}, one)",
        ]
    lines += [f"u_{name} = Unsqueeze({_code(name)}, one)" for name in codes]
    lines += [f"wide = Concat<axis: int = 1>({', '.join(f'u_{name}' for name in NUMBERS)})"]
    lines += ["numeric = Cast<to: int = 1>(wide)"]
    lines += [f"categorical = Concat<axis: int = 1>({', '.join(f'u_{name}' for name in codes)})"]
    text = f"g ({', '.join(inputs)}) => (float[batch,4] numeric, int64[batch,2] categorical) {{ {'; '.join(lines)}; }}"
    links = {_code(name): code_name(name) for name in codes}
    return as_graph(merge(label_encoders(codes), model_of(text), links)).files["model.onnx"]


def _code(name: str) -> str:
    return f"code_{name}"


@pytest.fixture(scope="session")
def features(data: Dataset) -> Features:
    """`numeric` (4) and `categorical` (2), as the graph itself gives them."""
    graph = as_graph(transform(data))
    names = [value.name for value in parse(graph.files["model.onnx"]).graph.input]
    columns = tuple(column for column in data.schema.inputs if column.name in names)
    runtime = OnnxRuntime.load(graph.files)
    classes = data.schema.target.classes
    sources = {}
    for split in data.splits:
        frame = data.split(split).collect()
        arrays = run_chunked(runtime, feeds(conform(frame, columns), columns))
        target = np.array([classes.index(value) for value in frame["income"]], dtype=np.int64)
        sources[split] = Source({**arrays, TARGET: target}, len(frame))
    counts = tuple(data.split("train").collect()[name].drop_nulls().n_unique() + 2 for name in ("work", "education"))
    arrays = (
        ArraySpec("numeric", "float32", (4,), NUMBERS),
        ArraySpec("categorical", "int64", (2,), ("work", "education"), counts),
    )
    return Features(columns, data.recipe, graph, arrays, data.schema.target, sources)


@dataclass(frozen=True)
class NumpyModel(Model):
    """Softmax of a matrix product, in numpy; its graph is given, so that tests can break it."""

    type_name = "numpy_model"

    weight: np.ndarray
    content: bytes
    outputs: tuple[Output, ...] = (Output("probability", "probability", classes=("<=50K", ">50K")),)
    inputs: tuple[ArraySpec, ...] = (ArraySpec("numeric", "float32", (4,), NUMBERS),)
    history: tuple = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    runtime: str = "onnx"

    def predict(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        scores = batch["numeric"].astype(np.float64) @ self.weight
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return {"probability": shares.astype(np.float32)}

    def export(self) -> Graph:
        return Graph(self.runtime, {"model.onnx": self.content})

    def save(self, folder: Path) -> None:
        raise AssertionError("no test saves this model")

    @classmethod
    def load(cls, folder: Path, lookup: Any) -> "NumpyModel":
        raise AssertionError("no test loads this model")


WEIGHT = np.array([[0.0, 0.4], [0.0, 0.1], [0.0, 0.7], [0.0, -0.3]])
WEIGHT_TEXT = "w = Constant<value: tensor = float[4,2] {0.0, 0.4, 0.0, 0.1, 0.0, 0.7, 0.0, -0.3}>()"
GOOD = f"{WEIGHT_TEXT}; s = Gemm(numeric, w); probability = Softmax<axis: int = -1>(s);"


@pytest.fixture(scope="session")
def graph_of() -> Callable[[str], bytes]:
    """The bytes of a model's graph with the given nodes."""

    def make(nodes: str) -> bytes:
        text = f"g (float[batch,4] numeric) => (float[batch,2] probability) {{ {nodes} }}"
        return as_graph(model_of(text)).files["model.onnx"]

    return make


@pytest.fixture(scope="session")
def model(graph_of: Callable[[str], bytes]) -> NumpyModel:
    return NumpyModel(WEIGHT, graph_of(GOOD))


@pytest.fixture(scope="session")
def broken(model: NumpyModel, graph_of: Callable[[str], bytes]) -> Callable[[str], NumpyModel]:
    """The model with other nodes in its graph, after those that give the scores ``s``."""

    def make(nodes: str) -> NumpyModel:
        return replace(model, content=graph_of(f"{WEIGHT_TEXT}; s = Gemm(numeric, w); {nodes}"))

    return make
