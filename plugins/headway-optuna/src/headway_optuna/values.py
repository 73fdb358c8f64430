"""The values of a distribution: as Optuna draws them, and as configs hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headway_optuna.space.distributions import Choice, Distribution, Int, text

if TYPE_CHECKING:
    import optuna

    from headway_optuna.space.parameters import Parameter


def as_optuna(distribution: Distribution) -> optuna.distributions.BaseDistribution:
    """The same for Optuna."""
    from optuna import distributions

    if isinstance(distribution, Choice):
        return distributions.CategoricalDistribution(distribution.labels)
    kind = distributions.IntDistribution if isinstance(distribution, Int) else distributions.FloatDistribution
    return kind(distribution.low, distribution.high, log=distribution.log, step=distribution.step)


def suggest(trial: optuna.Trial, key: str, distribution: Distribution) -> Any:
    """Draws the next value of a trial, as configs hold it: 0.3 where Optuna's sum of steps is 0.30000000000000004."""
    if isinstance(distribution, Choice):
        return distribution.option(trial.suggest_categorical(key, distribution.labels))
    draw = trial.suggest_int if isinstance(distribution, Int) else trial.suggest_float
    return distribution.exact(
        draw(key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
    )


def internal(distribution: Distribution, value: Any) -> Any:
    """What Optuna sees of a value of configs; raises `ValueError` if it is none of the distribution's."""
    misfit = distribution.misfit(value)
    if misfit:
        raise ValueError(misfit)
    if isinstance(distribution, Choice):
        return distribution.labels[[text(known) for known in distribution.options].index(text(value))]
    return value


def points(parameters: Sequence[Parameter], chosen: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
    """All points of a finite space, one after another; parameters whose condition does not hold are left out."""
    chosen = chosen or {}
    if not parameters:
        yield chosen
        return
    first, rest = parameters[0], parameters[1:]
    if first.when is not None and not first.when.holds(chosen):
        yield from points(rest, chosen)
        return
    for value in first.distribution.values():
        yield from points(rest, {**chosen, first.key: value})
