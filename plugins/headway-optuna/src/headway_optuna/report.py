"""The report of a study as one self-contained page, the same bytes for the same study.

Nothing that comes from data is trusted: jinja2 escapes it all, as do the pictures.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway_optuna.figures.curves import curves
from headway_optuna.figures.panel import Figure
from headway_optuna.figures.parallel import parallel
from headway_optuna.figures.timeline import timeline, utilisation
from headway_optuna.figures.trials import fronts, history, slices
from headway_optuna.tables import Shown, ordered, states, violated
from headway_optuna.texts import brief, exact, figure, figures, gist, short_names, took
from headway_optuna.trial import Study, Trial

if TYPE_CHECKING:
    from markupsafe import Markup

TOP = 10
"""Trials in the first table; the rest is folded up."""
EXCERPT = 30
"""Lines of a traceback, its last."""


def write_report(path: Path, shown: Shown) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: Where; the folder is made if it is missing.
        shown: The study, with its importances.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_text(render(shown), encoding="utf-8")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def render(shown: Shown) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"drawn": _drawn, "exact": exact}
    template = resources.files("headway_optuna") / "study.html.j2"
    study = shown.study
    keys = list(dict.fromkeys([*study.parameters, *(key for trial in study.trials for key in trial.params)]))
    ranked = sorted(shown.importances.items(), key=lambda item: (-item[1], item[0]))
    names = short_names(keys)
    rows = [_row(trial, keys, study) for trial in ordered(study)]
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        study=study,
        summary=summary(shown),
        best=study.best,
        sections=_pictures(study, shown.importances, keys),
        importances=[(key, f"{share:.2f}", round(100 * share / (ranked[0][1] or 1), 1)) for key, share in ranked],
        columns=["trial", "state", *study.objectives, "took", *(names[key] for key in keys), "why"],
        full=["", "", *study.objectives, "", *keys, ""],
        rows=rows,
        top=rows[:TOP],
        reasons=list(_reasons(study)),
    )


def _pictures(study: Study, importances: Mapping[str, float], keys: list[str]) -> dict[str, list[Figure]]:
    by_importance = sorted(keys, key=lambda key: (-importances.get(key, 0.0), keys.index(key)))
    return {
        "History": [*history(study)],
        "Pareto front": [*fronts(study)],
        "Step by step": [*curves(study)],
        "Parameters": [*slices(study, by_importance)],
        "Trials as lines": [*parallel(study, importances)],
        "Workers": [*timeline(study)],
    }


def summary(shown: Shown) -> list[str]:
    """What a reader must know, in sentences."""
    study, best = shown.study, shown.study.best
    if not best:
        lead = "No complete trial keeps all constraints." if study.of("complete") else "No trial is complete."
    elif len(study.objectives) > 1:
        lead = f"{len(best)} trial{'s' if len(best) > 1 else ''} on the Pareto front of {', '.join(study.objectives)}."
    else:
        lead = f"Best {next(iter(study.objectives))} {figures(best[0].values)}, in trial {best[0].number}."
    lines = [
        lead,
        f"{study.finished} of {study.wanted} trials are finished: {states(study, shown.is_running) or 'none begun'}.",
    ]
    share = utilisation(study)
    if share is not None:
        lines.append(f"The workers had a trial for {share:.1%} of the time.")
    return lines


def _row(trial: Trial, keys: list[str], study: Study) -> list[Any]:
    values = [*map(figure, trial.values)] or [""] * len(study.objectives)
    params = [brief(trial.params[key], 40) if key in trial.params else "" for key in keys]
    state = trial.state if trial.is_feasible or trial.state != "complete" else "violates"
    return [trial.number, state, *values, took(trial), *params, gist(trial.reason)]


def _reasons(study: Study) -> Any:
    """(trial, gist, the end of the whole reason if there is more to it) of all that did not complete."""
    for trial in study.trials:
        why = trial.reason
        if trial.state == "complete" and not trial.is_feasible:
            why = violated(trial, study)
        if why and trial.state != "pruned":
            lines = why.rstrip().splitlines()
            more = "" if len(lines) < 2 else "\n".join((["…"] if len(lines) > EXCERPT else []) + lines[-EXCERPT:])
            yield trial, gist(why), more


def _drawn(picture: Figure) -> Markup:
    """The SVG of a picture, which this package drew itself and whose texts it has escaped."""
    from markupsafe import Markup

    return Markup(picture.svg)  # noqa: S704 - see above
