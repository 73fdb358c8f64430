"""Studies as Optuna's: to weigh their parameters, and to hand them over to its other tools."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from headway.errors import StoreError

from headway_optuna import values
from headway_optuna.quiet import quiet
from headway_optuna.trial import Study, Trial

if TYPE_CHECKING:
    from headway_optuna.space.parameters import Parameter

FEWEST = 10
"""Complete trials below which importances would be noise."""
STATES = {
    "running": optuna.trial.TrialState.RUNNING,
    "complete": optuna.trial.TrialState.COMPLETE,
    "pruned": optuna.trial.TrialState.PRUNED,
    "failed": optuna.trial.TrialState.FAIL,
    "infeasible": optuna.trial.TrialState.FAIL,
}


def importances(study: Study, parameters: Sequence[Parameter]) -> dict[str, float]:
    """The share of each parameter in reaching the best trials, greatest first.

    PED-ANOVA (Watanabe et al., IJCAI 2023) as extended to conditional parameters (Conditional PED-ANOVA, KDD 2026):
    how far the values of the best trials are from those of all. The best are a tenth, and five at least. Of several
    objectives they are those nearest to the Pareto front.

    Args:
        study: The study.
        parameters: Those of its space.

    Returns:
        Parameter to its share, all together 1; nothing if fewer than 10 trials are complete.
    """
    with quiet():
        return of_study(_filled(study, parameters, optuna.storages.InMemoryStorage()))


def of_study(study: optuna.Study) -> dict[str, float]:
    """The same of Optuna's."""
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    names = sorted({name for trial in complete for name in trial.distributions})
    if len(complete) < FEWEST or not names:
        return {}
    with quiet():
        judge = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=max(0.1, 5 / len(complete)))
        shares = optuna.importance.get_param_importances(study, evaluator=judge, params=names)
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def export(study: Study, parameters: Sequence[Parameter], url: str) -> None:
    """Writes a study into a storage of Optuna's, for optuna-dashboard and Optuna itself.

    Trials keep their parameters, values, reports, violations and times; words, runs, worker and reason become user
    attributes.

    Args:
        study: The study.
        parameters: Those of its space.
        url: Of a database, such as ``sqlite:///study.db``, or the path of a file for Optuna's journal.

    Raises:
        StoreError: The storage cannot be opened or written, or it has a study of that name; nothing is left in it then.
    """
    shown = re.sub(r"(://[^:@/]*):.*@", r"\1:…@", url)
    try:
        with quiet():
            _filled(study, parameters, _storage(url))
    except optuna.exceptions.DuplicatedStudyError as error:
        hint = f"delete it (optuna delete-study --study-name {study.name} --storage URL), or choose another storage"
        raise StoreError(f"{shown} has a study '{study.name}' already", hint=hint, code="export-exists") from error
    except Exception as error:
        (first, *_) = str(error).replace(url, shown).splitlines() or [type(error).__name__]
        raise StoreError(
            f"cannot export to {shown}: {first}",
            hint="give a URL such as sqlite:///study.db, or the path of a journal file; drivers are installed by pip",
            code="export-storage",
        ) from error


def _storage(url: str) -> optuna.storages.BaseStorage:
    if "://" in url:
        return optuna.storages.RDBStorage(url)
    backend = optuna.storages.journal.JournalFileBackend(str(Path(url)))
    return optuna.storages.JournalStorage(backend)


def _filled(study: Study, parameters: Sequence[Parameter], storage: optuna.storages.BaseStorage) -> optuna.Study:
    distributions = {parameter.key: parameter.distribution for parameter in parameters}
    frozen = [_frozen(trial, distributions) for trial in study.trials]
    filled = optuna.create_study(
        study_name=study.name, storage=storage, directions=list(study.objectives.values()),
        sampler=optuna.samplers.RandomSampler(0), pruner=optuna.pruners.NopPruner(),
    )  # fmt: skip
    try:
        filled.set_metric_names(list(study.objectives))
        filled.set_user_attr("headway:sampler", study.sampler)
        filled.set_user_attr("headway:pruner", study.pruner)
        filled.add_trials(frozen)
    except BaseException:
        optuna.delete_study(study_name=study.name, storage=storage)
        raise
    return filled


def _frozen(trial: Trial, distributions: Mapping[str, Any]) -> optuna.trial.FrozenTrial:
    told = list(trial.values) if trial.state == "complete" else None
    if trial.state == "pruned" and trial.reports and trial.reports[-1][1] == trial.reports[-1][1]:
        told = [trial.reports[-1][1]]  # as study.tell does
    attributes = {"words": list(trial.words), "runs": list(trial.runs), "worker": trial.worker, "reason": trial.reason}
    frozen = optuna.trial.create_trial(
        state=STATES[trial.state],
        values=told,
        params={key: values.internal(distributions[key], value) for key, value in trial.params.items()},
        distributions={key: values.as_optuna(distributions[key]) for key in trial.params},
        intermediate_values=dict(trial.reports),
        user_attrs={f"headway:{name}": value for name, value in attributes.items() if value not in (None, [], "")},
        constraints={str(index): value for index, value in enumerate(trial.violations)} or None,
    )
    frozen.datetime_start = _time(trial.begun or trial.ended) or frozen.datetime_start
    frozen.datetime_complete = _time(trial.ended) or frozen.datetime_complete
    return frozen


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)
