"""The metrics of every model, with intervals, and how the model differs from its baselines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headway.contracts import Check, Measurement, Table
from headway.contracts.artifact import Lookup
from headway.errors import DataError
from headway.metrics import Metric

from headway_evaluation.evaluation import Evaluation
from headway_evaluation.intervals import Estimate, draws, estimate, verdict
from headway_evaluation.scoring import MODEL, Scored
from headway_evaluation.tasks import Task
from headway_evaluation.words import between, decimals, percent, signed

Estimates = dict[tuple[str, str, str], Estimate]
"""(split, model, metric) to its estimate."""

BETTER = {True: "more", False: "less", None: "–"}


@dataclass(frozen=True)
class Comparison:
    """The model beside its baselines.

    Attributes:
        stage: The evaluation's config.
        metrics: Metric name to the metric.
        scored: What was measured.
        estimates: The metrics of every model.
        differences: Those of the model minus those of each baseline.
    """

    stage: Evaluation
    metrics: Mapping[str, Metric]
    scored: Scored
    estimates: Estimates
    differences: Estimates

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The metrics, as the report holds them."""
        rows = self.scored.rows
        return tuple(
            Measurement(metric, split, e.value, e.low, e.high, len(rows[split]), model)
            for (split, model, metric), e in self.estimates.items()
        )

    @property
    def recorded(self) -> dict[str, float]:
        """The metrics, as the run records them."""
        return {
            f"{split}.{metric}" if model == MODEL else f"baselines.{model}.{split}.{metric}": found.value
            for (split, model, metric), found in self.estimates.items()
        }

    def checks(self) -> Iterator[Check]:
        """Whether the model is better than each baseline: on the first metric, on the last split."""
        name, split = self.stage.metrics[0], self.stage.splits[-1]
        for baseline in self.scored.predictions:
            found = self.differences.get((split, baseline, name))
            if found is None:
                continue
            places = self.places(split, name)
            detail = f"difference {signed(found.value, places)}"
            if found.low is not None and found.high is not None:
                ends = between(found.low, found.high, places, signed)
                detail += f", {percent(self.stage.level)} interval {ends}"
            says = verdict(found, bool(self.metrics[name].maximize))
            yield Check(f"better than {baseline} on {split} {name}", says, detail)

    def places(self, split: str, metric: str) -> int:
        """To how many decimals a metric is written on a split: all models alike."""
        return decimals(*(e.value for (s, _, m), e in self.estimates.items() if (s, m) == (split, metric)))

    def tables(self) -> Iterator[Table]:
        """The differences, a table a split."""
        columns = ("baseline", "metric", "difference", "low", "high", "better is")
        for split in self.stage.splits:
            rows = tuple(
                (model, metric, e.value, e.low, e.high, BETTER[self.metrics[metric].maximize])
                for (where, model, metric), e in self.differences.items()
                if where == split
            )
            if rows:
                yield Table(f"Model minus baseline, {split}", columns, rows)


def compare(stage: Evaluation, task: Task, lookup: Lookup, scored: Scored) -> Comparison:
    """Measures every model; raises `DataError` if a metric is of another task, or the first one cannot decide."""
    metrics = _metrics(stage, task, lookup, scored)
    estimates: Estimates = {}
    differences: Estimates = {}
    for split, rows in scored.rows.items():
        outputs = scored.outputs[split]
        values = {(m, n): metrics[n](rows.target, outputs[m], rows.weight) for m in outputs for n in metrics}
        sampled = draws(rows, outputs, metrics, stage.resamples, stage.seed)
        for (model, name), value in values.items():
            if math.isnan(value):
                continue
            estimates[split, model, name] = estimate(value, sampled[model, name], stage.level)
            if model != MODEL and not math.isnan(values[MODEL, name]):
                apart = values[MODEL, name] - value
                paired = sampled[MODEL, name] - sampled[model, name]
                differences[split, model, name] = estimate(apart, paired, stage.level)
    return Comparison(stage, metrics, scored, estimates, differences)


def _metrics(stage: Evaluation, task: Task, lookup: Lookup, scored: Scored) -> dict[str, Metric]:
    metrics: dict[str, Metric] = {name: lookup.get("metric", name).of(scored.output) for name in stage.metrics}
    wrong = [name for name, metric in metrics.items() if metric.task != task.metrics]
    hint = f"evaluation.metrics takes metrics of {task.metrics}, such as {task.example}"
    if wrong:
        raise DataError(f"{', '.join(wrong)}: not for {task.metrics}", hint=hint, code="evaluation-metric")
    first = stage.metrics[0]
    if metrics[first].maximize is None:
        raise DataError(
            f"the first of evaluation.metrics decides which model is better, and '{first}' cannot: neither more nor "
            "less of it is better",
            hint=f"put another first: {hint}",
            code="evaluation-metric",
        )
    return metrics
