"""From predictors to a report: scores, intervals, verdicts, and what the page shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from headway.contracts import Check, Dataset, Measurement, Predictions, Predictor, Report, Table, Target
from headway.contracts.artifact import Lookup
from headway.errors import DataError
from headway.metrics import Metric

from headway_evaluation.classification import Classification
from headway_evaluation.figures import figures
from headway_evaluation.intervals import METHOD, Estimate, draws, estimate, verdict
from headway_evaluation.page import BALANCE, CONFUSION, Story, render
from headway_evaluation.scoring import Rows, rows_of, score, target_of
from headway_evaluation.words import percent, signed

MODEL = "model"

Estimates = dict[tuple[str, str, str], Estimate]
"""(split, model, metric) to its estimate."""


@dataclass(frozen=True)
class Scored:
    """Everything that was scored.

    Attributes:
        target: What was predicted.
        rows: Split name to what is known of its rows.
        outputs: Split name to model name to probabilities of shape (rows, classes).
        predictions: Model name to its predictions on all splits.
    """

    target: Target
    rows: Mapping[str, Rows]
    outputs: Mapping[str, Mapping[str, np.ndarray]]
    predictions: Mapping[str, Predictions]


def evaluate(
    stage: Classification, lookup: Lookup, data: Dataset, predictors: Mapping[str, Predictor]
) -> tuple[Report, dict[str, float]]:
    """The report on the predictor called ``model``, with the others as baselines, and the metrics to record."""
    scored = _score(stage, lookup, data, predictors)
    metrics = _metrics(stage, lookup)
    estimates, differences = _estimates(stage, scored, metrics)
    measurements = tuple(
        Measurement(metric, split, e.value, e.low, e.high, len(scored.rows[split]), model)
        for (split, model, metric), e in estimates.items()
    )
    checks = tuple(_checks(stage, metrics, scored, differences))
    predictor, shown = predictors[MODEL], stage.splits[-1]
    pictures = figures(scored.target, scored.rows[shown], scored.outputs[shown], shown, stage.level)
    tables = (
        *_difference_tables(stage, metrics, differences),
        _confusion(scored, shown),
        _balance(data, scored.target),
    )
    title = f"Classification of {scored.target.column}"
    method = f"{METHOD}, {stage.resamples} resamples, seed {stage.seed}, {_units(scored)}"
    report = Report(
        title, predictor.digest, stage.level, method, measurements, "", tables, pictures, checks, scored.predictions
    )
    html = render(Story(stage, metrics, predictor, report, differences))
    return replace(report, html=html), _recorded(estimates)


def _units(scored: Scored) -> str:
    grouped = any(rows.group is not None for rows in scored.rows.values())
    return "whole groups drawn, paired over models" if grouped else "rows drawn, paired over models"


def _score(stage: Classification, lookup: Lookup, data: Dataset, predictors: Mapping[str, Predictor]) -> Scored:
    known = {split: rows_of(data, split) for split in stage.splits}
    given = {name: score(data, p, lookup, stage.splits, name) for name, p in predictors.items()}
    outputs = {split: {name: arrays[split] for name, (_, arrays) in given.items()} for split in stage.splits}
    predictions = {name: kept for name, (kept, _) in given.items()}
    return Scored(target_of(data), known, outputs, predictions)


def _metrics(stage: Classification, lookup: Lookup) -> dict[str, Metric]:
    metrics: dict[str, Metric] = {name: lookup.get("metric", name)() for name in stage.metrics}
    wrong = [name for name, metric in metrics.items() if metric.task != "classification"]
    if wrong:
        raise DataError(
            f"{', '.join(wrong)}: not for classification",
            hint="evaluation.metrics takes metrics of classification, such as auroc, accuracy, log_loss, brier",
            code="evaluation-metric",
        )
    return metrics


def _estimates(stage: Classification, scored: Scored, metrics: Mapping[str, Metric]) -> tuple[Estimates, Estimates]:
    """The metrics of every model, and those of the model minus those of each baseline."""
    estimates: Estimates = {}
    differences: Estimates = {}
    for split, rows in scored.rows.items():
        outputs = scored.outputs[split]
        values = {(m, n): metrics[n](rows.codes, outputs[m], rows.weight) for m in outputs for n in metrics}
        sampled = draws(rows, outputs, metrics, stage.resamples, stage.seed)
        for (model, name), value in values.items():
            if math.isnan(value):
                continue
            estimates[split, model, name] = estimate(value, sampled[model, name], stage.level)
            if model != MODEL:
                between = values[MODEL, name] - value
                paired = sampled[MODEL, name] - sampled[model, name]
                differences[split, model, name] = estimate(between, paired, stage.level)
    return estimates, differences


def _recorded(estimates: Estimates) -> dict[str, float]:
    return {
        f"{split}.{metric}" if model == MODEL else f"baselines.{model}.{split}.{metric}": found.value
        for (split, model, metric), found in estimates.items()
    }


def _checks(
    stage: Classification, metrics: Mapping[str, Metric], scored: Scored, differences: Estimates
) -> Iterator[Check]:
    """Whether the model is better than each baseline: on the first metric, on the last split."""
    name, split = stage.metrics[0], stage.splits[-1]
    for baseline in scored.predictions:
        found = differences.get((split, baseline, name))
        if found is None:
            continue
        detail = f"difference {signed(found.value)}"
        if found.low is not None and found.high is not None:
            detail += f", {percent(stage.level)} interval {signed(found.low)} to {signed(found.high)}"
        yield Check(f"better than {baseline} on {split} {name}", verdict(found, metrics[name].maximize), detail)


def _difference_tables(stage: Classification, metrics: Mapping[str, Metric], differences: Estimates) -> Iterator[Table]:
    columns = ("baseline", "metric", "difference", "low", "high", "better is")
    for split in stage.splits:
        rows = tuple(
            (model, metric, e.value, e.low, e.high, "more" if metrics[metric].maximize else "less")
            for (where, model, metric), e in differences.items()
            if where == split
        )
        if rows:
            yield Table(f"Model minus baseline, {split}", columns, rows)


def _confusion(scored: Scored, split: str) -> Table:
    """Rows by true class and most probable class."""
    classes = scored.target.classes or ()
    codes, chosen = scored.rows[split].codes, scored.outputs[split][MODEL].argmax(axis=1)
    counts = np.bincount(codes * len(classes) + chosen, minlength=len(classes) ** 2).reshape(len(classes), -1)
    columns = ("true class", *(f"predicted {name}" for name in classes), "recalled")
    rows = tuple(
        (str(name), *line.tolist(), float(line[index] / line.sum()) if line.sum() else None)
        for index, (name, line) in enumerate(zip(classes, counts, strict=True))
    )
    return Table(f"{CONFUSION}, {split}", columns, rows)


def _balance(data: Dataset, target: Target) -> Table:
    """Rows of each class in each split, those not scored too."""
    import polars as pl

    classes = target.classes or ()
    rows = []
    for split in sorted(data.splits, key=_usual):
        values = data.split(split).select(pl.col(target.column)).collect()[target.column]
        counts = [int((values == name).sum()) for name in classes]
        rows.append((split, len(values), *(item for n in counts for item in (n, n / max(len(values), 1)))))
    columns = ("split", "rows", *(item for name in classes for item in (str(name), f"share of {name}")))
    return Table(BALANCE, columns, tuple(rows))


def _usual(split: str) -> tuple[int, str]:
    order = ("train", "validation", "test")
    return (order.index(split) if split in order else len(order), split)
