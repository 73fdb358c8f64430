"""Parallel coordinates: a line a trial through all its parameters to its objective."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from headway_optuna.figures.panel import CHARACTER, Figure, number, path_of, svg
from headway_optuna.figures.panel import text as labelled
from headway_optuna.figures.scales import Axis, axis_of, objective_axis
from headway_optuna.trial import Study, Trial

AXES = 9
"""Parameters that are shown at most: the most important ones."""
LINES = 250
"""Trials that are shown at most, evenly from the worst to the best."""
CLASSES = 5
WIDTH, HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 1040.0, 400.0, 52.0, 24.0, 60.0, 84.0
LANE = 22.0
"""Pixels below the axes where lines of trials run that do not have the parameter."""


def parallel(study: Study, importances: Mapping[str, float]) -> Iterator[Figure]:
    """All complete trials, better ones stronger."""
    complete = study.of("complete")
    keys = [key for key in study.parameters if any(key in trial.params for trial in complete)]
    if len(keys) < 2:
        return
    ranked = sorted(keys, key=lambda key: (-importances.get(key, 0.0), keys.index(key)))[:AXES]
    shown = [key for key in keys if key in ranked]
    metrics = list(study.objectives)
    axes: dict[str, Axis] = {
        key: axis_of([t.params[key] for t in complete if key in t.params], study.parameters[key]) for key in shown
    }
    axes |= {
        f"\0{metric}": objective_axis([trial.values[i] for trial in complete], study.objectives[metric])
        for i, metric in enumerate(metrics)
    }
    caption = "Each line is a complete trial: the better its objective, the stronger; the thick ones are the best. "
    caption += "A line below the axes has no such parameter."
    if len(complete) > LINES:
        caption += f" {LINES} of {len(complete)} trials are shown, evenly from the worst to the best."
    if len(shown) < len(keys):
        which = f"most important {AXES}" if importances else f"first {AXES}"
        caption += f" The {which} of {len(keys)} parameters are shown."
    title = "Parallel coordinates"
    yield Figure(title, svg(WIDTH, HEIGHT, title, _parts(study, complete, axes)), caption, wide=True)


def _parts(study: Study, complete: Sequence[Trial], axes: Mapping[str, Axis]) -> Iterator[str]:
    gap = (WIDTH - LEFT - RIGHT) / (len(axes) - 1)
    places = {key: LEFT + gap * index for index, key in enumerate(axes)}
    best = {trial.number for trial in study.best}
    ranked = _thinned(_ranked(study, complete))
    has_lane = any(key not in t.params for t in ranked for key in axes if not key.startswith("\0"))
    foot = HEIGHT - BOTTOM - (LANE if has_lane else 0)
    if has_lane:
        yield labelled(LEFT - 8, HEIGHT - BOTTOM + 4, "unset", "end")
        yield f'<path class="grid" d="M{number(LEFT)} {number(HEIGHT - BOTTOM)}H{number(WIDTH - RIGHT)}"/>'
    for index, trial in enumerate(ranked):
        if trial.number not in best:
            yield _line(f"rank{index * CLASSES // len(ranked)}", trial, study, axes, places, foot)
    yield from (_line("best", trial, study, axes, places, foot) for trial in ranked if trial.number in best)
    for index, (key, axis) in enumerate(axes.items()):
        yield from _axis(key.removeprefix("\0"), axis, places[key], foot, gap, is_low=index % 2 > 0)


def _ranked(study: Study, complete: Sequence[Trial]) -> list[Trial]:
    """From the worst to the best by the first objective, those on the front last."""
    sign = 1 if next(iter(study.objectives.values())) == "maximize" else -1
    best = {trial.number for trial in study.best}
    return sorted(complete, key=lambda t: (t.number in best, t.is_feasible, sign * t.values[0], -t.number))


def _thinned(ranked: Sequence[Trial]) -> list[Trial]:
    """At most so many as can be told apart, the last one among them."""
    every = max(1.0, len(ranked) / LINES)
    return [ranked[len(ranked) - 1 - int(index * every)] for index in range(min(len(ranked), LINES))][::-1]


def _line(
    kind: str, trial: Trial, study: Study, axes: Mapping[str, Axis], places: Mapping[str, float], foot: float
) -> str:
    values = {**trial.params, **{f"\0{m}": v for m, v in zip(study.objectives, trial.values, strict=True)}}
    points = [
        (places[key], foot - (foot - TOP) * axis.place(values[key]) if key in values else HEIGHT - BOTTOM)
        for key, axis in axes.items()
    ]
    return f'<path class="line {kind}" d="{path_of(points)}"/>'


def _axis(key: str, axis: Axis, x: float, foot: float, gap: float, *, is_low: bool) -> Iterator[str]:
    yield f'<path class="axis" d="M{number(x)} {number(TOP)}V{number(foot)}"/>'
    ticks = [(foot - (foot - TOP) * place, label) for place, label in axis.ticks()]
    last = foot * 2
    for y, label in ticks:
        if last - y >= 12:
            last = y
            most = max(4, int((gap - 12) / CHARACTER))
            yield labelled(x + 5, y + 4, label, "start", most=most, of="tick halo")
    most = int(2 * gap / CHARACTER) - 1
    short = key if len(key) <= most else f"…{key[len(key) - most + 1 :]}"
    yield labelled(x, 34 if is_low else 16, short, "middle", most=most, of="name", full=key)
