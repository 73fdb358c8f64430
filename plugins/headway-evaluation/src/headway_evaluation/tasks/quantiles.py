"""Quantiles of a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from headway.contracts import Check, Dataset, Figure, Output, Table, Target
from headway.errors import DataError
from headway.metrics import Metric, Pinball, RowMetric

from headway_evaluation.evaluation import Evaluation
from headway_evaluation.figures.quantiles import Shares, calibration, coverage
from headway_evaluation.intervals import estimates
from headway_evaluation.metrics import Coverage, Width, at_most
from headway_evaluation.scoring import MODEL, Rows, Scored
from headway_evaluation.tasks import Findings
from headway_evaluation.tasks.values import Numbers, balance
from headway_evaluation.words import between, percent

PLACES = 4
"""Of shares."""


class Below(RowMetric):
    """The share of rows whose target lies at or below the quantile of one level.

    Args:
        position: Of the level, in the output's last axis.
    """

    name, task, maximize = "below", "quantile", None

    def __init__(self, position: int) -> None:
        self.position = position

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """1 for rows at or below, else 0."""
        return np.asarray(at_most(target, output[:, self.position]), dtype=np.float64)


class Quantiles(Numbers):
    """A number, and quantiles of what it may be."""

    title = "Quantiles"
    metrics = "quantile"
    example = "pinball, interval_coverage, interval_width"
    advice = "choose models of quantiles, baselines too; models of values have an evaluation of their own: regression"

    def fits(self, output: Output, target: Target) -> bool:
        """Whether it holds quantiles."""
        return output.kind == "quantile" and bool(output.levels)

    def wanted(self, target: Target) -> str:
        """Quantiles."""
        return f"quantiles of '{target.column}'"

    def agree(self, outputs: Mapping[str, Output]) -> None:
        """Raises `DataError` unless all models give the levels of the one in question."""
        wanted = outputs[MODEL].levels
        for name, output in outputs.items():
            if output.levels != wanted:
                raise DataError(
                    f"'{name}' gives the levels {_listed(output)}, the model {_listed(outputs[MODEL])}",
                    hint="losses of other levels cannot be compared: give all models the same",
                    code="evaluation-levels",
                )

    def errors(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The share of levels that lie below the number."""
        return np.asarray((output < target[:, None]).mean(axis=1))

    def show(self, stage: Evaluation, data: Dataset, scored: Scored) -> Findings:
        """How many rows lie below each level and within the outer interval, and the target by split."""
        split, levels = stage.splits[-1], scored.output.levels or ()
        rows, outputs = scored.rows[split], scored.outputs[split]
        below: dict[str, Metric] = {str(position): Below(position) for position in range(len(levels))}
        found = estimates(stage, rows, outputs, below)
        shares = {name: [found[name, position] for position in below] for name in outputs}
        pictures = [calibration(levels, shares, split, stage.level)]
        checks = []
        if len(levels) > 1:
            pictures.append(_coverage(stage, rows, scored))
            checks += [_held(stage, rows, scored), _ordered(scored, split)]
        tables = (_levels(scored, split, shares), balance(data, scored.target))
        return Findings(tables, tuple(pictures), tuple(checks))


def _listed(output: Output) -> str:
    return ", ".join(f"{level:g}" for level in output.levels or ())


def _levels(scored: Scored, split: str, shares: Shares) -> Table:
    """Each level of each model: how many rows lie at or below, and its own pinball loss."""
    rows = scored.rows[split]
    lines = []
    for name, found in shares.items():
        output = scored.outputs[split][name]
        for position, (level, share) in enumerate(zip(scored.output.levels or (), found, strict=True)):
            loss = Pinball((level,))(rows.target, output[:, [position]], rows.weight)
            lines.append((name, level, share.value, share.low, share.high, loss))
    return Table(
        f"Levels, {split}", ("model", "level", "rows at or below", "low", "high", "pinball loss"), tuple(lines)
    )


def _nominal(levels: Sequence[float]) -> float:
    return round(max(levels) - min(levels), 9)


def _coverage(stage: Evaluation, rows: Rows, scored: Scored) -> Figure:
    split, levels = stage.splits[-1], scored.output.levels or ()
    output = scored.outputs[split][MODEL].astype(np.float64)
    width, within = (metric(levels).per_row(rows.target, output) for metric in (Width, Coverage))
    return coverage(width, within > 0, rows, (_nominal(levels), stage.level), split)


def _held(stage: Evaluation, rows: Rows, scored: Scored) -> Check:
    """Whether the outer interval of the model holds as many rows as it should."""
    split, levels = stage.splits[-1], scored.output.levels or ()
    metric = {Coverage.name: Coverage(levels)}
    found = estimates(stage, rows, {MODEL: scored.outputs[split][MODEL]}, metric)[MODEL, Coverage.name]
    nominal = _nominal(levels)
    name, detail = (
        f"the outer interval holds {percent(nominal)} of the {split} rows",
        f"it holds {found.value:.{PLACES}f}",
    )
    if found.low is None or found.high is None:
        return Check(name, "warned", detail)
    detail += f", {percent(stage.level)} interval {between(found.low, found.high, PLACES)}"
    return Check(name, "passed" if found.low <= nominal <= found.high else "failed", detail)


def _ordered(scored: Scored, split: str) -> Check:
    """Whether a higher level of the model never has a lower quantile."""
    output = scored.outputs[split][MODEL][:, np.argsort(scored.output.levels or ())]
    crossed = int((np.diff(output, axis=1) < 0).any(axis=1).sum())
    detail = f"they cross in {crossed:,} of {len(output):,} rows"
    return Check(f"the quantiles of the {split} rows are in order", "failed" if crossed else "passed", detail)
