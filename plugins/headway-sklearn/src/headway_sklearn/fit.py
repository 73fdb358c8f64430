"""Fitting by scikit-learn, and predicting by it."""

from __future__ import annotations

import dataclasses
import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from headway import metrics
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features, Output, Target
from headway.errors import DataError
from headway.stage import Context

from headway_sklearn.models import LinearModel, MajorityModel, TableModel

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

M = TypeVar("M", bound=TableModel)

SOLVED = 1e-6
"""What is left of a gradient where a fit has converged, as a share of what it was."""


def majority(features: Features) -> MajorityModel:
    """Weighted class shares, shares of rows with each label, or the weighted mean, of the training rows."""
    import numpy as np

    batch = training(features)
    target, weight = batch[TARGET], batch.get(WEIGHT, np.ones(len(batch[TARGET]))).astype(np.float64)
    check_weight(weight)
    if features.target.classes is None or features.target.task == "multilabel":
        answer = np.asarray(np.average(target.astype(np.float64), axis=0, weights=weight))
    else:
        totals = np.bincount(target, weights=weight, minlength=len(features.target.classes))
        answer = totals / totals.sum()
    return MajorityModel(features.arrays[:1], (output_of(features.target),), {"answer": answer})


def quantile(features: Features, levels: Sequence[float]) -> MajorityModel:
    """Weighted quantiles of the training target: the smallest values that minimise the pinball loss at the levels.

    Raises:
        DataError: There are no training rows, or the target is no number.
    """
    import numpy as np

    if features.target.task != "regression":
        raise DataError(
            f"'{features.target.column}' is a {features.target.task} target, and quantiles are of numbers",
            hint="choose model=majority for the shares of the classes",
            code="quantile-target",
        )
    batch = training(features)
    order = np.argsort(batch[TARGET], kind="stable")
    target, weight = batch[TARGET][order].astype(np.float64), batch.get(WEIGHT, np.ones(len(order)))[order]
    check_weight(weight)
    reached = np.cumsum(weight, dtype=np.float64)
    # Sums of weights such as .1 miss their level by rounding.
    places = np.searchsorted(reached, np.array(levels) * reached[-1] * (1 - 1e-12))
    output = Output("quantiles", "quantile", levels=tuple(levels))
    return MajorityModel(features.arrays[:1], (output,), {"answer": target[places]})


def linear(features: Features, trust: float | None, max_iter: int, log: logging.Logger) -> LinearModel:
    """Logistic or ridge regression.

    Args:
        features: With a split ``train``.
        trust: scikit-learn's ``C``; for ridge, 1 / alpha. None for no penalty.
        max_iter: Where fitting stops.
        log: Hears of it if that is before convergence.

    Raises:
        DataError: There are no training rows, they hold one class only, or an array does not fit.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    check_single(features.target)
    for spec in features.arrays:
        check_array(spec)
    batch = weighted(training(features))
    estimator = _estimator(features.target, trust, max_iter)
    if features.target.classes is not None:
        check_classes(batch[TARGET], features.target)
    # Sums over rows are divided among threads otherwise, and rounded differently for each number of them.
    with threadpool_limits(1):
        _fit(estimator, design(batch, features.arrays), batch, log)
    names = ("coef_", "intercept_", "classes_") if features.target.classes else ("coef_", "intercept_")
    return LinearModel(
        features.arrays, (output_of(features.target),), {name: _array(estimator, name) for name in names}
    )


def finish(context: Context, features: Features, model: M) -> M:
    """The model with its metrics on the validation split, which are recorded too; warns of classes without rows."""
    _tell_absent(context, features)
    if not len(features.sources.get("validation", ())):
        return model
    batch = features.source("validation").batch()
    output = model.outputs[0]
    task = "quantile" if output.kind == "quantile" else features.target.task
    given, weight = model.predict(batch)[output.name], batch.get(WEIGHT)
    named = {}
    for name in metrics.standard(task):
        value = context.registry.get("metric", name).of(output)(batch[TARGET], given, weight)
        if not math.isnan(value):
            named[f"validation.{name}"] = value
    context.record(named)
    return dataclasses.replace(model, metrics=named)


def _tell_absent(context: Context, features: Features) -> None:
    import numpy as np

    classes = features.target.classes or ()
    several, target = features.target.task == "multilabel", weighted(features.source("train").batch())[TARGET]
    seen = set((np.flatnonzero(target.any(axis=0)) if several else np.unique(target)).tolist())
    absent = [str(name) for code, name in enumerate(classes) if code not in seen]
    if absent:
        names, column = ", ".join(f"'{name}'" for name in absent), features.target.column
        context.log.warning("no training row is of class %s of '%s', so that nothing is learnt of it", names, column)


def predicted(model: LinearModel, batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """scikit-learn's own answer, float64: probabilities (rows, classes) or values (rows,)."""
    import numpy as np

    rows, classes = design(batch, model.inputs), model.outputs[0].classes
    target = Target("", "regression" if classes is None else "classification", classes)
    estimator = _estimator(target, 1.0, 1)
    for name, array in model.weights.items():
        setattr(estimator, name, array)
    if classes is None:
        return np.asarray(estimator.predict(rows))
    given = np.zeros((rows.shape[0], len(classes)))
    given[:, model.weights["classes_"]] = estimator.predict_proba(rows)
    return given


def design(batch: Mapping[str, np.ndarray], inputs: Sequence[ArraySpec]) -> csr_matrix:
    """The floats of all arrays, then the one-hot codes of all arrays, as one sparse float64 matrix.

    Args:
        batch: The arrays.
        inputs: Their specs: floats of shape (rows, n), or codes of shape (rows, n) below `cardinalities`.
    """
    import numpy as np
    from scipy import sparse  # type: ignore[import-untyped]
    from sklearn.preprocessing import OneHotEncoder  # type: ignore[import-untyped]

    floats = [sparse.csr_matrix(batch[spec.name], dtype=np.float64) for spec in inputs if spec.cardinalities is None]
    codes = [spec for spec in inputs if spec.cardinalities is not None]
    for spec in codes:
        encoder = OneHotEncoder(categories=[np.arange(n) for n in spec.cardinalities or ()], dtype=np.float64)
        floats.append(encoder.fit_transform(batch[spec.name]))
    return sparse.hstack(floats, format="csr")


def _estimator(target: Target, trust: float | None, max_iter: int) -> Any:
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge  # type: ignore[import-untyped]

    if target.classes is not None:
        return LogisticRegression(C=np.inf if trust is None else trust, max_iter=max_iter, tol=1e-6)
    return Ridge(alpha=0.0 if trust is None else 1 / trust, max_iter=max_iter, tol=1e-10, solver="sparse_cg")


def _fit(estimator: Any, rows: csr_matrix, batch: Mapping[str, np.ndarray], log: logging.Logger) -> None:
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(rows, batch[TARGET], sample_weight=batch.get(WEIGHT))
    stopped = not hasattr(estimator, "classes_") and not _is_solved(estimator, rows, batch)
    for warning in caught:
        if issubclass(warning.category, ConvergenceWarning):
            stopped = True
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if stopped:
        log.warning("the linear model has not converged; raise max_iter or lower C")


def _is_solved(ridge: Any, rows: csr_matrix, batch: Mapping[str, np.ndarray]) -> bool:
    """Whether the gradient of the loss has all but vanished, of which scikit-learn says nothing."""
    import numpy as np

    target = np.asarray(batch[TARGET], np.float64)
    weight = np.asarray(batch.get(WEIGHT, np.ones(len(target))), np.float64)
    middle, short = np.average(target, weights=weight), target - ridge.predict(rows)
    gradient = rows.T @ (weight * short) - ridge.alpha * ridge.coef_
    return bool(np.linalg.norm(gradient) <= SOLVED * np.linalg.norm(rows.T @ (weight * (target - middle))))


def _array(estimator: Any, name: str) -> np.ndarray:
    import numpy as np

    dtype = np.int64 if name == "classes_" else np.float64
    return np.ascontiguousarray(getattr(estimator, name), dtype=dtype)


def training(features: Features) -> dict[str, np.ndarray]:
    """The training rows; raises `DataError` if there are none, or no arrays."""
    source = features.source("train")
    if not len(source) or not features.arrays:
        raise DataError(
            f"there is nothing to fit on: {len(source)} training rows, {len(features.arrays)} arrays",
            hint="give the training split rows and the features columns",
            code="no-training-rows",
        )
    return source.batch()


def output_of(target: Target) -> Output:
    """What a model of that target gives."""
    if target.classes is None:
        return Output("value", "value")
    kind = "marginal" if target.task == "multilabel" else "probability"
    return Output("probability", kind, classes=target.classes)


def check_single(target: Target) -> None:
    """Raises `DataError` for a target of several labels."""
    if target.task == "multilabel":
        raise DataError(
            f"this model predicts one target, not the {len(target.classes or ())} labels '{target.column}'",
            hint="networks (model=mlp) and model=majority take labels; or predict one: data.target=NAME",
            code="several-labels",
        )


def check_array(spec: ArraySpec) -> None:
    """Raises `DataError` unless an array is a vector of float32, or codes."""
    floats = spec.cardinalities is None and spec.dtype == "float32"
    if len(spec.shape) != 1 or not (floats or spec.cardinalities is not None):
        raise DataError(
            f"this model cannot take the array '{spec.name}' ({spec.dtype}, shape {spec.shape})",
            hint="it takes float32 vectors and codes; use another model or other features",
            code="table-input",
        )


def check_weight(weight: np.ndarray) -> None:
    """Raises `DataError` unless training weights are numbers that some row has."""
    import numpy as np

    if not np.isfinite(weight).all() or weight.min() < 0 or weight.sum() <= 0:
        raise DataError(
            "training weights must be finite, none negative and not all zero",
            hint="mend the column named by data.weight",
            code="training-weight",
        )


def weighted(batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The rows whose weight is not 0; raises `DataError` if weights are none."""
    if WEIGHT not in batch:
        return dict(batch)
    check_weight(batch[WEIGHT])
    return {name: array[batch[WEIGHT] > 0] for name, array in batch.items()}


def check_classes(target: np.ndarray, declared: Target) -> None:
    """Raises `DataError` unless the training rows have two classes at least."""
    import numpy as np

    found = np.unique(target)
    if len(found) < 2:
        name = (declared.classes or ())[int(found[0])]
        raise DataError(
            f"all training rows are of class '{name}' of '{declared.column}'",
            hint="stratify the split, or give rows of another class",
            code="one-class",
        )
