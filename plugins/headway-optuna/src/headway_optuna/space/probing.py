"""A few points that hold every choice and every end of a space, so that what cannot be composed is told up front."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headway.errors import ConfigError, HeadwayError, Place

from headway_optuna.space.distributions import Float, shown
from headway_optuna.space.parameters import Parameter
from headway_optuna.space.space import Space

COMBINATIONS = 64
"""Combinations of choices of options that are all composed; of more, each option with the first of the others."""
TRIED = 10_000
"""Combinations of values among which one is looked for that makes conditions hold."""
INTEGERS = "integers"
"""The code of floats where integers are wanted."""
Point = dict[str, Any]


def probes(space: Space) -> Iterator[tuple[Parameter, Point]]:
    """Points that between them hold every option, and both ends and the middle of every numeric distribution.

    Each comes with the parameter that it is there for; the others have middle values, conditions are respected.
    Parameters that no values make active have none.
    """
    for parameter in space.parameters:
        given = _activating(space, parameter)
        if given is not None:
            for value in parameter.distribution.probes():
                yield parameter, _point(space, {**given, parameter.key: value})
    groups = [parameter for parameter in space.parameters if parameter.is_group]
    combinations = math.prod(len(group.distribution.probes()) for group in groups)
    if len(groups) > 1 and combinations <= COMBINATIONS:
        for values in itertools.product(*(group.distribution.probes() for group in groups)):
            point = _point(space, dict(zip((group.key for group in groups), values, strict=True)))
            yield next(group for group in reversed(groups) if group.key in point), point


def _point(space: Space, given: Mapping[str, Any]) -> Point:
    """A point with some values given, as far as they are searched, and middle ones."""
    point: Point = {}
    for parameter in space.parameters:
        if parameter.is_active(point):
            point[parameter.key] = given.get(parameter.key, parameter.distribution.middle)
    return point


def _activating(space: Space, parameter: Parameter) -> Point | None:
    """Values of other parameters with which one is searched; None if there are none."""
    if parameter.key in _point(space, {}):
        return {}
    above = _above(space, parameter)
    values = itertools.product(*(list(_tried(each, [*above, parameter])) for each in above))
    for combination in itertools.islice(values, TRIED):
        given = dict(zip((each.key for each in above), combination, strict=True))
        if parameter.key in _point(space, given):
            return given
    return None


def _tried(parameter: Parameter, others: Sequence[Parameter]) -> Iterator[Any]:
    """Values among which the conditions of others change."""
    yield from parameter.distribution.probes()
    for each in others:
        if each.when and parameter.key in each.when.names:
            yield from each.when.samples(parameter.distribution)


def _above(space: Space, parameter: Parameter) -> list[Parameter]:
    """All parameters on which a parameter's being searched depends."""
    wanted = set(parameter.when.names if parameter.when else ())
    for each in reversed(space.parameters):
        if each.key in wanted and each.when:
            wanted |= {*each.when.names}
    return [each for each in space.parameters if each.key in wanted]


def check(space: Space, compose: Callable[[tuple[str, ...]], Any]) -> list[HeadwayError]:
    """Composes a few configs of the space, and tells what is wrong with them at the parameters' places.

    Args:
        space: What is searched.
        compose: Composes and checks a config of the base's words and these; raises a ConfigError.

    Returns:
        The faults, in the order of the parameters; none if every point can be composed.
    """
    return _Checker(space, compose).faults()


class _Checker:
    def __init__(self, space: Space, compose: Callable[[tuple[str, ...]], Any]) -> None:
        self._space = space
        self._compose = compose
        self._known = {parameter.key: parameter for parameter in space.parameters}
        self._told: dict[tuple[str, str], tuple[HeadwayError, Point]] = {}
        self._unknown: list[tuple[Point, set[str]]] = []

    def faults(self) -> list[HeadwayError]:
        """See `check`."""
        tried: set[str] = set()
        for parameter, point in probes(self._space):
            if repr(point) not in tried:
                tried.add(repr(point))
                self._probe(parameter, point)
        keys = list(self._known)
        told = sorted(self._told.items(), key=lambda item: keys.index(item[0][0]))
        made: dict[tuple[str, str | None], HeadwayError] = {}
        for (key, _), (fault, point) in told:
            new = self._fault(self._known[key], fault, point)
            made.setdefault((key, new.hint if new.code == INTEGERS else new.what), new)
        return list(made.values())

    def _probe(self, parameter: Parameter, point: Point) -> None:
        unknown: set[str] = set()
        for fault in self._faults(self._space.words(point)):
            key = self._blamed(fault, point) or parameter.key
            unknown |= {key} if fault.code == "unknown-key" else set()
            self._told.setdefault((key, fault.code if fault.code == "unknown-key" else fault.what), (fault, point))
        self._unknown.append((point, unknown))

    def _faults(self, words: tuple[str, ...]) -> Sequence[HeadwayError]:
        try:
            composed = self._compose(words)
        except ConfigError as error:
            return error.faults
        hidden = [word for word in words if word not in composed.words]
        return [_secret(word) for word in hidden]

    def _blamed(self, fault: HeadwayError, point: Point) -> str | None:
        """The parameter whose word a fault is about."""
        text = fault.where.text if fault.where and fault.where.line is None else None
        return next((key for key, value in point.items() if text in self._known[key].words(value)), None)

    def _fault(self, parameter: Parameter, fault: HeadwayError, point: Point) -> HeadwayError:
        """The same, at the parameter's place."""
        value = f" = {shown(point[parameter.key])} does not do" if parameter.key in point else ""
        elsewhere = fault.where.excerpt() if fault.where and fault.where.line is not None else []
        integers = self._integers(parameter, point)
        hint = self._condition(parameter, point) if fault.code == "unknown-key" else None
        return HeadwayError(
            f"{parameter.key}{value}: {fault.what}", where=parameter.where, hint=integers or hint or fault.hint,
            code=INTEGERS if integers else fault.code, note="\n".join([*elsewhere, *fault.note.splitlines()]),
        )  # fmt: skip

    def _integers(self, parameter: Parameter, point: Point) -> str | None:
        """Advice for floats where integers are wanted: a whole number will do, but not as a float."""
        found = parameter.distribution
        if not isinstance(found, Float) or parameter.key not in point:
            return None
        whole = round(point[parameter.key])
        if self._is_refused(parameter, point, whole) or not self._is_refused(parameter, point, float(whole)):
            return None
        low, high = math.ceil(found.low), math.floor(found.high)
        if found.step is not None or low >= high:
            return "its values must be integers"
        interval = f"int(interval({low}, {high}))"
        return f"its values must be integers: {f'tag(log, {interval})' if found.log else interval}"

    def _is_refused(self, parameter: Parameter, point: Point, value: float) -> bool:
        """Whether another value of a parameter is refused in a point."""
        word, own = f"{parameter.key}={value}", parameter.words(point[parameter.key])
        words = tuple(word if each in own else each for each in self._space.words(point))
        return any(fault.where and fault.where.text == word for fault in self._faults(words))

    def _condition(self, parameter: Parameter, point: Point) -> str | None:
        """Advice for a parameter that only some options of a searched group have."""
        group = self._known.get(parameter.key.partition(".")[0])
        if group is None or group is parameter or not group.is_group or group.key not in point:
            return None
        refused = {where[group.key] for where, keys in self._unknown if group.key in where and parameter.key in keys}
        fits = [option for option in group.distribution.probes() if option not in refused]
        if not fits or not refused:
            return None
        text = f"{group.key} == '{fits[0]}'" if len(fits) == 1 else f"{group.key} in {fits}"
        return f'search it only where it is known: sweep.when: {{{parameter.key}: "{text}"}}'


def _secret(word: str) -> HeadwayError:
    """A word that records must not hold."""
    hint = "give it by the environment, as one value for all trials: ${oc.env:NAME}"
    what = "it is a secret, and a study writes down what it searches"
    return HeadwayError(what, where=Place("command line", None, 1, word), hint=hint, code="secret")
