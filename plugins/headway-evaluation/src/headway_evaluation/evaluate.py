"""From predictors to a report: scores, intervals, verdicts, and what the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headway.contracts import Dataset, Model, Predictor, Report
from headway.contracts.artifact import Lookup

from headway_evaluation.comparison import compare
from headway_evaluation.evaluation import Evaluation
from headway_evaluation.figures.curves import curves
from headway_evaluation.intervals import METHOD
from headway_evaluation.page import Story, render
from headway_evaluation.scoring import MODEL, Scored, score


def evaluate(
    stage: Evaluation, lookup: Lookup, data: Dataset, predictors: Mapping[str, Predictor], model: Model | None = None
) -> tuple[Report, dict[str, float]]:
    """The report on the predictor called ``model``, with the others as baselines, and the metrics to record.

    Args:
        stage: The evaluation's config.
        lookup: The registry.
        data: The rows and the target.
        predictors: Name to predictor.
        model: What the predictor was exported from, for its learning curves.
    """
    task = stage.task()
    scored = score(task, lookup, data, predictors, stage.splits, stage.block)
    found = compare(stage, task, lookup, scored)
    shown = task.show(stage, data, scored)
    learning = () if model is None else curves(model.history, model.metrics)
    report = Report(
        f"{task.title} of {scored.target.column}",
        predictors[MODEL].digest,
        stage.level,
        f"{METHOD}, {stage.resamples} resamples, seed {stage.seed}, {_units(scored)}",
        found.measurements,
        "",
        (*found.tables(), *shown.tables),
        (*shown.figures, *learning),
        (*found.checks(), *shown.checks),
        scored.predictions,
    )
    html = render(Story(found, predictors[MODEL], report, shown, learning))
    return replace(report, html=html), found.recorded


def _units(scored: Scored) -> str:
    """What is drawn, on each split."""
    rows = scored.rows
    if any(known.group is not None for known in rows.values()):
        drawn = "whole groups drawn"
    elif all(known.order is None for known in rows.values()):
        drawn = "rows drawn"
    else:
        lengths = ", ".join(f"{known.block:,} ({split})" for split, known in rows.items())
        drawn = f"blocks of rows in the order of time drawn (Politis and Romano, 1992), of {lengths}"
    return f"{drawn}, paired over models"
