"""The baselines as graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headway.contracts import ArraySpec, Graph

from headway_sklearn.building import Builder

if TYPE_CHECKING:
    import numpy as np

    from headway_sklearn.models import CarriedModel, LinearModel, MajorityModel


def majority(model: MajorityModel) -> Graph:
    """The answer, repeated as often as the first input has rows."""
    import numpy as np

    build = Builder()
    answer = model.weights["answer"].astype(np.float32)
    rows = build.node("Shape", [model.inputs[0].name], start=0, end=1)
    shape = rows
    if answer.ndim:
        shape = build.node("Concat", [rows, build.constant(np.array(answer.shape, np.int64))], axis=0)
    build.node("Expand", [build.constant(answer), shape], model.outputs[0].name)
    return build.graph(model)


def carried(model: CarriedModel) -> Graph:
    """One column of the array; where it holds codes, the row of the table at each."""
    import numpy as np

    build, name = Builder(), model.outputs[0].name
    column = [model.inputs[0].name, build.constant(np.array(int(model.weights["position"]), np.int64))]
    if "answers" in model.weights:
        table = build.constant(model.weights["answers"].astype(np.float32))
        build.node("Gather", [table, build.node("Gather", column, axis=1)], name, axis=0)
    else:
        build.node("Gather", column, name, axis=1)
    return build.graph(model)


def linear(model: LinearModel) -> Graph:
    """Gemm for floats, a table for each code, Softmax; in float64, cast to float32 at the end.

    A product in float64 may differ between batch sizes in its last bit, which the cast takes away.
    """
    import numpy as np
    from onnx import TensorProto

    coefficients, intercept = _by_class(model)
    build = Builder()
    terms, start = [], 0
    for spec in _ordered(model.inputs):
        width = sum(spec.cardinalities) if spec.cardinalities is not None else spec.shape[0]
        part = np.ascontiguousarray(coefficients[:, start : start + width].T)
        terms += _floats(build, spec, part) if spec.cardinalities is None else _codes(build, spec, part)
        start += width
    scores = build.node("Sum", [*terms, build.constant(intercept)])
    if model.outputs[0].classes is None:
        scores = build.node("Squeeze", [scores, build.constant(np.array([1], np.int64))])
    else:
        scores = build.node("Softmax", [scores], axis=-1)
    build.node("Cast", [scores], model.outputs[0].name, to=TensorProto.FLOAT)
    return build.graph(model)


def _ordered(inputs: Sequence[ArraySpec]) -> list[ArraySpec]:
    """Floats before codes, as in `headway_sklearn.fit.design`."""
    return sorted(inputs, key=lambda spec: spec.cardinalities is not None)


def _floats(build: Builder, spec: ArraySpec, part: np.ndarray) -> list[str]:
    from onnx import TensorProto

    wide = build.node("Cast", [spec.name], to=TensorProto.DOUBLE)
    return [build.node("Gemm", [wide, build.constant(part)])]


def _codes(build: Builder, spec: ArraySpec, part: np.ndarray) -> list[str]:
    import numpy as np

    terms, start = [], 0
    for position, cardinality in enumerate(spec.cardinalities or ()):
        codes = build.node("Gather", [spec.name, build.constant(np.array(position, np.int64))], axis=1)
        table = build.constant(np.ascontiguousarray(part[start : start + cardinality]))
        terms.append(build.node("Gather", [table, codes], axis=0))
        start += cardinality
    return terms


def _by_class(model: LinearModel) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (classes, columns) and intercepts (classes,); one row for regression.

    scikit-learn keeps one row for two classes, whose scores are then 0 and that row's. A class without
    training rows gets the score -inf, so that its probability is 0.
    """
    import numpy as np

    coefficients = np.atleast_2d(model.weights["coef_"])
    intercept = np.atleast_1d(model.weights["intercept_"])
    classes = model.outputs[0].classes
    if classes is None:
        return coefficients, intercept
    seen = model.weights["classes_"]
    if len(seen) == 2:
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercept = np.concatenate([np.zeros_like(intercept), intercept])
    full = np.zeros((len(classes), coefficients.shape[1]))
    scores = np.full(len(classes), -np.inf)
    full[seen], scores[seen] = coefficients, intercept
    return full, scores
