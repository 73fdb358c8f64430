"""What stops a trial that promises little: Optuna's pruners, with their options."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from headway import DataError
from headway.errors import UsageError

from headway_optuna.libraries import demand

if TYPE_CHECKING:
    from optuna.pruners import BasePruner

Count = Annotated[int, Ge(0)]
Positive = Annotated[int, Ge(1)]


@dataclass(frozen=True)
class Pruner:
    """Decides after each report of a trial whether it goes on."""

    name: ClassVar[str] = ""
    optuna_name: ClassVar[str] = ""
    libraries: ClassVar[tuple[str, ...]] = ()

    def check(self, objectives: int) -> None:
        """Whether it can work.

        Raises:
            UsageError: There are several objectives: reports are of one.
            DataError: A library that it needs is not installed.
        """
        if objectives > 1:
            raise UsageError(
                f"pruner '{self.name}' judges one objective, there are {objectives}",
                hint="choose sweep.pruner=none",
                code="pruner-objectives",
            )
        demand(f"pruner '{self.name}'", self.libraries)

    def notes(self, folds: int | None) -> list[str]:
        """What it makes less of than one may think, a sentence each."""
        return []

    def build(self) -> BasePruner:
        """Optuna's."""
        from optuna import pruners

        from headway_optuna.quiet import quiet

        with quiet():
            return getattr(pruners, self.optuna_name)(**self._options())

    def _options(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class NoPruner(Pruner):
    """Every trial runs to its end."""

    name: ClassVar[str] = "none"
    optuna_name: ClassVar[str] = "NopPruner"

    def check(self, objectives: int) -> None:
        """It always can."""


@dataclass(frozen=True)
class MedianPruner(Pruner):
    """Stops a trial whose best report so far is worse than the median of earlier trials at the same step.

    The median stopping rule of Golovin et al., Google Vizier: A Service for Black-Box Optimization, KDD 2017.
    """

    name: ClassVar[str] = "median"
    optuna_name: ClassVar[str] = "MedianPruner"

    n_startup_trials: Count = 5
    """Trials that must have finished before any is pruned."""
    n_warmup_steps: Count = 0
    """Steps of each trial that are not judged."""
    interval_steps: Positive = 1
    """Steps from one judgement to the next, after the warm-up."""
    n_min_trials: Positive = 1
    """Trials that must have reported at a step for others to be judged there."""


@dataclass(frozen=True)
class PercentilePruner(Pruner):
    """Stops a trial whose best report so far is not in a best share of earlier trials at the same step.

    The median stopping rule of Golovin et al. (Google Vizier, KDD 2017) for another share than half.
    """

    name: ClassVar[str] = "percentile"
    optuna_name: ClassVar[str] = "PercentilePruner"

    percentile: Annotated[float, Ge(0), Le(100)]
    """The share that is kept, in percent: 25 keeps the best quarter."""
    n_startup_trials: Count = 5
    """Trials that must have finished before any is pruned."""
    n_warmup_steps: Count = 0
    """Steps of each trial that are not judged."""
    interval_steps: Positive = 1
    """Steps from one judgement to the next, after the warm-up."""
    n_min_trials: Positive = 1
    """Trials that must have reported at a step for others to be judged there."""


@dataclass(frozen=True)
class SuccessiveHalvingPruner(Pruner):
    """Asynchronous successive halving: at steps that grow geometrically, only a best share goes on.

    Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020.
    """

    name: ClassVar[str] = "successive_halving"
    optuna_name: ClassVar[str] = "SuccessiveHalvingPruner"

    min_resource: Positive | Literal["auto"] = "auto"
    """The step of the first halving; `auto`: a hundredth of the steps of the first complete trial."""
    reduction_factor: Annotated[int, Ge(2)] = 4
    """One in so many goes on, and so many times later is the next halving."""
    min_early_stopping_rate: Count = 0
    """How many halvings are left out at the beginning."""
    bootstrap_count: Count = 0
    """Trials that must have come to a halving before any passes it."""

    def __post_init__(self) -> None:
        _bootstrapped(self.name, self.bootstrap_count, "min_resource", self.min_resource)


@dataclass(frozen=True)
class HyperbandPruner(Pruner):
    """Successive halving with several first steps at once: each trial belongs to one such bracket.

    Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 18, 2018. Samplers learn
    from the trials of the same bracket only.
    """

    name: ClassVar[str] = "hyperband"
    optuna_name: ClassVar[str] = "HyperbandPruner"

    min_resource: Positive = 1
    """The step of the first halving of the most eager bracket."""
    max_resource: Positive | Literal["auto"] = "auto"
    """Steps of a trial that is never stopped; `auto`: those of the first complete trial."""
    reduction_factor: Annotated[int, Ge(2)] = 3
    """One in so many goes on, and so many times later is the next halving."""
    bootstrap_count: Count = 0
    """Trials that must have come to a halving before any passes it."""

    def __post_init__(self) -> None:
        _bootstrapped(self.name, self.bootstrap_count, "max_resource", self.max_resource)
        if self.max_resource != "auto" and self.max_resource < self.min_resource:
            raise DataError(
                f"pruner '{self.name}': max_resource {self.max_resource} is below min_resource {self.min_resource}",
                code="pruner-resources",
            )


@dataclass(frozen=True)
class ThresholdPruner(Pruner):
    """Stops a trial as soon as a report is outside of fixed bounds, or not a number."""

    name: ClassVar[str] = "threshold"
    optuna_name: ClassVar[str] = "ThresholdPruner"

    lower: float | None = None
    """The least report that may go on."""
    upper: float | None = None
    """The greatest report that may go on."""
    n_warmup_steps: Count = 0
    """Steps of each trial that are not judged."""
    interval_steps: Positive = 1
    """Steps from one judgement to the next, after the warm-up."""

    def __post_init__(self) -> None:
        if self.lower is None and self.upper is None:
            raise DataError(
                f"pruner '{self.name}' has no bounds", hint="give lower, upper or both", code="pruner-bounds"
            )
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise DataError(
                f"pruner '{self.name}': lower {self.lower:g} is above upper {self.upper:g}", code="pruner-bounds"
            )


@dataclass(frozen=True)
class WilcoxonPruner(Pruner):
    """Stops a trial that a signed-rank test holds to be worse than the best one, step by step.

    It is made for steps in any order that are alike, such as the folds of `sweep.folds`, not for epochs. Wilcoxon,
    Individual Comparisons by Ranking Methods, Biometrics Bulletin 1, 1945.
    """

    name: ClassVar[str] = "wilcoxon"
    optuna_name: ClassVar[str] = "WilcoxonPruner"
    libraries: ClassVar[tuple[str, ...]] = ("scipy",)

    p_threshold: Annotated[float, Ge(0), Le(1)] = 0.1
    """The p-value below which a trial is stopped: greater is more eager."""
    n_startup_steps: Count = 2
    """Steps before which none is stopped, at least two."""

    def notes(self, folds: int | None) -> list[str]:
        """Without folds its steps are no sample; n folds give p-values from 2^-n on, and so few decide nothing."""
        if folds is None:
            return ["pruner 'wilcoxon' compares folds (sweep.folds); steps of training are no independent trials"]
        least = 2.0 ** (1 - folds)  # of all folds but the last, after which there is nothing to stop
        if least >= self.p_threshold:
            return [f"pruner 'wilcoxon' never stops a trial of {folds} folds early: its p-values are {least:g} or more"]
        return []


PRUNERS = {
    pruner.name: pruner
    for pruner in (
        NoPruner, MedianPruner, PercentilePruner, SuccessiveHalvingPruner, HyperbandPruner, ThresholdPruner,
        WilcoxonPruner,
    )
}  # fmt: skip
"""Name in configs to class."""


def _bootstrapped(pruner: str, count: int, field: str, value: int | str) -> None:
    if count and value == "auto":
        raise DataError(
            f"pruner '{pruner}': bootstrap_count needs {field} as a number of steps, it is auto",
            code="pruner-bootstrap",
        )
