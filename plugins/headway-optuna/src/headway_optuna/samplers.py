"""What chooses the next point: Optuna's samplers, with their options."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from headway import DataError
from headway.errors import UsageError

from headway_optuna.libraries import demand

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from headway_optuna.space.parameters import Parameter
    from headway_optuna.space.space import Space

Count = Annotated[int, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
LARGEST_GRID = 1_000_000
"""Points of a grid, which Optuna keeps in memory."""


@dataclass(frozen=True)
class Sampler:
    """Chooses the parameters of each trial."""

    name: ClassVar[str] = ""
    optuna_name: ClassVar[str] = ""
    libraries: ClassVar[tuple[str, ...]] = ()
    most_objectives: ClassVar[float] = math.inf

    def check(self, space: Space, objectives: int) -> None:
        """Whether it can work.

        Raises:
            UsageError: It cannot search this space, or not for so many objectives.
            DataError: A library that it needs is not installed.
        """
        if objectives > self.most_objectives:
            raise UsageError(
                f"sampler '{self.name}' optimizes one objective, there are {objectives}",
                hint="choose sweep.sampler=tpe, nsga2, nsga3 or gaussian_process",
                code="sampler-objectives",
            )
        demand(f"sampler '{self.name}'", self.libraries)

    def notes(self, space: Space, objectives: int = 1) -> list[str]:
        """What it makes less of than one may think, a sentence each."""
        return []

    def build(self, seed: int, space: Space) -> BaseSampler:
        """Optuna's, seeded."""
        from optuna import samplers

        from headway_optuna.quiet import quiet

        with quiet():
            return getattr(samplers, self.optuna_name)(seed=seed, **self._options())

    def supply(self, space: Space) -> Iterable[Any] | None:
        """As many items as there are points to try; None if there is no end of them."""
        return None

    def uses_up(self, number: int, params: Mapping[str, Any], enqueued: bool) -> Hashable:
        """Which of those points a trial is; None if it is none of them."""
        return None

    def _options(self) -> dict[str, Any]:
        return asdict(self)

    def _independent(self, parameters: Sequence[Parameter], how: str) -> list[str]:
        names = ", ".join(parameter.key for parameter in parameters)
        return [f"sampler '{self.name}' draws {names} {how}"] if parameters else []


@dataclass(frozen=True)
class Random(Sampler):
    """Independent random points.

    Bergstra and Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012.
    """

    name: ClassVar[str] = "random"
    optuna_name: ClassVar[str] = "RandomSampler"


@dataclass(frozen=True)
class TPE(Sampler):
    """Tree-structured Parzen estimator: points that are likelier among good trials than among the others.

    Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011; Watanabe, Tree-Structured Parzen
    Estimator: Understanding Its Algorithm Components and Their Roles for Better Empirical Performance, 2023.
    """

    name: ClassVar[str] = "tpe"
    optuna_name: ClassVar[str] = "TPESampler"

    n_startup_trials: Count = 10
    """Trials at random before the first estimate."""
    n_ei_candidates: Annotated[int, Ge(1)] = 24
    """Points that are drawn to choose one of."""
    multivariate: bool | None = None
    """Estimate parameters jointly (Falkner et al., BOHB, ICML 2018); null: for one objective only."""
    group: bool = False
    """Estimate conditional parameters jointly too, those that occur together; needs multivariate: true."""
    constant_liar: bool = True
    """Take running trials for bad ones, so that workers do not try the same."""

    def __post_init__(self) -> None:
        if self.group and not self.multivariate:
            raise DataError(
                f"sampler '{self.name}': group needs joint estimates",
                hint="add sweep.sampler.tpe.multivariate=true",
                code="sampler-options",
            )

    def notes(self, space: Space, objectives: int = 1) -> list[str]:
        """Conditional parameters are not estimated jointly unless they are grouped."""
        joint = self.multivariate if self.multivariate is not None else objectives == 1
        if not joint or self.group:
            return []
        return self._independent(
            _conditional(space), "each by itself, for they are conditional; multivariate with group draws them jointly"
        )


@dataclass(frozen=True)
class GaussianProcess(Sampler):
    """Bayesian optimization: the point of most expected improvement under a Gaussian process.

    A Matern 5/2 kernel with a length scale for each parameter, log expected improvement (Ament et al., Unexpected
    Improvements to Expected Improvement for Bayesian Optimization, NeurIPS 2023).
    """

    name: ClassVar[str] = "gaussian_process"
    optuna_name: ClassVar[str] = "GPSampler"
    libraries: ClassVar[tuple[str, ...]] = ("torch", "scipy")

    n_startup_trials: Count = 10
    """Trials at random before the first fit."""
    deterministic_objective: bool = False
    """Whether the same parameters always give the same value."""

    def notes(self, space: Space, objectives: int = 1) -> list[str]:
        """Conditional parameters are left to chance."""
        return self._independent(_conditional(space), "at random, for they are conditional")

    def _options(self) -> dict[str, Any]:
        return asdict(self) | {"warn_independent_sampling": False}


@dataclass(frozen=True)
class CMAES(Sampler):
    """Covariance matrix adaptation evolution strategy, for numbers only.

    Hansen, The CMA Evolution Strategy: A Tutorial, 2016; with_margin: Hamano et al., CMA-ES with Margin, GECCO 2022;
    lr_adapt: Nomura et al., CMA-ES with Learning Rate Adaptation, GECCO 2023; use_separable_cma: Ros and Hansen, A
    Simple Modification in CMA-ES Achieving Linear Time and Space Complexity, PPSN 2008.
    """

    name: ClassVar[str] = "cma_es"
    optuna_name: ClassVar[str] = "CmaEsSampler"
    libraries: ClassVar[tuple[str, ...]] = ("cmaes",)
    most_objectives: ClassVar[float] = 1

    n_startup_trials: Count = 1
    """Trials at random before the first generation."""
    consider_pruned_trials: bool = False
    """Learn from pruned trials too; advised with Hyperband, not with the median."""
    popsize: Annotated[int, Ge(2)] | None = None
    """Trials in a generation; null: 4 + 3 ln(parameters)."""
    use_separable_cma: bool = False
    """Keep the covariance diagonal: faster for parameters that do not interact."""
    with_margin: bool = False
    """Keep whole numbers and steps from being stuck at one value."""
    lr_adapt: bool = False
    """Adapt the learning rate: for noisy objectives and those with many optima."""

    def __post_init__(self) -> None:
        if self.use_separable_cma + self.with_margin + self.lr_adapt > 1:
            raise DataError(
                f"sampler '{self.name}': use_separable_cma, with_margin and lr_adapt exclude each other",
                code="sampler-options",
            )

    def check(self, space: Space, objectives: int) -> None:
        """It also needs a number to work on."""
        super().check(space, objectives)
        if not self._numbers(space):
            raise UsageError(
                f"sampler '{self.name}' searches numbers, and no parameter is an unconditional one",
                hint="choose sweep.sampler=tpe",
                code="sampler-space",
            )

    def notes(self, space: Space, objectives: int = 1) -> list[str]:
        """Choices and conditional parameters are left to chance, constraints on metrics are not heard of."""
        others = [parameter for parameter in space.parameters if parameter not in self._numbers(space)]
        notes = self._independent(others, "at random, for it adapts to numbers that every trial has")
        if any(constraint.needs_metrics for constraint in space.constraints):
            notes.append(f"sampler '{self.name}' does not learn from constraints on metrics")
        return notes

    def _numbers(self, space: Space) -> list[Parameter]:
        from headway_optuna.space.distributions import Choice

        return [p for p in space.parameters if p.when is None and not isinstance(p.distribution, Choice)]

    def _options(self) -> dict[str, Any]:
        return asdict(self) | {"warn_independent_sampling": False}


@dataclass(frozen=True)
class QMC(Sampler):
    """Quasi-random points, which fill the space more evenly than random ones.

    Sobol' and Halton sequences, as Bergstra and Bengio (JMLR 13, 2012) advise.
    """

    name: ClassVar[str] = "qmc"
    optuna_name: ClassVar[str] = "QMCSampler"
    libraries: ClassVar[tuple[str, ...]] = ("scipy",)

    qmc_type: Literal["sobol", "halton"] = "sobol"
    """The sequence; Sobol' is most even after a power of two trials."""
    scramble: bool = False
    """Randomize the sequence by the seed; without it, only the first trial depends on the seed."""

    def notes(self, space: Space, objectives: int = 1) -> list[str]:
        """Conditional parameters are left to chance."""
        return self._independent(_conditional(space), "at random where the first trial has them not")

    def _options(self) -> dict[str, Any]:
        return asdict(self) | {"warn_independent_sampling": False}


@dataclass(frozen=True)
class Grid(Sampler):
    """Every combination of all values, once, in an order that the seed shuffles."""

    name: ClassVar[str] = "grid"
    optuna_name: ClassVar[str] = "GridSampler"

    def check(self, space: Space, objectives: int) -> None:
        """The space must also be finite, the grid not too large, and enqueued points whole."""
        super().check(space, objectives)
        _finite(self.name, space)
        if len(self.supply(space)) > LARGEST_GRID:
            raise UsageError(
                f"the grid has {len(self.supply(space)):,} points, more than {LARGEST_GRID:,}",
                hint="choose sweep.sampler=brute_force, which keeps no list of them, or random",
                code="sampler-space",
            )
        for point in space.enqueue:
            lacking = [parameter.key for parameter in space.parameters if parameter.key not in point]
            if lacking:
                raise UsageError(
                    f"sampler '{self.name}' completes no enqueued point: {lacking[0]} is left out of one",
                    hint="give every parameter of the points in sweep.enqueue",
                    code="sampler-enqueue",
                )

    def notes(self, space: Space, objectives: int = 1) -> list[str]:
        """Conditional parameters make trials that repeat each other."""
        names = ", ".join(parameter.key for parameter in _conditional(space))
        if not names:
            return []
        return [f"sampler 'grid' repeats trials in which {names} do not count; brute_force does not"]

    def build(self, seed: int, space: Space) -> BaseSampler:
        """Optuna's, seeded."""
        from headway_optuna.exhaustive import GridSampler

        return GridSampler({p.key: _labels(p) for p in space.parameters}, seed)

    def supply(self, space: Space) -> range:
        """Every combination, also of parameters that do not count."""
        return range(math.prod(parameter.distribution.size for parameter in space.parameters))

    def uses_up(self, number: int, params: Mapping[str, Any], enqueued: bool) -> Hashable:
        """Each trial is another, but enqueued ones are beside the grid."""
        return None if enqueued else number


@dataclass(frozen=True)
class BruteForce(Sampler):
    """Every point of a space with conditions, once, in random order."""

    name: ClassVar[str] = "brute_force"
    optuna_name: ClassVar[str] = "BruteForceSampler"

    avoid_premature_stop: bool = False
    """Draw points that are running again rather than miss one should they fail to be told."""

    def check(self, space: Space, objectives: int) -> None:
        """The space must also be finite."""
        super().check(space, objectives)
        _finite(self.name, space)

    def build(self, seed: int, space: Space) -> BaseSampler:
        """Optuna's, seeded."""
        from headway_optuna.exhaustive import BruteForceSampler
        from headway_optuna.quiet import quiet

        with quiet():
            return BruteForceSampler(seed, **self._options())

    def supply(self, space: Space) -> Iterable[Any]:
        """Every point."""
        from headway_optuna.values import points

        return points(space.parameters)

    def uses_up(self, number: int, params: Mapping[str, Any], enqueued: bool) -> Hashable:
        """The one with these parameters."""
        return json.dumps(params, sort_keys=True)


def _labels(parameter: Parameter) -> list[Any]:
    from headway_optuna.values import internal

    return [internal(parameter.distribution, value) for value in parameter.distribution.values()]


def _conditional(space: Space) -> list[Parameter]:
    return [parameter for parameter in space.parameters if parameter.when is not None]


def _finite(sampler: str, space: Space) -> None:
    for parameter in space.parameters:
        if parameter.distribution.size is None:
            low, high = parameter.distribution.low, parameter.distribution.high
            some = f"range({low:g}, {high:g}, {(high - low) / 4:g})"
            if parameter.distribution.log:
                some = f"choice({low:g}, {math.sqrt(low * high):g}, {high:g})"
            raise UsageError(
                f"sampler '{sampler}' tries every value, and {parameter.key} has no end of them",
                where=parameter.where,
                hint=f"write steps, such as {parameter.key}={some}",
                code="sampler-space",
            )
