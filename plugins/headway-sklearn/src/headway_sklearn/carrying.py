"""Answers that a column of the past gives: where it is, and that it is what the target was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headway.contracts import TARGET, WEIGHT, ArraySpec, Column, Features, Lookup, Window, conform, feeds
from headway.errors import DataError
from headway.naming import unknown

from headway_sklearn import fit as fitting
from headway_sklearn.models import CarriedModel

if TYPE_CHECKING:
    import numpy as np

LEAST = 0.501
"""The class before is the most probable one, however often training rows change theirs."""


def fit(features: Features, column: str | None, lookup: Lookup) -> CarriedModel:
    """The model whose answer is a column.

    Args:
        features: With a split ``train``.
        column: The feature's name; None for the only window over the target's last value.
        lookup: For the runtime of the features' graph.

    Raises:
        DataError: There is no such column, or it does not hold the target's values or classes as they are.
    """
    import numpy as np

    batch = fitting.training(features)
    if WEIGHT in batch:
        fitting.check_weight(batch[WEIGHT])
    spec, position = _find(features, column or _window(features))
    output = fitting.output_of(features.target)
    weights = {"position": np.array(position)}
    if features.target.classes is None:
        _check_as_is(features, spec, position, lookup)
    else:
        codes = _codes(features, spec, position, lookup)
        weights["answers"] = _answers(batch, spec, position, codes)
    return CarriedModel((spec,), (output,), weights)


def _window(features: Features) -> str:
    """The only column of `data.windows` that takes the target's last value; raises `DataError` if it is not alone."""
    target = features.target.column
    steps = [step for step in features.recipe.steps if isinstance(step, Window) and step.table is None]
    found = [step.name for step in steps if step.take == "last" and step.of == target]
    if len(found) == 1:
        return found[0]
    what, hint = f"no column holds the past of '{target}'", f"data.windows: {{before: {{take: last, of: {target}}}}}"
    if found:
        what = f"{len(found)} columns hold the past of '{target}': {', '.join(found)}"
        hint = f"say which: {{column: {found[0]}}}"
    raise DataError(what, hint=hint, code="which-past")


def _find(features: Features, column: str) -> tuple[ArraySpec, int]:
    """The array that has the column, and where; numbers for numbers, codes for classes."""
    classes = features.target.classes is not None
    fits = [spec for spec in features.arrays if len(spec.shape) == 1 and (spec.cardinalities is not None) == classes]
    for spec in fits:
        if column in spec.columns:
            return spec, spec.columns.index(column)
    named = [name for spec in features.arrays for name in spec.columns]
    if column in named:
        wanted, hint = ("codes", f"declare it a category: data.kinds.{column}=categorical") if classes else (
            "a number", f"features.columns: {{{column}: [impute]}}")  # fmt: skip
        what = f"the feature '{column}' does not hold {wanted}, as the target '{features.target.column}' needs"
        raise DataError(what, hint=hint, code="carried-column")
    raise DataError(
        unknown("feature", column, named),
        hint=f"data.windows makes it: {{{column}: {{take: last, of: {features.target.column}}}}}",
        code="unknown-feature",
    )


def _raw(features: Features, column: str) -> Column:
    """The raw column of a feature; raises `DataError` if it has none of its name."""
    for raw in features.columns:
        if raw.name == column:
            return raw
    raise _changed(features, column, "it is derived from other columns")


def _changed(features: Features, column: str, why: str) -> DataError:
    return DataError(
        f"the feature '{column}' is not the past of '{features.target.column}' as it was: {why}",
        hint=f"take the column of data.windows, and leave it as it is: features.columns: {{{column}: [impute]}}",
        code="carried-column",
    )


def _given(features: Features, spec: ArraySpec, position: int, values: Sequence[Any], lookup: Lookup) -> np.ndarray:
    """What the features' graph makes of values of a column; all other columns are missing."""
    import polars as pl

    raw = _raw(features, spec.columns[position])
    nothing = {column.name: [None] * len(values) for column in features.columns}
    frame = pl.DataFrame(nothing | {raw.name: pl.Series(values, strict=False)})
    rows = conform(frame, features.columns)
    # Each value is a row of its own, also where a graph is given rows before.
    return features.graph.open(lookup).run(feeds(rows, features.columns))[spec.name][:, position]


def _check_as_is(features: Features, spec: ArraySpec, position: int, lookup: Lookup) -> None:
    import numpy as np

    name = spec.columns[position]
    raw = _raw(features, name)
    target = features.source("train").batch()[TARGET]
    values = np.unique(np.quantile(target, np.linspace(0, 1, 11)).astype(np.float32))
    if raw.kind != "numeric":
        values = np.unique(np.trunc(values))
    given = _given(features, spec, position, values.tolist(), lookup)
    wrong = np.flatnonzero(given != values)
    if len(wrong):
        first = wrong[0]
        raise _changed(features, name, f"{values[first]:g} reaches the model as {given[first]:g}")


def _codes(features: Features, spec: ArraySpec, position: int, lookup: Lookup) -> np.ndarray:
    """The code of each class in the column, int64 of shape (classes,); -1 for classes that it never had."""
    import numpy as np

    classes = list(features.target.classes or ())
    given = _given(features, spec, position, classes, lookup)
    unseen = (spec.cardinalities or ())[position] - 1
    known = np.where(given == unseen, -1, given)
    if len(np.unique(known[known >= 0])) < 2:
        raise _changed(features, spec.columns[position], f"its values are none of {', '.join(map(str, classes))}")
    return known


def _answers(batch: dict[str, np.ndarray], spec: ArraySpec, position: int, codes: np.ndarray) -> np.ndarray:
    """The probabilities of the classes at each code of the column, (codes, classes)."""
    import numpy as np

    target, before = batch[TARGET], batch[spec.name][:, position]
    weight = batch.get(WEIGHT, np.ones(len(target))).astype(np.float64)
    counts = np.bincount(target, weight, len(codes))
    known = np.isin(before, codes[codes >= 0])
    kept, all_known = weight[known & (codes[target] == before)].sum(), weight[known].sum()
    stay = max(kept / all_known if all_known else 0.0, LEAST)
    answers = np.tile(counts / counts.sum(), ((spec.cardinalities or ())[position], 1))
    for place, code in enumerate(codes):
        if code >= 0:
            others = np.delete(counts, place)
            rest = others / others.sum() if others.sum() else np.full(len(others), 1 / len(others))
            answers[code] = np.insert((1 - stay) * rest, place, stay)
    return answers
