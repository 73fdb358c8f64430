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

    pairs = zip(_tables(model).items(), trees.categories(model), strict=True)
    return {name: np.nan_to_num(table, nan=size) for (name, table), size in pairs}


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
    weights, ensemble = model.weights, Ensemble()
    check_size(len(weights["node.feature"]))
    count = len(weights["trees"]) - 1
    codes = weights["classes_"].tolist() if "classes_" in weights else [0]
    for tree in range(count):
        part = slice(weights["trees"][tree], weights["trees"][tree + 1])
        nodes = zip(*(weights[f"node.{name}"][part].tolist() for name in forest_trees.NODE), strict=True)
        values = (weights["node.value"][part] / count).tolist()
        for number, (left, right, feature, threshold, missing) in enumerate(nodes):
            if left < 0:
                given = [(code, value) for code, value in zip(codes, values[number], strict=True) if value]
                ensemble.leaf(tree, number, given or [(codes[0], 0.0)])
            else:
                ensemble.split(tree, number, feature, threshold, (left, right), missing)
    return ensemble
