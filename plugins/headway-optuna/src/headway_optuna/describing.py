"""What a study is, as its folder says it: written when it begins, compared when it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from headway.errors import UsageError

from headway_optuna.trial import Study, trials

if TYPE_CHECKING:
    from headway_optuna.search import Search
    from headway_optuna.study import Folder

COMPARED = ("space", "objectives", "sampler", "pruner", "seed", "folds", "config")
"""What must not change while a study goes on."""
MOST = 12
"""Differences that are told one by one."""


def description(search: Search, config: Mapping[str, Any], optuna: str) -> dict[str, Any]:
    """What a study is, in JSON types.

    Args:
        search: What is searched.
        config: The public values of what all trials start from: the stages that they run, and the seed.
        optuna: The version of Optuna.
    """
    return {
        "name": search.name,
        "trials": search.sweep.trials,
        "words": list(search.words),
        "objectives": {objective.metric.written: objective.direction for objective in search.objectives},
        "space": search.space.to_json(),
        "parameters": search.space.described(),
        "sampler": _options(search.sampler),
        "pruner": _options(search.pruner),
        "seed": search.seed,
        "folds": search.sweep.folds,
        "config": dict(config),
        "optuna": optuna,
    }


def _options(chosen: Any) -> dict[str, Any]:
    """As they are when they are read again: a tuple is a list then."""
    options: dict[str, Any] = json.loads(json.dumps(asdict(chosen)))
    return {chosen.name: options}


def study_of(described: Mapping[str, Any], folder: Folder | None = None) -> Study:
    """What a description says of a study; its trials, if its folder is given."""
    events = folder.events() if folder else ()
    finals = [event["run"] for event in events if event["event"] == "final"]
    return Study(
        name=described["name"],
        objectives=described["objectives"],
        trials=tuple(trials(events)),
        wanted=described["trials"],
        parameters=described["parameters"],
        sampler=_worded(described["sampler"]),
        pruner=_worded(described["pruner"]),
        constraints=tuple(described["space"]["constraints"]),
        final=finals[-1] if finals else None,
    )


def _worded(chosen: Mapping[str, Mapping[str, Any]]) -> str:
    """Such as ``tpe (n_startup_trials 10, multivariate true)``."""
    ((name, options),) = chosen.items()
    told = ", ".join(f"{key} {_value(value)}" for key, value in options.items() if value not in (None, False))
    return f"{name} ({told})" if told else name


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_same(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Whether a study that is there is the one that is asked for.

    Args:
        before: Its description.
        now: What the command describes.

    Raises:
        UsageError: They differ; every difference is told.
    """
    told = [line for key in COMPARED for line in _differences(before.get(key), now[key], key)]
    if not told:
        return
    more = [f"… and {len(told) - MOST} more"] if len(told) > MOST else []
    lines = "\n".join(f"  {line}" for line in [*told[:MOST], *more])
    raise UsageError(
        f"the study '{now['name']}' is about something else:\n{lines}",
        hint=f"begin another with sweep.name=NAME, put these back, or forget it: headway sweep remove {now['name']}",
        code="study-differs",
    )


def _differences(before: Any, now: Any, at: str) -> Iterator[str]:
    """Such as ``sampler.tpe.gamma: 1 → 2``."""
    if before == now:
        return
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            yield from _differences(before.get(key, _ABSENT), now.get(key, _ABSENT), f"{at}.{key}")
    elif at == "space.parameters" and isinstance(before, Sequence) and isinstance(now, Sequence):
        yield from _differences(*({item["key"]: item for item in items} for items in (before, now)), "space")
        if [item["key"] for item in before] != [item["key"] for item in now]:
            yield "space: the order of the parameters"
    else:
        yield f"{at}: {_written(before)} → {_written(now)}"


class _Absent:
    def __str__(self) -> str:
        return "nothing"


_ABSENT = _Absent()


def _written(value: Any) -> str:
    from headway_optuna.space.distributions import shown

    return str(value) if isinstance(value, _Absent) else shown(value)
