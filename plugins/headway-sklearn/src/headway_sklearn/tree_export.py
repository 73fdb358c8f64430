"""Boosted trees as a graph: a table for each code, one TreeEnsembleRegressor in double."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headway.contracts import Graph

from headway_sklearn import trees
from headway_sklearn.building import ML, Builder

if TYPE_CHECKING:
    import numpy as np

    from headway_sklearn.models import BoostedTrees

NODES = ("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids",
         "nodes_missing_value_tracks_true")  # fmt: skip
LEAVES = ("target_treeids", "target_nodeids", "target_ids")


def boosted(model: BoostedTrees) -> Graph:
    """Codes to categories, the trees on categories and floats in float64, and for classes a Softmax."""
    import numpy as np
    from onnx import TensorProto

    build = Builder()
    rows = build.node("Concat", _columns(build, model), axis=1)
    total = build.node("TreeEnsembleRegressor", [rows], domain=ML, **_attributes(model))
    if model.outputs[0].classes is None:
        build.node("Squeeze", [total, build.constant(np.array([1], np.int64))], model.outputs[0].name)
        return build.graph(model)
    shares = build.node("Softmax", [_by_class(build, model, total)], axis=-1)
    build.node("Cast", [shares], model.outputs[0].name, to=TensorProto.FLOAT)
    return build.graph(model)


def _columns(build: Builder, model: BoostedTrees) -> list[str]:
    """As `headway_sklearn.trees.design`, but a code of no category gets the number after the last one."""
    import numpy as np
    from onnx import TensorProto

    columns: list[str] = []
    sizes = iter(trees.categories(model))
    for spec in model.inputs:
        for position in range(len(spec.cardinalities or ())):
            table = np.nan_to_num(model.weights[f"ranks.{spec.name}.{position}"], nan=next(sizes))
            codes = build.node("Gather", [spec.name, build.constant(np.array([position], np.int64))], axis=1)
            columns.append(build.node("Gather", [build.constant(table), codes], axis=0))
    floats = [spec.name for spec in model.inputs if spec.cardinalities is None]
    return columns + [build.node("Cast", [name], to=TensorProto.DOUBLE) for name in floats]


def _by_class(build: Builder, model: BoostedTrees, total: str) -> str:
    """The score of every class: 0 for the first of two, -inf for one without training rows."""
    import numpy as np
    from onnx import TensorProto

    classes, seen = len(model.outputs[0].classes or ()), model.weights["classes_"]
    given = seen[-len(model.weights["baseline"]) :]
    spread = np.zeros((len(given), classes))
    spread[np.arange(len(given)), given] = 1
    start = np.full(classes, -np.inf)
    start[seen] = 0
    wide = build.node("Cast", [total], to=TensorProto.DOUBLE)
    return build.node("Gemm", [wide, build.constant(spread), build.constant(start)])


def _attributes(model: BoostedTrees) -> dict[str, Any]:
    weights, forest = model.weights, _Forest(trees.categories(model))
    for tree in range(len(weights["trees"]) - 1):
        part = slice(weights["trees"][tree], weights["trees"][tree + 1])
        nodes = {name: weights[f"node.{name}"][part].tolist() for name in trees.NODE}
        left = weights["bitsets"][weights["splits"][tree] : weights["splits"][tree + 1]]
        forest.add(tree, nodes, _members(left), tree % len(weights["baseline"]))
    kind = {"n_targets": len(weights["baseline"]), "aggregate_function": "SUM", "post_transform": "NONE"}
    double = {"nodes_values": forest.values, "target_weights": forest.weights, "base_values": weights["baseline"]}
    tensors = {f"{name}_as_tensor": _double(name, values) for name, values in double.items()}
    return forest.plain | kind | tensors


def _double(name: str, values: Any) -> Any:
    import numpy as np
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(values, np.float64), name)


def _members(bitsets: np.ndarray) -> np.ndarray:
    """Whether each set has each category, bool of shape (sets, 256)."""
    import numpy as np

    return np.unpackbits(bitsets.astype("<u4").view(np.uint8), axis=1, bitorder="little").astype(bool)


@dataclass
class _Forest:
    """Nodes of all trees, attribute by attribute.

    A set of categories is a chain of comparisons, each of which leads to the same node if it holds: onnxruntime
    reads it as one test of membership.

    Attributes:
        sizes: How many categories each column of codes has.
        plain: Attributes that are lists of whole numbers or words.
        values: What nodes compare with.
        weights: What leaves add.
    """

    sizes: list[int]
    plain: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in (*NODES, *LEAVES)})
    values: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, tree: int, nodes: dict[str, list[Any]], left: np.ndarray, target: int) -> None:
        """Adds a tree, its root first; what chains need beyond its own nodes is numbered after them."""
        free = len(nodes["value"])
        for number in range(free):
            node = {name: values[number] for name, values in nodes.items()}
            if node["is_leaf"]:
                self._leaf(tree, number, node["value"], target)
            elif node["is_categorical"]:
                free = self._chain(tree, number, node, left[node["bitset_idx"]].tolist(), free)
            else:
                ways = (node["left"], node["right"])
                test = (node["feature_idx"], "BRANCH_LEQ", node["num_threshold"])
                self._node(tree, number, test, ways, node["missing_go_to_left"])

    def _chain(self, tree: int, number: int, node: dict[str, Any], left: list[bool], free: int) -> int:
        """Compares with the categories of the smaller side; returns the next number that is free."""
        feature = node["feature_idx"]
        # The number after the last category is that of codes without one.
        goes_left = [*left[: self.sizes[feature]], bool(node["missing_go_to_left"])]
        smaller = sum(goes_left) <= len(goes_left) / 2
        there, elsewhere = (node["left"], node["right"]) if smaller else (node["right"], node["left"])
        members = [category for category, way in enumerate(goes_left) if way == smaller]
        after = [*range(free, free + len(members) - 1), elsewhere]
        for place, (category, following) in enumerate(zip(members, after, strict=True)):
            here = after[place - 1] if place else number
            self._node(tree, here, (feature, "BRANCH_EQ", float(category)), (there, following), 0)
        return free + len(members) - 1

    def _leaf(self, tree: int, number: int, value: float, target: int) -> None:
        self._node(tree, number, (0, "LEAF", 0.0), (0, 0), 0)
        for name, item in zip(LEAVES, (tree, number, target), strict=True):
            self.plain[name].append(item)
        self.weights.append(value)

    def _node(self, tree: int, number: int, test: tuple[int, str, float], ways: tuple[int, int], missing: int) -> None:
        feature, mode, value = test
        for name, item in zip(NODES, (tree, number, feature, mode, *ways, missing), strict=True):
            self.plain[name].append(item)
        self.values.append(value)
