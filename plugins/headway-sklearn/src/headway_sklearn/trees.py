"""Boosted trees: fitted by scikit-learn, taken apart into arrays, and put together again to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headway.contracts import TARGET, WEIGHT, ArraySpec, Features

from headway_sklearn import fit as fitting
from headway_sklearn.models import BoostedTrees

if TYPE_CHECKING:
    import numpy as np

    from headway_sklearn.boosting import HistGradientBoosting

    Arrays = dict[str, np.ndarray]

NODE = ("value", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right", "is_leaf", "is_categorical",
        "bitset_idx")  # fmt: skip
"""The fields of scikit-learn's nodes that decide an answer."""

WORDS = 8
"""Of 32 bits, in a set of categories."""


def fit(features: Features, stage: HistGradientBoosting) -> BoostedTrees:
    """Fits as the stage says; see there for what it raises."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    batch = training_rows(features)
    weight, columns = batch.get(WEIGHT), code_columns(batch, features.arrays)
    tables = {name: ranks(codes, size, stage.max_bins, weight) for name, codes, size in columns}
    validation = validation_rows(features, batch) if stage.early_stopping else {}
    estimator = _estimator(stage, len(tables), classes=features.target.classes is not None, early=bool(validation))
    given = {"X_val": design(validation, features.arrays, tables), "y_val": validation[TARGET],
             "sample_weight_val": validation.get(WEIGHT)} if validation else {}  # fmt: skip
    with threadpool_limits(1):
        rows = design(batch, features.arrays, tables)
        estimator.fit(rows, batch[TARGET], sample_weight=weight, **given)
    output = fitting.output_of(features.target)
    return BoostedTrees(features.arrays, (output,), tables | _taken_apart(estimator), {}, _history(estimator))


def training_rows(features: Features) -> Arrays:
    """The training rows whose weight is not 0.

    Raises:
        DataError: There are none, they hold one class only, their weights are none, the target has several labels, or
            an array is neither a vector of float32 nor codes.
    """
    fitting.check_single(features.target)
    for spec in features.arrays:
        fitting.check_array(spec)
    batch = fitting.weighted(fitting.training(features))
    if features.target.classes is not None:
        fitting.check_classes(batch[TARGET], features.target)
    return batch


def validation_rows(features: Features, training: Arrays) -> Arrays:
    """The validation rows of classes that were trained on; empty if there are none."""
    import numpy as np

    if not len(features.sources.get("validation", ())):
        return {}
    batch = features.source("validation").batch()
    known = np.ones(len(batch[TARGET]), bool)
    if features.target.classes is not None:
        known = np.isin(batch[TARGET], training[TARGET])
    if WEIGHT in batch:
        known &= batch[WEIGHT] > 0
    return {name: array[known] for name, array in batch.items()} if known.any() else {}


def ranks(codes: np.ndarray, cardinality: int, most: int, weight: np.ndarray | None = None) -> np.ndarray:
    """The category of every code, float64 of shape (cardinality,): 0, 1, … in the order of the codes.

    Args:
        codes: Of the training rows.
        cardinality: How many codes there are.
        most: How many categories there may be. If the rows have more codes, the most frequent ones keep a
            category of their own; the last one is for all others.
        weight: Of each row, where rows do not count alike.

    Returns:
        The table; NaN for codes of no category.
    """
    import numpy as np

    counts = np.bincount(codes, weight, cardinality)
    own, others = np.flatnonzero(counts), np.nan
    if len(own) > most:
        own, others = np.sort(np.argsort(-counts, kind="stable")[: most - 1]), most - 1
    table = np.full(cardinality, others, np.float64)
    table[own] = np.arange(len(own))
    return table


def code_columns(batch: Mapping[str, np.ndarray], inputs: Sequence[ArraySpec]) -> list[tuple[str, np.ndarray, int]]:
    """Each column of codes: the name of its table, its codes, and how many it may have."""
    return [
        (f"ranks.{spec.name}.{position}", batch[spec.name][:, position], cardinality)
        for spec in inputs
        for position, cardinality in enumerate(spec.cardinalities or ())
    ]


def design(
    batch: Mapping[str, np.ndarray], inputs: Sequence[ArraySpec], tables: Mapping[str, np.ndarray]
) -> np.ndarray:
    """All codes, then all floats: the order in which scikit-learn keeps categories. Float64, (rows, features).

    Args:
        batch: The arrays.
        inputs: Their specs.
        tables: The number that each code of a column becomes; codes of columns without a table stay what they are.
    """
    import numpy as np

    found = [(tables.get(name), codes) for name, codes, _ in code_columns(batch, inputs)]
    columns = [(codes.astype(np.float64) if table is None else table[codes])[:, None] for table, codes in found]
    columns += [batch[spec.name].astype(np.float64) for spec in inputs if spec.cardinalities is None]
    return np.ascontiguousarray(np.hstack(columns))


def _estimator(stage: HistGradientBoosting, categorical: int, *, classes: bool, early: bool) -> Any:
    from sklearn import ensemble  # type: ignore[import-untyped]

    kind = ensemble.HistGradientBoostingClassifier if classes else ensemble.HistGradientBoostingRegressor
    return kind(
        learning_rate=stage.learning_rate,
        max_iter=stage.max_iter,
        max_leaf_nodes=stage.max_leaf_nodes,
        max_depth=stage.max_depth,
        min_samples_leaf=stage.min_samples_leaf,
        max_features=stage.max_features,
        l2_regularization=stage.l2_regularization,
        max_bins=stage.max_bins,
        categorical_features=list(range(categorical)) or None,
        early_stopping=early,
        n_iter_no_change=stage.early_stopping or 1,
        random_state=stage.seed,
    )


def _taken_apart(estimator: Any) -> Arrays:
    """The trees up to the best iteration as arrays; see `BoostedTrees`."""
    import numpy as np

    scores = estimator.validation_score_
    best = max(int(np.argmax(scores)), 1) if len(scores) else estimator.n_iter_
    trees = [tree for iteration in estimator._predictors[:best] for tree in iteration]
    nodes = np.concatenate([tree.nodes for tree in trees])
    arrays = {f"node.{name}": np.ascontiguousarray(nodes[name]) for name in NODE}
    arrays["node.feature_idx"] = arrays["node.feature_idx"].astype(np.int64)
    arrays["trees"] = np.cumsum([0, *(len(tree.nodes) for tree in trees)])
    arrays["bitsets"] = np.concatenate([tree.raw_left_cat_bitsets for tree in trees])
    arrays["splits"] = np.cumsum([0, *(len(tree.raw_left_cat_bitsets) for tree in trees)])
    arrays["baseline"] = estimator._baseline_prediction.astype(np.float64).ravel()
    classes = getattr(estimator, "classes_", None)
    return arrays if classes is None else arrays | {"classes_": classes.astype(np.int64)}


def _history(estimator: Any) -> tuple[dict[str, float], ...]:
    """The losses after each iteration, where it could have stopped early."""
    pairs = list(zip(estimator.train_score_, estimator.validation_score_, strict=False))
    return tuple({"train.loss": -float(train), "validation.loss": -float(valid)} for train, valid in pairs[1:])


def scores(model: BoostedTrees, batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """What scikit-learn's own trees add up to, (rows, trees of an iteration), float64."""
    import numpy as np
    from sklearn.ensemble._hist_gradient_boosting.predictor import (  # type: ignore[import-untyped]
        PREDICTOR_RECORD_DTYPE,
        TreePredictor,
    )

    weights = model.weights
    rows, sizes = design(batch, model.inputs, weights), categories(model)
    nodes = np.zeros(len(weights["node.value"]), PREDICTOR_RECORD_DTYPE)
    for name in NODE:
        nodes[name] = weights[f"node.{name}"]
    known, places = _known(sizes), np.arange(rows.shape[1], dtype=np.uint32)
    total = np.tile(weights["baseline"], (len(rows), 1))
    for tree in range(len(weights["trees"]) - 1):
        part = nodes[weights["trees"][tree] : weights["trees"][tree + 1]]
        left = weights["bitsets"][weights["splits"][tree] : weights["splits"][tree + 1]]
        # Bins are for training rows; these are none.
        given = TreePredictor(part, left, left).predict(rows, known, places, 1)
        total[:, tree % total.shape[1]] += given
    return total


def categories(model: BoostedTrees) -> list[int]:
    """How many categories each column of codes has."""
    import numpy as np

    tables = [f"ranks.{spec.name}.{i}" for spec in model.inputs for i in range(len(spec.cardinalities or ()))]
    return [int(np.nanmax(model.weights[name])) + 1 for name in tables]


def _known(sizes: Sequence[int]) -> np.ndarray:
    """The set of all categories of each column, as scikit-learn writes it."""
    import numpy as np

    bits = np.arange(32 * WORDS) < np.array(sizes, np.int64)[:, None]
    return np.packbits(bits, axis=1, bitorder="little").view("<u4").astype(np.uint32).reshape(len(sizes), WORDS)


def probabilities(model: BoostedTrees, total: np.ndarray) -> np.ndarray:
    """Of all classes, (rows, classes); those without training rows have 0."""
    import numpy as np
    from scipy.special import softmax  # type: ignore[import-untyped]

    if total.shape[1] == 1:
        total = np.hstack([np.zeros_like(total), total])
    given = np.zeros((len(total), len(model.outputs[0].classes or ())))
    given[:, model.weights["classes_"]] = softmax(total, axis=1)
    return given
