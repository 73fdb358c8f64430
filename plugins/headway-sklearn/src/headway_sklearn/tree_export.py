"""Boosted trees and forests as graphs: a number for each code, then one ensemble of trees in double."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headway.contracts import Graph

from headway_sklearn import forest_trees, light_trees, trees
from headway_sklearn.building import Builder
from headway_sklearn.ensemble import Ensemble, check_size, columns, shares, single

if TYPE_CHECKING:
    import numpy as np

    from headway_sklearn.light_trees import LightTree
    from headway_sklearn.models import BoostedTrees, ForestModel, LightTrees, TableModel


def boosted(model: BoostedTrees) -> Graph:
    """scikit-learn's trees on categories and floats, and for classes a Softmax."""
    build = Builder()
    rows = columns(build, model.inputs, _categories(model))
    total = _boosted(model).write(build, rows, model.weights["baseline"])
    return _scored(build, model, total, len(model.weights["baseline"]))


def light(model: LightTrees) -> Graph:
    """LightGBM's trees on codes and floats, and for classes a Softmax."""
    import numpy as np

    build, given, targets = Builder(), light_trees.trees(model), light_trees.targets(model)
    ensemble, sizes = Ensemble(), [n for spec in model.inputs for n in spec.cardinalities or ()]
    check_size(sum(2 * len(tree.leaves) for tree in given))
    for number, tree in enumerate(given):
        _light(ensemble, number, tree, sizes, number % targets)
    total = ensemble.write(build, columns(build, model.inputs, {}), np.zeros(targets))
    return _scored(build, model, total, targets)


def forest(model: ForestModel) -> Graph:
    """scikit-learn's trees on ranks and floats; leaves add shares of classes, or values."""
    import numpy as np

    build = Builder()
    output = model.outputs[0]
    targets = 1 if output.classes is None else len(output.classes)
    rows = columns(build, model.inputs, _tables(model))
    total = _forest(model).write(build, rows, np.zeros(targets))
    if output.classes is None:
        single(build, total, output.name)
    else:
        build.node("Identity", [total], output.name)
    return build.graph(model)


def _scored(build: Builder, model: TableModel, total: str, targets: int) -> Graph:
    output = model.outputs[0]
    if output.classes is None:
        single(build, total, output.name)
    else:
        shares(build, total, model.weights["classes_"], targets, len(output.classes), output.name)
    return build.graph(model)


def _tables(model: TableModel) -> dict[str, np.ndarray]:
    """What each code becomes, as `headway_sklearn.trees.design` has it."""
    return {n.removeprefix("ranks."): table for n, table in model.weights.items() if n.startswith("ranks.")}


def _categories(model: BoostedTrees) -> dict[str, np.ndarray]:
    """The same, but a code of no category gets the number after the last one."""
    import numpy as np

    return {name: np.nan_to_num(table, nan=np.nanmax(table) + 1) for name, table in _tables(model).items()}


def _boosted(model: BoostedTrees) -> Ensemble:
    weights, ensemble, sizes = model.weights, Ensemble(), trees.categories(model)
    check_size(len(weights["node.value"]))
    for tree in range(len(weights["trees"]) - 1):
        part = slice(weights["trees"][tree], weights["trees"][tree + 1])
        nodes = zip(*(weights[f"node.{name}"][part].tolist() for name in trees.NODE), strict=True)
        left = _members(weights["bitsets"][weights["splits"][tree] : weights["splits"][tree + 1]])
        free, target = part.stop - part.start, tree % len(weights["baseline"])
        for number, node in enumerate(nodes):
            value, feature, threshold, missing, *ways, is_leaf, is_categorical, place = node
            if is_leaf:
                ensemble.leaf(tree, number, [(target, value)])
            elif is_categorical:
                # The number after the last category is that of codes without one.
                first = [*left[place, : sizes[feature]].tolist(), bool(missing)]
                free = ensemble.membership(tree, number, feature, first, tuple(ways), free)
            else:
                ensemble.split(tree, number, feature, threshold, tuple(ways), missing)
    return ensemble


def _members(bitsets: np.ndarray) -> np.ndarray:
    """Whether each set has each category, bool of shape (sets, 256)."""
    import numpy as np

    return np.unpackbits(bitsets.astype("<u4").view(np.uint8), axis=1, bitorder="little").astype(bool)


def _light(ensemble: Ensemble, number: int, tree: LightTree, sizes: list[int], target: int) -> None:
    """Adds one of LightGBM's trees: splits keep their numbers, leaves come after them."""
    splits = len(tree.leaves) - 1
    free = splits + len(tree.leaves)
    for place, node in enumerate(tree.splits):
        ways = tuple(way if way >= 0 else splits + ~way for way in (node.left, node.right))
        if node.categories is None:
            ensemble.split(number, place, node.feature, node.threshold, ways, node.missing_left)
        else:
            first = [code in node.categories for code in range(sizes[node.feature])]
            free = ensemble.membership(number, place, node.feature, first, ways, free)
    for place, value in enumerate(tree.leaves):
        ensemble.leaf(number, splits + place, [(target, value)])


def _forest(model: ForestModel) -> Ensemble:
    import numpy as np

    weights, ensemble = model.weights, Ensemble()
    sizes = np.diff(weights["trees"])
    check_size(len(weights["node.feature"]))
    tree = np.repeat(np.arange(len(sizes)), sizes)
    number = np.arange(len(tree)) - np.repeat(weights["trees"][:-1], sizes)
    left, right, feature, threshold, missing = (weights[f"node.{name}"] for name in forest_trees.NODE)
    leaf = left < 0
    modes = np.where(leaf, "LEAF", "BRANCH_LEQ")
    feature, left, right, missing = (np.where(leaf, 0, items) for items in (feature, left, right, missing))
    # Shares of 0 are left out, but a leaf whose mean is 0 needs its weight.
    adds = leaf[:, None] & ((weights["node.value"] != 0) | ("classes_" not in weights))
    places, positions = np.nonzero(adds)
    targets = weights.get("classes_", np.zeros(1, np.int64))[positions]
    ensemble.extend(
        (tree, number, feature, modes, left, right, missing),
        np.where(leaf, 0.0, threshold),
        (tree[places], number[places], targets),
        weights["node.value"][places, positions] / len(sizes),
    )
    return ensemble
