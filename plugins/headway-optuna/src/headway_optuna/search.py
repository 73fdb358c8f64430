"""One sweep, resolved: the space, the objectives, and the configs that trials come to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headway_optuna.objective import Metric, Objective

if TYPE_CHECKING:
    from headway_optuna.config import Sweep
    from headway_optuna.space import Space


@dataclass(frozen=True)
class Outcome:
    """What a trial came to.

    Attributes:
        values: The objectives; empty if one of them is missing.
        metrics: What constraints speak of: as written, to value.
        reason: Why there are no values.
    """

    values: tuple[float, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
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
    """

    name: str
    sweep: Sweep
    words: tuple[str, ...]
    space: Space
    objectives: Sequence[Objective]
    watched: Sequence[Metric] = ()

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

    def outcome(self, recorded: Sequence[Mapping[str, Mapping[str, float]]]) -> Outcome:
        """What the stages of a trial recorded, one mapping a fold: stage → metric → value.

        Objectives and metrics are means over the folds.
        """
        metrics = {metric.written: mean for metric in self.watched if (mean := _mean(metric, recorded)) is not None}
        values = [_mean(objective.metric, recorded) for objective in self.objectives]
        for objective, value in zip(self.objectives, values, strict=True):
            if value is None:
                return Outcome((), metrics, _missing(objective.metric, recorded))
        return Outcome(tuple(value for value in values if value is not None), metrics)


def _mean(metric: Metric, recorded: Sequence[Mapping[str, Mapping[str, float]]]) -> float | None:
    """The mean over the folds; None if it is missing in one, as what is not finite is."""
    values = [metric.of(fold) for fold in recorded]
    known = [value for value in values if value is not None and math.isfinite(value)]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _missing(metric: Metric, recorded: Sequence[Mapping[str, Mapping[str, float]]]) -> str:
    names = list(dict.fromkeys(name for fold in recorded for name in fold.get(metric.stage, {})))
    others = f"; it recorded {', '.join(names)}" if names else ", nor anything else"
    return f"the stage '{metric.stage}' recorded no finite {metric.name}{others}"
