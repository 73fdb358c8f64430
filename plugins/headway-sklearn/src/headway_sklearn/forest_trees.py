"""Random forests: fitted by scikit-learn, taken apart into arrays, and put together again to predict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headway.contracts import TARGET, WEIGHT, Features

from headway_sklearn import fit as fitting
from headway_sklearn import trees as boosted
from headway_sklearn.models import ForestModel

if TYPE_CHECKING:
    import numpy as np

    from headway_sklearn.forest import RandomForest

NODE = ("left_child", "right_child", "feature", "threshold", "missing_go_to_left")
"""The fields of scikit-learn's nodes that decide an answer."""


def fit(features: Features, stage: RandomForest) -> ForestModel:
    """Fits as the stage says; see there for what it raises."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    batch = boosted.training_rows(features)
    weight, classes = batch.get(WEIGHT), features.target.classes
    tables = {
        name: order(codes, size, batch[TARGET], weight, None if classes is None else len(classes))
        for name, codes, size in boosted.code_columns(batch, features.arrays)
    }
    estimator = _estimator(stage, classes=classes is not None)
    with threadpool_limits(1):
        estimator.fit(boosted.design(batch, features.arrays, tables), batch[TARGET], sample_weight=weight)
    output = fitting.output_of(features.target)
    return ForestModel(features.arrays, (output,), tables | _taken_apart(estimator))


def order(
    codes: np.ndarray, cardinality: int, target: np.ndarray, weight: np.ndarray | None, classes: int | None
) -> np.ndarray:
    """The place of every code by what its training rows are like, float64 of shape (cardinality,).

    Numbers and two classes are ordered by the mean of the target, more classes by the first principal component of
    the shares of classes, weighted by rows (Coppersmith, Hong and Hosking, 1999). Of equals the smaller code is first.

    Returns:
        0, 1, … in that order; NaN for codes of no row.
    """
    import numpy as np

    rows = np.bincount(codes, weight, cardinality).astype(np.float64)
    seen = np.flatnonzero(rows)
    mass = np.ones(len(codes)) if weight is None else weight.astype(np.float64)
    if classes is None or classes == 2:
        score = np.bincount(codes, mass * target, cardinality)[seen] / rows[seen]
    else:
        counts = np.bincount(codes * classes + target, mass, cardinality * classes).reshape(-1, classes)[seen]
        score = _component(counts / rows[seen, None], rows[seen])
    table = np.full(cardinality, np.nan)
    table[seen[np.argsort(score, kind="stable")]] = np.arange(len(seen))
    return table


def _component(shares: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The first principal component of weighted shares; its largest part is positive."""
    import numpy as np

    centred = shares - np.average(shares, axis=0, weights=rows)
    direction = np.linalg.eigh(np.einsum("r,ri,rj->ij", rows, centred, centred))[1][:, -1]
    # Rounding keeps codes with equal shares equal.
    return np.round(np.einsum("ri,i->r", centred, direction) * np.sign(direction[np.abs(direction).argmax()]), 12)


def _estimator(stage: RandomForest, *, classes: bool) -> Any:
    from sklearn import ensemble  # type: ignore[import-untyped]

    kind = ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor
    return kind(
        n_estimators=stage.n_estimators,
        max_features=stage.max_features or ("sqrt" if classes else 1.0),
        max_depth=stage.max_depth,
        max_leaf_nodes=stage.max_leaf_nodes,
        min_samples_leaf=stage.min_samples_leaf,
        n_jobs=stage.threads,
        random_state=stage.seed,
    )


def _taken_apart(estimator: Any) -> dict[str, np.ndarray]:
    """The trees as arrays; see `ForestModel`."""
    import numpy as np

    grown = [tree.tree_ for tree in estimator.estimators_]
    nodes = np.concatenate([tree.__getstate__()["nodes"] for tree in grown])
    arrays = {f"node.{name}": np.ascontiguousarray(nodes[name]) for name in NODE}
    arrays["node.value"] = np.concatenate([tree.value[:, 0, :] for tree in grown])
    arrays["trees"] = np.cumsum([0, *(tree.node_count for tree in grown)])
    classes = getattr(estimator, "classes_", None)
    return arrays if classes is None else arrays | {"classes_": classes.astype(np.int64)}


def predicted(model: ForestModel, batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """The mean of scikit-learn's own trees, float64: probabilities (rows, classes) or values (rows,)."""
    import numpy as np

    weights = model.weights
    rows = boosted.design(batch, model.inputs, weights).astype(np.float32)
    total = np.zeros((len(rows), weights["node.value"].shape[1]))
    count = len(weights["trees"]) - 1
    for tree in range(count):
        total += _tree(weights, tree, rows.shape[1]).predict(rows)
    total /= count
    classes = model.outputs[0].classes
    if classes is None:
        return total[:, 0]
    given = np.zeros((len(rows), len(classes)))
    given[:, weights["classes_"]] = total
    return given


def _tree(weights: Mapping[str, np.ndarray], number: int, features: int) -> Any:
    """One of scikit-learn's trees, put together again."""
    import numpy as np
    from sklearn.tree._tree import NODE_DTYPE, Tree  # type: ignore[import-untyped]

    part = slice(weights["trees"][number], weights["trees"][number + 1])
    values = np.ascontiguousarray(weights["node.value"][part][:, None, :])
    nodes = np.zeros(len(values), NODE_DTYPE)
    for name in NODE:
        nodes[name] = weights[f"node.{name}"][part]
    tree = Tree(features, np.array([values.shape[2]], np.intp), 1)
    tree.__setstate__({"max_depth": 0, "node_count": len(nodes), "nodes": nodes, "values": values})
    return tree
