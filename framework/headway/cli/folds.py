"""Cross-validation on the command line: the test rows of all folds put together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from headway.contracts import Output, Predictions, Report, Target
    from headway.metrics import Metric
    from headway.results import RunResult
    from headway.session import Session

TEST = "test"
KINDS = {"classification": "probability", "regression": "value", "quantile": "quantile", "multilabel": "marginal"}
"""Task of a metric → kind of the output it reads."""
CLOSED = ("probability", "marginal")
"""Kinds of outputs that have classes or labels."""


@dataclass(frozen=True)
class Pooled:
    """The test rows of several folds put together.

    Attributes:
        folds: How many folds.
        rows: How many rows.
        metrics: ``test.METRIC`` to what it is over all rows at once.
    """

    folds: int
    rows: int
    metrics: Mapping[str, float]


def pooled(session: Session, results: Sequence[RunResult]) -> Pooled | None:
    """Puts the test predictions of several folds together and computes each metric of their reports once.

    Args:
        session: Where the reports are.
        results: Runs that differ in the fold only.

    Returns:
        What they come to; None if no run has a report with test predictions, or they predict different things.
    """
    import polars as pl

    reports = [report for result in results for report in _reports(session, result)]
    parts = [report.predictions["model"] for report in reports]
    if not parts or any((part.target, part.outputs) != (parts[0].target, parts[0].outputs) for part in parts):
        return None
    frame = pl.concat([part.frame.filter(pl.col("split") == TEST) for part in parts])
    if not frame.height:
        return None
    values = {name: _value(session, name, replace(parts[0], frame=frame)) for name in _measured(reports)}
    known = {f"{TEST}.{name}": value for name, value in values.items() if not math.isnan(value)}
    return Pooled(len(reports), frame.height, known)


def _reports(session: Session, result: RunResult) -> Iterator[Report]:
    """The report of a run's evaluation, if it holds predictions; of several, the last."""
    from headway.contracts import Report

    digests = [stage.digest for stage in result.stages if stage.kind == "evaluation" and stage.digest]
    for digest in digests[-1:]:
        report = session.artifacts.load(digest, session.plugins.registry)
        if isinstance(report, Report) and "model" in report.predictions:
            yield report


def _measured(reports: Sequence[Report]) -> list[str]:
    """What the reports measure of the model's test rows."""
    found = [m for report in reports for m in report.measurements if m.split == TEST and m.model == "model"]
    return list(dict.fromkeys(measurement.metric for measurement in found))


def _value(session: Session, name: str, predictions: Predictions) -> float:
    """The metric over all rows; NaN if nothing that it reads was predicted."""
    metric: type[Metric] = session.plugins.registry.get("metric", name)
    output = _read_by(metric, predictions)
    if output is None or predictions.target is None or predictions.target.horizon is not None:
        return math.nan
    frame = predictions.frame
    weight = frame["weight"].to_numpy() if "weight" in frame.columns else None
    return metric.of(output)(_target(frame["target"], predictions.target), predictions.output(output.name), weight)


def _read_by(metric: type[Metric], predictions: Predictions) -> Output | None:
    classes = predictions.target.classes if predictions.target else None
    fits = [output for output in predictions.outputs if output.kind == KINDS.get(metric.task)]
    return next((output for output in fits if output.kind not in CLOSED or output.classes == classes), None)


def _target(values: pl.Series, target: Target) -> np.ndarray:
    """The target as metrics take it: class codes, numbers, or whether each label is there."""
    import numpy as np

    if target.classes is None or target.task == "multilabel":
        return values.to_numpy()
    code = {value: index for index, value in enumerate(target.classes)}
    return np.array([code[value] for value in values.to_list()], dtype=np.int64)
