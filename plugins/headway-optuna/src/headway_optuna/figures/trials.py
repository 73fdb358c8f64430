"""Pictures of trials: how the objective went on, what each parameter does, what objectives cost one another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from headway_optuna.figures.panel import Figure, Panel
from headway_optuna.figures.scales import Categories, Numeric, axis_of, beyond, objective_axis
from headway_optuna.texts import figure, gist
from headway_optuna.trial import Study, Trial

SAID = 2000
"""Trials up to which each of them says what it is when it is pointed at."""


def history(study: Study) -> Iterator[Figure]:
    """Every trial's objective in their order, and the best so far; a picture an objective."""
    for index, (metric, direction) in enumerate(study.objectives.items()):
        seen = {trial.number: value for trial in study.trials if (value := _shown(trial, index)) is not None}
        if seen:
            yield _history(study, index, metric, direction, seen)


def _history(study: Study, index: int, metric: str, direction: str, seen: Mapping[int, float]) -> Figure:
    numbers = [trial.number for trial in study.trials]
    y = objective_axis(list(seen.values()), direction)
    panel = Panel(Numeric.of(numbers), y, "trial", metric, width=960, height=300)
    best = {trial.number for trial in study.best}
    for trial in study.trials:
        kind = _kind(trial, best)
        if trial.state == "running":
            continue
        place = panel.at(trial.number, seen.get(trial.number, y.low))
        if len(study.trials) <= SAID:
            value = f" {figure(seen[trial.number])}" if trial.number in seen else ""
            panel.mark(kind, *place, f"trial {trial.number}, {trial.state}{value} {gist(trial.reason)}".strip())
        else:
            panel.marks(kind, [place])
    panel.line("best", [panel.at(number, value) for number, value in _best_so_far(study, index, direction)])
    caption = "A dot is a complete trial, a dash a pruned one at its last value"
    caption += ", a cross a failed one, a diamond an infeasible one. The line is the best so far."
    caption += beyond(y, seen.values())
    return Figure(f"{metric}, trial by trial", panel.drawn(f"{metric} of each trial"), caption, wide=True)


def _kind(trial: Trial, best: set[int]) -> str:
    """How a trial is marked: one that is complete, but violates a constraint, as infeasible."""
    if trial.number in best:
        return "best"
    return trial.state if trial.is_feasible or trial.state != "complete" else "infeasible"


def _shown(trial: Trial, index: int) -> float | None:
    if trial.values:
        return trial.values[index]
    last = trial.reports[-1][1] if trial.reports and index == 0 and trial.state == "pruned" else math.nan
    return last if math.isfinite(last) else None


def _best_so_far(study: Study, index: int, direction: str) -> Iterator[tuple[int, float]]:
    """The corners of the steps that the best value takes."""
    sign, best = (1 if direction == "maximize" else -1), None
    for trial in study.of("complete"):
        value = trial.values[index]
        if trial.is_feasible and (best is None or sign * value > sign * best):
            if best is not None:
                yield trial.number, best
            best = value
            yield trial.number, best
    if best is not None:
        yield study.trials[-1].number, best


def slices(study: Study, keys: Sequence[str]) -> Iterator[Figure]:
    """The first objective against each parameter."""
    complete = study.of("complete")
    metric, direction = next(iter(study.objectives.items()))
    y = objective_axis([trial.values[0] for trial in complete], direction)
    best = {trial.number for trial in study.best}
    for key in keys:
        having = [trial for trial in complete if key in trial.params]
        if having:
            yield _slice(key, study.parameters.get(key, ""), metric, y, having, best)


def _slice(key: str, distribution: str, metric: str, y: Numeric, trials: Sequence[Trial], best: set[int]) -> Figure:
    x = axis_of([trial.params[key] for trial in trials], distribution)
    panel = Panel(x, y, key, metric, width=340, height=230)
    apart = 0.0
    if isinstance(x, Categories) and len(trials) > 1:
        apart = 0.6 * (panel.width - panel.left - panel.right) / len(x.keys)
    points: dict[str, list[tuple[float, float]]] = {"infeasible": [], "complete": [], "best": []}
    for trial in trials:
        px, py = panel.at(trial.params[key], trial.values[0])
        px += apart * (trial.number * 0.618034 % 1 - 0.5)  # beside one another, by the golden ratio
        points[_kind(trial, best)].append((px, py))
    for kind, places in points.items():
        panel.marks(kind, places)
    return Figure(key, panel.drawn(f"{metric} against {key}"), distribution)


def fronts(study: Study) -> Iterator[Figure]:
    """Every pair of objectives, the Pareto front marked."""
    complete, metrics = study.of("complete"), list(study.objectives)
    best = study.best
    front = {trial.number for trial in best}
    for one, other in itertools.combinations(range(len(metrics) if complete else 0), 2):
        axes = [
            objective_axis([trial.values[i] for trial in complete], study.objectives[metrics[i]]) for i in (one, other)
        ]
        panel = Panel(axes[0], axes[1], metrics[one], metrics[other], width=480, height=340)
        at = {trial.number: panel.at(trial.values[one], trial.values[other]) for trial in complete}
        for kind in ("infeasible", "complete"):
            panel.marks(kind, [at[trial.number] for trial in complete if _kind(trial, front) == kind])
        if len(metrics) == 2:
            panel.line("best", sorted(at[number] for number in front))
        for trial in best:
            says = ", ".join(f"{m} {figure(v)}" for m, v in zip(metrics, trial.values, strict=True))
            panel.mark("best", *at[trial.number], f"trial {trial.number}: {says}")
        wishes = " and ".join(f"{study.objectives[metrics[i]]} {metrics[i]}" for i in (one, other))
        title = f"{metrics[other]} against {metrics[one]}"
        caption = f"Wanted: {wishes}. The large dots are the Pareto front: no trial is better in all objectives."
        for axis, i in zip(axes, (one, other), strict=True):
            caption += beyond(axis, [trial.values[i] for trial in complete])
        yield Figure(title, panel.drawn(title), caption)
