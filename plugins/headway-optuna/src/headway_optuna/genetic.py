"""Genetic samplers: Optuna's NSGA-II and NSGA-III, with their options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge
from headway import DataError

from headway_optuna.samplers import Sampler, Share

if TYPE_CHECKING:
    from headway_optuna.space.space import Space

CROSSOVERS = {
    "uniform": "UniformCrossover",
    "blxalpha": "BLXAlphaCrossover",
    "sbx": "SBXCrossover",
    "spx": "SPXCrossover",
    "undx": "UNDXCrossover",
    "vsbx": "VSBXCrossover",
}
THREE_PARENTS = ("spx", "undx")


@dataclass(frozen=True)
class NSGA2(Sampler):
    """Elitist genetic search by non-dominated sorting and crowding distance.

    Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE Transactions on Evolutionary
    Computation 6, 2002.
    """

    name: ClassVar[str] = "nsga2"
    optuna_name: ClassVar[str] = "NSGAIISampler"

    population_size: Annotated[int, Ge(2)] = 50
    """Trials in a generation."""
    mutation: Literal["polynomial"] | None = None
    """How numbers mutate; null: they are drawn anew."""
    mutation_prob: Share | None = None
    """Probability that a parameter mutates; null: one in the number of parameters."""
    crossover: Literal["uniform", "blxalpha", "sbx", "spx", "undx", "vsbx"] | None = None
    """How numbers of parents are mixed; null: uniformly, as choices always are."""
    crossover_prob: Share = 0.9
    """Probability that a trial has several parents."""
    swapping_prob: Share = 0.5
    """Probability that the uniform crossover takes a parameter of the other parent."""

    def __post_init__(self) -> None:
        if self.crossover in THREE_PARENTS and self.population_size < 3:
            raise DataError(
                f"sampler '{self.name}': crossover {self.crossover} has three parents, the population two",
                hint="raise population_size",
                code="sampler-options",
            )

    def notes(self, space: Space, objectives: int = 1) -> list[str]:
        """Conditional parameters are not inherited."""
        conditional = [parameter for parameter in space.parameters if parameter.when is not None]
        return self._independent(conditional, "at random, for they are conditional")

    def _options(self) -> dict[str, Any]:
        from optuna.samplers import nsgaii

        mutation = nsgaii.PolynomialMutation() if self.mutation else None
        crossover = getattr(nsgaii, CROSSOVERS[self.crossover])() if self.crossover else None
        if self.crossover == "uniform":
            crossover = nsgaii.UniformCrossover(self.swapping_prob)
        return super()._options() | {"mutation": mutation, "crossover": crossover}


@dataclass(frozen=True)
class NSGA3(NSGA2):
    """NSGA-II with reference points in place of crowding, for three objectives and more.

    Deb and Jain, An Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based Nondominated
    Sorting Approach, IEEE Transactions on Evolutionary Computation 18, 2014.
    """

    name: ClassVar[str] = "nsga3"
    optuna_name: ClassVar[str] = "NSGAIIISampler"

    reference_points: tuple[tuple[float, ...], ...] | None = None
    """Points around which trials are kept, a number for each objective; null: evenly spread ones."""
    dividing_parameter: Annotated[int, Ge(1)] = 3
    """Divisions of each axis between evenly spread points."""

    def check(self, space: Space, objectives: int) -> None:
        """Reference points must also have a number for each objective."""
        super().check(space, objectives)
        for point in self.reference_points or ():
            if len(point) != objectives:
                raise DataError(
                    f"sampler '{self.name}': reference point {list(point)} is not of {objectives} numbers",
                    code="sampler-options",
                )

    def _options(self) -> dict[str, Any]:
        import numpy as np

        points = None if self.reference_points is None else np.array(self.reference_points)
        return super()._options() | {"reference_points": points}
