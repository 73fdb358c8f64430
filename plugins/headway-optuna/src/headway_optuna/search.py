"""One sweep, resolved: the space, the objectives, and the configs that trials come to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.contracts import parse_duration

from headway_optuna.objective import Metric, Objective

if TYPE_CHECKING:
    from headway_optuna.config import Sweep
    from headway_optuna.pruners import Pruner
    from headway_optuna.samplers import Sampler
    from headway_optuna.space.space import Space

Recorded = Mapping[str, Mapping[str, float]]
"""Stage → metric → value."""


@dataclass(frozen=True)
class Outcome:
    """What a trial came to.

    Attributes:
        values: The objectives; empty if something is missing.
        violations: How far each constraint is violated.
        reason: Why there are no values.
    """

    values: tuple[float, ...] = ()
    violations: tuple[float, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Search:
    """What a sweep is about.

    Attributes:
        name: The study's name.
        sweep: The node.
        words: The overrides that all trials share.
        space: The parameters.
        objectives: What is optimized.
        watched: Metrics that constraints speak of.
        sampler: What chooses the next point.
        pruner: What stops a trial.
        seed: The sampler's.
    """

    name: str
    sweep: Sweep
    words: tuple[str, ...]
    space: Space
    objectives: Sequence[Objective]
    watched: Sequence[Metric]
    sampler: Sampler
    pruner: Pruner
    seed: int

    @property
    def directions(self) -> list[str]:
        """The directions of the objectives."""
        return [objective.direction for objective in self.objectives]

    @property
    def stages(self) -> list[str]:
        """The stages that a trial needs."""
        metrics = [*(objective.metric for objective in self.objectives), *self.watched]
        return list(dict.fromkeys(metric.stage for metric in metrics))

    def words_of(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """The overrides of a trial alone."""
        return self.space.words(params)

    def folds(self) -> list[tuple[str, ...]]:
        """The overrides of each fold; one without any if there are no folds."""
        folds = self.sweep.folds
        if folds is None:
            return [()]
        return [(f"data.split.folds={folds}", f"data.split.fold={fold}", "data.split.keep_test=true")
                for fold in range(folds)]  # fmt: skip

    @property
    def timeout(self) -> float:
        """Seconds that the sweep may take."""
        return parse_duration(self.sweep.timeout) / 1e6 if self.sweep.timeout else math.inf

    def outcome(self, params: Mapping[str, Any], recorded: Sequence[Recorded]) -> Outcome:
        """What a trial came to.

        Args:
            params: Its parameters.
            recorded: What its stages recorded, one mapping a fold: stage → metric → value. Objectives and the metrics
                of constraints are means over the folds.
        """
        wanted = [*(objective.metric for objective in self.objectives), *self.watched]
        means = {metric.written: _mean(metric, recorded) for metric in wanted}
        missing = next((metric for metric in wanted if means[metric.written] is None), None)
        if missing is not None:
            return Outcome(reason=_missing(missing, recorded))
        known = {name: value for name, value in means.items() if value is not None}
        violations = [constraint.violation(params, known) for constraint in self.space.constraints]
        values = [known[objective.metric.written] for objective in self.objectives]
        return Outcome(tuple(values), tuple(violations))


def _mean(metric: Metric, recorded: Sequence[Recorded]) -> float | None:
    """The mean over the folds; None if it is missing in one, as what is not finite is."""
    values = [metric.of(fold) for fold in recorded]
    known = [value for value in values if value is not None and math.isfinite(value)]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _missing(metric: Metric, recorded: Sequence[Recorded]) -> str:
    names = list(dict.fromkeys(name for fold in recorded for name in fold.get(metric.stage, {})))
    others = f"; it recorded {', '.join(names)}" if names else ", nor anything else"
    return f"the stage '{metric.stage}' recorded no finite {metric.name}{others}"
