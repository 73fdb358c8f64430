"""Trees as one TreeEnsembleRegressor in double, whichever library grew them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headway.errors import DataError

from headway_sklearn.building import ML, Builder

if TYPE_CHECKING:
    import numpy as np

NODES = ("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids",
         "nodes_missing_value_tracks_true")  # fmt: skip
LEAVES = ("target_treeids", "target_nodeids", "target_ids")

MOST_NODES = 20_000_000
"""More nodes and leaves may need more than the 2 GiB that an ONNX file can have."""


@dataclass
class Ensemble:
    """Nodes of all trees, attribute by attribute. The root of each tree is its number 0, and is added first.

    A set of categories is a chain of comparisons, each of which leads to the same node if it holds: onnxruntime
    reads it as one test of membership.

    Attributes:
        plain: Attributes that are lists of whole numbers or words.
        values: What nodes compare with.
        weights: What leaves add.
    """

    plain: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in (*NODES, *LEAVES)})
    values: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def split(
        self, tree: int, number: int, feature: int, threshold: float, ways: tuple[int, int], missing: bool
    ) -> None:
        """A node that sends what is not above the threshold to the first way, and NaN there too if `missing`."""
        self._node(tree, number, (feature, "BRANCH_LEQ", threshold), ways, int(missing))

    def membership(
        self, tree: int, number: int, feature: int, first: Sequence[bool], ways: tuple[int, int], free: int
    ) -> int:
        """Nodes that send some categories to the first way, and the others to the second.

        Args:
            tree: The tree.
            number: The first node.
            feature: The column of categories 0, 1, …
            first: For each category, whether it goes the first way; there must be no others.
            ways: The two children.
            free: The next number of a node that is free.

        Returns:
            The next one that then is.
        """
        # Compared are the categories of the smaller side.
        smaller = sum(first) <= len(first) / 2
        there, elsewhere = ways if smaller else ways[::-1]
        members = [category for category, way in enumerate(first) if way == smaller]
        if not members:  # all go one way, which a node without a test would say
            self._node(tree, number, (feature, "BRANCH_EQ", -1.0), (there, elsewhere), 0)
            return free
        after = [*range(free, free + len(members) - 1), elsewhere]
        for place, (category, following) in enumerate(zip(members, after, strict=True)):
            here = after[place - 1] if place else number
            self._node(tree, here, (feature, "BRANCH_EQ", float(category)), (there, following), 0)
        return free + len(members) - 1

    def leaf(self, tree: int, number: int, weights: Iterable[tuple[int, float]]) -> None:
        """A leaf that adds to some targets."""
        self._node(tree, number, (0, "LEAF", 0.0), (0, 0), 0)
        for target, weight in weights:
            for name, item in zip(LEAVES, (tree, number, target), strict=True):
                self.plain[name].append(item)
            self.weights.append(weight)

    def extend(
        self, nodes: Sequence[np.ndarray], values: np.ndarray, leaves: Sequence[np.ndarray], weights: np.ndarray
    ) -> None:
        """Adds many nodes at once.

        Args:
            nodes: The attributes of `NODES`, in that order, each with an item a node.
            values: What nodes compare with, float64.
            leaves: The attributes of `LEAVES`, each with an item a weight.
            weights: What leaves add, float64.
        """
        for name, items in zip((*NODES, *LEAVES), (*nodes, *leaves), strict=True):
            self.plain[name] += items.tolist()
        self.values += values.tolist()
        self.weights += weights.tolist()

    def _node(self, tree: int, number: int, test: tuple[int, str, float], ways: tuple[int, int], missing: int) -> None:
        feature, mode, value = test
        for name, item in zip(NODES, (tree, number, feature, mode, *ways, missing), strict=True):
            self.plain[name].append(item)
        self.values.append(value)

    def write(self, build: Builder, rows: str, base: np.ndarray) -> str:
        """The node that adds up all trees: float32 of shape (rows, targets).

        Args:
            build: Where it is added.
            rows: Float64 of shape (rows, features).
            base: What the sums start from, shape (targets,).

        Raises:
            DataError: There are too many nodes for a file.
        """
        import numpy as np

        check_size(len(self.values) + len(self.weights))
        weights = np.asarray(self.weights, np.float64)
        step = _step(weights, np.asarray(self.plain["target_treeids"]), base)
        double = {
            "nodes_values": self.values,
            "target_weights": np.rint(weights / step) * step,
            "base_values": np.rint(base / step) * step,
        }
        tensors = {f"{name}_as_tensor": _double(name, values) for name, values in double.items()}
        kind = {"n_targets": len(base), "aggregate_function": "SUM", "post_transform": "NONE"}
        return build.node("TreeEnsembleRegressor", [rows], domain=ML, **self.plain, **kind, **tensors)


def _step(weights: np.ndarray, trees: np.ndarray, base: np.ndarray) -> float:
    """What weights are rounded to multiples of, so that they add up exactly in any order.

    onnxruntime adds trees in another order for one row than for many. Last bits of float64 would then decide how a
    sum half way between two floats is rounded to float32, and sums of such means are: 2 of 512 rows on California
    Housing. The step is a power of two, of which the largest sum is 2⁵² at most: sums of multiples have no rounding.
    """
    import numpy as np

    largest = np.zeros(int(trees.max(initial=0)) + 1)
    np.maximum.at(largest, trees, np.abs(weights))
    bound = float(largest.sum() + np.abs(base).max(initial=0.0))
    _, exponent = np.frexp(bound)
    return float(max(np.ldexp(1.0, int(exponent) - 52), np.finfo(np.float64).tiny))


def check_size(nodes: int) -> None:
    """Raises `DataError` if trees of so many nodes and weights of leaves cannot be one ONNX file."""
    if nodes > MOST_NODES:
        raise DataError(
            f"the trees cannot be exported: {nodes:,} nodes and leaves, and a graph holds {MOST_NODES:,} at most",
            hint="grow fewer or smaller trees: more rows a leaf, fewer leaves",
            code="too-many-nodes",
        )


def _double(name: str, values: Any) -> Any:
    import numpy as np
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(values, np.float64), name)


def columns(build: Builder, inputs: Iterable[Any], tables: Mapping[str, np.ndarray]) -> str:
    """All codes, then all floats, as float64 of shape (rows, features).

    Args:
        build: Where nodes are added.
        inputs: The specs of the arrays.
        tables: ``ARRAY.POSITION`` to the number that each code becomes; codes without a table stay what they are.
    """
    from onnx import TensorProto

    floats = [spec.name for spec in inputs if spec.cardinalities is None]
    found = [*_codes(build, inputs, tables), *(build.node("Cast", [name], to=TensorProto.DOUBLE) for name in floats)]
    return build.node("Concat", found, axis=1)


def _codes(build: Builder, inputs: Iterable[Any], tables: Mapping[str, np.ndarray]) -> Iterator[str]:
    import numpy as np
    from onnx import TensorProto

    for spec in inputs:
        for position in range(len(spec.cardinalities or ())):
            codes = build.node("Gather", [spec.name, build.constant(np.array([position], np.int64))], axis=1)
            table = tables.get(f"{spec.name}.{position}")
            if table is None:
                yield build.node("Cast", [codes], to=TensorProto.DOUBLE)
            else:
                yield build.node("Gather", [build.constant(table), codes], axis=0)


def shares(build: Builder, total: str, seen: np.ndarray, targets: int, classes: int, output: str) -> None:
    """Scores to probabilities of all classes, by Softmax in float64.

    Args:
        build: Where nodes are added.
        total: The scores, shape (rows, targets): one for each class seen, or for two classes that of the second.
        seen: The codes of the classes that training rows had; the probability of the others is 0.
        targets: How many scores there are.
        classes: How many classes there are.
        output: The name of the probabilities, float32 of shape (rows, classes).
    """
    import numpy as np
    from onnx import TensorProto

    given = seen[-targets:]
    spread = np.zeros((targets, classes))
    spread[np.arange(targets), given] = 1
    start = np.full(classes, -np.inf)
    start[seen] = 0
    wide = build.node("Cast", [total], to=TensorProto.DOUBLE)
    scores = build.node("Gemm", [wide, build.constant(spread), build.constant(start)])
    build.node("Cast", [build.node("Softmax", [scores], axis=-1)], output, to=TensorProto.FLOAT)


def single(build: Builder, total: str, output: str) -> None:
    """Sums of one target as values, float32 of shape (rows,)."""
    import numpy as np

    build.node("Squeeze", [total, build.constant(np.array([1], np.int64))], output)
