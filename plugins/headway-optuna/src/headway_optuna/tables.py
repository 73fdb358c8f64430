"""`headway sweep list` and `headway sweep show`, for people and for programs."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from headway_optuna.grid import grid
from headway_optuna.texts import brief, exact, figure, figures, gist, one_line, seconds_of, short_names, took
from headway_optuna.trial import FINISHED, Study, Trial

TOP = 10
"""Trials in the table, unless all are asked for."""


@dataclass(frozen=True)
class Shown:
    """A study, and what is known of it beside its trials.

    Attributes:
        study: Its trials and what was searched.
        is_running: Whether a controller works at it.
        importances: Parameter to its share of what the objective's variance is owed to; empty if that is unknown.
    """

    study: Study
    is_running: bool = False
    importances: Mapping[str, float] = field(default_factory=dict)


def listing(shown: Sequence[Shown], width: int | None = None) -> list[str]:
    """A line a study.

    Args:
        shown: The studies, in the order of the lines.
        width: Columns of the terminal; None for as many as it takes.
    """
    if not shown:
        return ["no sweeps yet"]
    header = ("study", "status", "finished", "best", "last activity", "objectives", "trials")
    return grid(header, [_row(each) for each in shown], width)


def _row(shown: Shown) -> list[str]:
    study = shown.study
    finished = study.finished
    status = "running" if shown.is_running else "finished" if finished >= study.wanted else "stopped"
    best = study.best
    value = "" if not best else figures(best[0].values) if len(study.objectives) == 1 else f"front of {len(best)}"
    done = f"{finished}/{study.wanted}"
    return [study.name, status, done, value, moment(study), _objectives(study), states(study, shown.is_running)]


def _objectives(study: Study) -> str:
    return ", ".join(f"{direction[:3]} {metric}" for metric, direction in study.objectives.items())


def states(study: Study, is_running: bool) -> str:
    """Such as ``31 complete, 9 pruned``."""
    counts = Counter(_state(trial, is_running) for trial in study.trials)
    return ", ".join(f"{n} {state}" for state, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _state(trial: Trial, is_running: bool) -> str:
    """What has become of a trial: without a controller none runs."""
    return "interrupted" if trial.state == "running" and not is_running else trial.state


def moment(study: Study) -> str:
    """When a trial was last begun or told, UTC, to the minute; nothing if none was."""
    time = last_active(study)
    return datetime.fromtimestamp(time, UTC).isoformat(sep=" ", timespec="minutes")[:16] if time else ""


def last_active(study: Study) -> float | None:
    """UNIX time at which a trial was last begun or told."""
    return max((t for trial in study.trials for t in (trial.begun, trial.ended) if t is not None), default=None)


def showing(shown: Shown, width: int | None = None, *, everything: bool = False) -> list[str]:
    """All that is to be said of one study.

    Args:
        shown: The study.
        width: Columns of the terminal; None for as many as it takes.
        everything: Whether the table has all trials, not only the best.
    """
    sections = [_summary(shown), *_best(shown, width), _importances(shown.importances, width)]
    sections += [_trials(shown, width, everything), *_reasons(shown.study)]
    lines: list[str] = []
    for section in filter(None, sections):
        lines += ["", *section] if lines else section
    return lines


def _summary(shown: Shown) -> list[str]:
    study = shown.study
    head, row = ("study", "status", "finished", "", "last activity", "objectives", "trials"), _row(shown)
    facts = [(name, cell) for name, cell in zip(head, row, strict=True) if name and cell]
    facts += [("sampler", study.sampler), ("pruner", study.pruner), ("constraints", "; ".join(study.constraints))]
    facts += [("final run", study.final or "")]
    return [f"{name:<14} {one_line(text)}" for name, text in facts if text]


def _best(shown: Shown, width: int | None) -> Iterator[list[str]]:
    """The best trial with all its parameters, or the Pareto front."""
    study, best = shown.study, shown.study.best
    if not best:
        yield ["no trial is complete" if not study.of("complete") else "no complete trial keeps all constraints"]
    elif len(study.objectives) > 1:
        rows = _table(sorted(best, key=lambda trial: trial.values), shown)
        yield [f"Pareto front: {len(best)} trials", *(f"  {line}" for line in grid(*rows, width and width - 2))]
    else:
        trial = best[0]
        metric = next(iter(study.objectives))
        wide = max(map(len, trial.params), default=0)
        runs = f", run {trial.runs[-1]}" if trial.runs else ""
        params = [f"  {key:<{wide}}  {one_line(exact(value))}" for key, value in trial.params.items()]
        yield [f"best: trial {trial.number}, {metric} {figures(trial.values)}{runs}", *params]


def _importances(importances: Mapping[str, float], width: int | None) -> list[str]:
    if not importances:
        return []
    wide = max(map(len, importances))
    room = max(4, min(40, (width or 100) - wide - 10))
    rows = sorted(importances.items(), key=lambda item: (-item[1], item[0]))
    return [
        "importances",
        *(f"  {key:<{wide}}  {share:5.2f}  {'▇' * round(share * room)}".rstrip() for key, share in rows),
    ]


def _trials(found: Shown, width: int | None, everything: bool) -> list[str]:
    ranked = ordered(found.study)
    if not ranked:
        return []
    shown = sorted(ranked, key=lambda trial: trial.number) if everything else ranked[:TOP]
    title = "trials" if len(shown) == len(ranked) else f"the best {TOP} of {len(ranked)} trials (--all shows all)"
    return [title, *(f"  {line}" for line in grid(*_table(shown, found), width and width - 2))]


def ordered(study: Study) -> list[Trial]:
    """The trials, best first: complete ones by their first objective, feasible before others, then pruned, then all."""
    sign = -1 if next(iter(study.objectives.values()), "") == "maximize" else 1
    states = ("complete", "pruned", "infeasible", "running", "failed")

    def rank(trial: Trial) -> tuple[int, bool, float, int]:
        value = sign * trial.values[0] if trial.values else 0.0
        return states.index(trial.state), not trial.is_feasible, value, trial.number

    return sorted(study.trials, key=rank)


def _table(trials: Sequence[Trial], shown: Shown) -> tuple[list[str], list[list[str]]]:
    study = shown.study
    keys = list(dict.fromkeys([*study.parameters, *(key for trial in study.trials for key in trial.params)]))
    names = short_names(keys)
    metrics = short_names(study.objectives)
    header = ["trial", "state", *(metrics[name] for name in study.objectives), "took", *(names[key] for key in keys)]
    rows = []
    for trial in trials:
        values = [*map(figure, trial.values)] or [""] * len(study.objectives)
        params = [brief(trial.params[key], 24) if key in trial.params else "" for key in keys]
        mark = "violates" if trial.state == "complete" and not trial.is_feasible else _state(trial, shown.is_running)
        rows.append([str(trial.number), mark, *values, took(trial), *params])
    return header, rows


def _reasons(study: Study) -> Iterator[list[str]]:
    """Trials that were pruned, failed or are infeasible, with the reason; alike ones of a reason share a line."""
    for state in ("failed", "infeasible", "pruned"):
        found: dict[str, list[int]] = {}
        for trial in study.of(state):
            found.setdefault(gist(trial.reason) or "no reason is known", []).append(trial.number)
        if found:
            total = sum(map(len, found.values()))
            yield [f"{state}: {total}", *(f"  {_numbers(numbers)}: {why}" for why, numbers in found.items())]
    broken = [trial for trial in study.of("complete") if not trial.is_feasible]
    if broken:
        yield [f"violate constraints: {len(broken)}", *(f"  trial {t.number}: {violated(t, study)}" for t in broken)]


def violated(trial: Trial, study: Study) -> str:
    """The constraints that a trial violates, and by how much."""
    named = [*study.constraints, *(f"constraint {n}" for n in range(len(study.constraints), len(trial.violations)))]
    pairs = zip(named, trial.violations, strict=False)
    return "; ".join(f"{name} (by {violation:.3g})" for name, violation in pairs if violation > 0)


def _numbers(numbers: Sequence[int], most: int = 12) -> str:
    shown = ", ".join(map(str, numbers[:most]))
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"trial{'s' if len(numbers) > 1 else ''} {shown}{more}"


def listing_json(shown: Sequence[Shown]) -> list[str]:
    """The same for programs: a list of objects."""
    return _json([_facts(each) for each in shown])


def showing_json(shown: Shown) -> list[str]:
    """The same for programs: an object with all trials."""
    study = shown.study
    plain = _facts(shown) | {
        "parameters": dict(study.parameters), "sampler": study.sampler, "pruner": study.pruner,
        "constraints": list(study.constraints), "final": study.final, "importances": dict(shown.importances),
        "trials": [asdict(trial) | {"seconds": seconds_of(trial)} for trial in study.trials],
    }  # fmt: skip
    return _json(plain)


def _facts(shown: Shown) -> dict[str, Any]:
    study = shown.study
    counts: Counter[str] = Counter(trial.state for trial in study.trials)
    return {
        "name": study.name, "objectives": dict(study.objectives), "wanted": study.wanted,
        "finished": sum(counts[state] for state in FINISHED), "states": dict(sorted(counts.items())),
        "best": [trial.number for trial in study.best], "running": shown.is_running,
        "active": last_active(study),
    }  # fmt: skip


def _json(value: Any) -> list[str]:
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False).splitlines()


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null stands for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
