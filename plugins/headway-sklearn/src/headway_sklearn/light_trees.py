"""Boosted trees of LightGBM: fitted by the library, kept as its own text, and read from that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.contracts import TARGET, WEIGHT, Features
from headway.errors import DataError
from headway.stage import Context

from headway_sklearn import fit as fitting
from headway_sklearn import trees as boosted
from headway_sklearn.models import LightTrees, TableModel

if TYPE_CHECKING:
    import numpy as np

    from headway_sklearn.light import LightGBM

    Arrays = dict[str, np.ndarray]

CATEGORICAL, DEFAULT_LEFT = 1, 2
"""Bits of a node's decision type; what follows them says what counts as missing."""

ZERO, NAN = 1, 2
"""What counts as missing at a node, if anything does."""

NOTHING = 1.0000000180025095e-35
"""Numbers of no larger size are 0 to the library (its `kZeroThreshold`)."""

CACHED = 4_000_000
"""Characters of trees that stay in a processor's cache, some 50,000 leaves."""


@dataclass(frozen=True)
class LightSplit:
    """A node of a tree.

    Attributes:
        feature: The column it looks at.
        threshold: What goes left is not above it.
        categories: Instead, the categories that go left.
        missing_left: Whether NaN goes left.
        left: The node there, or ~leaf.
        right: The other one.
    """

    feature: int
    threshold: float
    categories: frozenset[int] | None
    missing_left: bool
    left: int
    right: int


@dataclass(frozen=True)
class LightTree:
    """A tree: its splits, the root first, and the values of its leaves."""

    splits: tuple[LightSplit, ...]
    leaves: tuple[float, ...]


def fit(features: Features, stage: LightGBM, context: Context) -> LightTrees:
    """Fits as the stage says; see there for what it raises."""
    import lightgbm
    import numpy as np

    batch = boosted.training_rows(features)
    classes = np.unique(batch[TARGET]) if features.target.classes is not None else None
    validation = boosted.validation_rows(features, batch) if stage.early_stopping else {}
    settings = _settings(stage, classes)
    train = _dataset(features, batch, classes, settings)
    losses: dict[str, dict[str, list[float]]] = {}
    watched = [_dataset(features, validation, classes, settings, train)] if validation else []
    booster = lightgbm.train(
        settings, train, stage.max_iter, valid_sets=watched, valid_names=["validation"] * len(watched),
        callbacks=[_advance(context, at_most=bool(watched)), *(_callbacks(stage, context, losses) if watched else ())],
    )  # fmt: skip
    text = _text(booster.model_to_string(num_iteration=booster.best_iteration if watched else -1))
    weights = {"text": np.frombuffer(text.encode(), np.uint8)}
    if classes is not None:
        weights["classes_"] = classes.astype(np.int64)
    history = tuple({"validation.loss": float(loss)} for loss in _losses(losses))
    return LightTrees(features.arrays, (fitting.output_of(features.target),), weights, {}, history)


def _settings(stage: LightGBM, classes: np.ndarray | None) -> dict[str, Any]:
    """The library's parameters. Answers are the same for any number of threads: by columns, deterministic."""
    objective = "regression" if classes is None else "binary" if len(classes) == 2 else "multiclass"
    return {
        "objective": objective,
        **({"num_class": len(classes)} if classes is not None and len(classes) > 2 else {}),
        "learning_rate": stage.learning_rate,
        "num_leaves": stage.num_leaves,
        "min_data_in_leaf": stage.min_data_in_leaf,
        "min_sum_hessian_in_leaf": stage.min_sum_hessian_in_leaf,
        "lambda_l2": stage.lambda_l2,
        "feature_fraction": stage.feature_fraction,
        "bagging_fraction": stage.bagging_fraction,
        "bagging_freq": int(stage.bagging_fraction < 1),
        "max_bin": stage.max_bin,
        "seed": stage.seed % 2**31,
        "num_threads": stage.threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }


def _dataset(
    features: Features, batch: Arrays, classes: np.ndarray | None, settings: dict[str, Any], train: Any = None
) -> Any:
    import lightgbm
    import numpy as np

    codes = sum(len(spec.cardinalities or ()) for spec in features.arrays)
    labels = batch[TARGET] if classes is None else np.searchsorted(classes, batch[TARGET])
    return lightgbm.Dataset(
        boosted.design(batch, features.arrays, {}), labels, reference=train, weight=batch.get(WEIGHT),
        categorical_feature=list(range(codes)), params=settings,
    )  # fmt: skip


def _advance(context: Context, at_most: bool) -> Any:
    """A callback that says how far fitting is."""

    def advance(environment: Any) -> None:
        context.progress(environment.iteration + 1, environment.end_iteration, "iterations", at_most=at_most)

    return advance


def _callbacks(stage: LightGBM, context: Context, losses: dict[str, dict[str, list[float]]]) -> list[Any]:
    import lightgbm

    def report(environment: Any) -> None:
        (_, _, loss, _), *_ = environment.evaluation_result_list
        context.report(environment.iteration + 1, {"validation.loss": float(loss)})

    patience = lightgbm.early_stopping(stage.early_stopping or 1, verbose=False)
    return [lightgbm.record_evaluation(losses), report, patience]


def _losses(losses: Mapping[str, Mapping[str, list[float]]]) -> list[float]:
    return next(iter(losses.get("validation", {"": []}).values()))


def _text(written: str) -> str:
    """The trees without the parameters that grew them, such as the number of threads."""
    return written[: written.index("end of trees")] + "end of trees\n"


def scores(model: TableModel, batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """What the library's own trees add up to, (rows, trees of an iteration), float64.

    The library takes a row through all trees before the next row; of a large model each row would bring all of them
    through the processor's cache. So the rows are taken through some iterations at a time.
    """
    import lightgbm
    import numpy as np

    text = _kept(model)
    booster = lightgbm.Booster(model_str=text)
    rows, count = boosted.design(batch, model.inputs, {}), booster.current_iteration()
    step = max(1, count * CACHED // len(text))
    total = np.zeros((len(rows), booster.num_model_per_iteration()))
    for start in range(0, count, step):
        part = booster.predict(rows, raw_score=True, num_threads=1, start_iteration=start, num_iteration=step)
        total += np.asarray(part).reshape(total.shape)
    return total


def _kept(model: TableModel) -> str:
    return bytes(model.weights["text"]).decode()


def targets(model: TableModel) -> int:
    """How many trees an iteration has."""
    return int(_fields(_kept(model).split("\n\n", 1)[0])["num_tree_per_iteration"])


def trees(model: TableModel) -> list[LightTree]:
    """All trees, as the library wrote them."""
    _, *parts = _kept(model).split("\nTree=")
    return [_tree(_fields(part)) for part in parts]


def _fields(part: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in part.splitlines() if "=" in line)


def _tree(fields: Mapping[str, str]) -> LightTree:
    if fields["is_linear"] != "0":
        raise DataError("linear trees cannot be exported", hint="fit without linear_tree", code="linear-trees")
    return LightTree(tuple(_splits(fields)), tuple(map(float, fields["leaf_value"].split())))


def _splits(fields: Mapping[str, str]) -> Iterator[LightSplit]:
    bounds = [int(value) for value in fields.get("cat_boundaries", "").split()]
    words = [int(value) for value in fields.get("cat_threshold", "").split()]
    whole = ("split_feature", "decision_type", "left_child", "right_child")
    columns = [[int(value) for value in fields[name].split()] for name in whole]
    thresholds = [float(value) for value in fields["threshold"].split()]
    for feature, kind, left, right, threshold in zip(*columns, thresholds, strict=True):
        if kind & CATEGORICAL:
            place = int(threshold)
            yield LightSplit(feature, 0.0, _members(words[bounds[place] : bounds[place + 1]]), False, left, right)
        else:
            yield LightSplit(feature, _without_zeros(threshold), None, _missing_left(kind, threshold), left, right)


def _without_zeros(threshold: float) -> float:
    """The threshold for numbers as they are, where the library reads those within `NOTHING` of 0 as 0."""
    if -NOTHING <= threshold < 0:
        return math.nextafter(-NOTHING, -math.inf)
    return NOTHING if 0 <= threshold < NOTHING else threshold


def _missing_left(kind: int, threshold: float) -> bool:
    """Where NaN goes: where the node says, if there was any in training; otherwise it is read as 0."""
    missing = kind >> 2
    if missing == ZERO:
        raise DataError("zeros that mean missing cannot be exported", hint="fit without zero_as_missing",
                        code="zero-as-missing")  # fmt: skip
    return bool(kind & DEFAULT_LEFT) if missing == NAN else threshold >= 0


def _members(words: list[int]) -> frozenset[int]:
    """The numbers whose bits are set in words of 32."""
    return frozenset(32 * place + bit for place, word in enumerate(words) for bit in range(32) if word >> bit & 1)
