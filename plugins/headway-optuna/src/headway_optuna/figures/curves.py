"""Intermediate values of trials, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator

from headway_optuna.figures.panel import Figure, Panel
from headway_optuna.figures.scales import Numeric, beyond, objective_axis
from headway_optuna.trial import Study, Trial

POINTS = 30_000
"""Points that are drawn at most; of more, every second, third … of a trial is left out, but never its last."""


def curves(study: Study) -> Iterator[Figure]:
    """The reports of all trials in one picture."""
    reports = {trial.number: _finite(trial) for trial in study.trials}
    points = [point for found in reports.values() for point in found]
    if not points:
        return
    metric, direction = next(iter(study.objectives.items()))
    y = objective_axis([value for _, value in points], direction)
    panel = Panel(Numeric.of([step for step, _ in points]), y, "step", metric, width=960, height=320)
    every = math.ceil(len(points) / POINTS)
    best = {trial.number for trial in study.best}
    order = {"failed": 0, "infeasible": 0, "pruned": 1, "running": 2, "complete": 2}
    for trial in sorted(study.trials, key=lambda trial: (trial.number in best, order[trial.state], trial.number)):
        found = reports[trial.number]
        kind = "best" if trial.number in best else "pruned" if trial.state != "complete" else "complete"
        thinned = [*found[: len(found) - 1 : every], *found[-1:]]
        places = [panel.at(step, value) for step, value in thinned]
        panel.line(kind, places)
        if kind != "complete" and trial.state != "running":
            panel.marks("best" if kind == "best" else trial.state, places[-1:])
    caption = "Each line is a trial; pale ones were pruned or failed where they end. The thick one is the best trial's."
    caption += beyond(y, [value for _, value in points])
    yield Figure(f"{metric}, step by step", panel.drawn(f"{metric} of each trial at each step"), caption, wide=True)


def _finite(trial: Trial) -> list[tuple[int, float]]:
    return [(step, value) for step, value in trial.reports if math.isfinite(value)]
