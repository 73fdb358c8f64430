"""The values of a distribution: as Optuna draws them, as configs hold them, and all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from headway_optuna.space.distributions import Choice, Distribution, Float, Int

if TYPE_CHECKING:
    import optuna

    from headway_optuna.space.parameters import Parameter


def as_optuna(distribution: Distribution) -> optuna.distributions.BaseDistribution:
    """The same for Optuna; the end of a range with a step is the last value that is drawn."""
    from optuna import distributions

    if isinstance(distribution, Choice):
        return distributions.CategoricalDistribution(distribution.labels)
    high = last(distribution)
    if isinstance(distribution, Int):
        return distributions.IntDistribution(distribution.low, high, log=distribution.log, step=distribution.step)
    return distributions.FloatDistribution(distribution.low, high, log=distribution.log, step=distribution.step)


def last(distribution: Float | Int) -> Any:
    """The greatest value that is drawn: steps need not meet the end of their range."""
    if not distribution.step:
        return distribution.high
    low, high, step = (Decimal(str(number)) for number in (distribution.low, distribution.high, distribution.step))
    return type(distribution.high)((high - low) // step * step + low)


def suggest(trial: optuna.Trial, key: str, distribution: Distribution) -> Any:
    """Draws the next value of a trial: the value for configs."""
    if isinstance(distribution, Choice):
        return option(distribution, trial.suggest_categorical(key, distribution.labels))
    high = last(distribution)
    if isinstance(distribution, Int):
        return trial.suggest_int(key, distribution.low, high, step=distribution.step, log=distribution.log)
    return trial.suggest_float(key, distribution.low, high, step=distribution.step, log=distribution.log)


def option(choice: Choice, label: Any) -> Any:
    """The value for configs of what Optuna chose."""
    return choice.options[choice.labels.index(label)]


def internal(distribution: Distribution, value: Any) -> Any:
    """What Optuna sees of a value for configs.

    Raises:
        ValueError: The distribution does not hold the value.
    """
    if isinstance(distribution, Choice):
        return distribution.labels[[text(known) for known in distribution.options].index(text(value))]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    if not distribution.low <= value <= distribution.high:
        raise ValueError(f"{value!r} is outside of {distribution.low!r} to {distribution.high!r}")
    steps = (value - distribution.low) / (distribution.step or math.inf)
    if abs(steps - round(steps)) > 1e-8:  # Optuna's tolerance: it multiplies steps in floating point
        raise ValueError(f"{value!r} is no step of {distribution.step!r} from {distribution.low!r}")
    return int(value) if isinstance(distribution, Int) else float(value)


def text(value: Any) -> str:
    """Its canonical JSON: equal for equal values only, so that 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


def is_finite(distribution: Distribution) -> bool:
    """Whether its values can be told one by one."""
    return not isinstance(distribution, Float) or distribution.step is not None


def every(distribution: Distribution) -> Sequence[Any]:
    """All values of a finite distribution, for configs, in their order."""
    if isinstance(distribution, Choice):
        return distribution.options
    if isinstance(distribution, Int):
        return range(distribution.low, distribution.high + 1, distribution.step)
    low, high, step = (Decimal(str(number)) for number in (distribution.low, distribution.high, distribution.step))
    return [float(low + number * step) for number in range(int((high - low) // step) + 1)]


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
    for value in every(first.distribution):
        yield from points(rest, {**chosen, first.key: value})
