"""All that a sweep searches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headway_optuna.space.constraints import Constraint
from headway_optuna.space.distributions import shown
from headway_optuna.space.parameters import Parameter

MOST = 100_000
"""Combinations of the values that conditions depend on, one by one."""


@dataclass(frozen=True)
class Space:
    """All that a sweep searches.

    Attributes:
        parameters: In the order of definition, but each behind those that its condition names.
        constraints: What must hold of a trial.
        enqueue: Points to try first: parameter to value.
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...] = ()
    enqueue: tuple[dict[str, Any], ...] = ()

    def words(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Overrides in Hydra's grammar that set just these values: choices of options first, inner keys last.

        Args:
            params: Parameter to value; those that are not searched are left out.
        """
        chosen = [parameter for parameter in self.parameters if parameter.key in params]
        chosen.sort(key=lambda parameter: (not parameter.is_group, parameter.key.count(".")))
        return tuple(word for parameter in chosen for word in parameter.words(params[parameter.key]))

    def described(self) -> dict[str, str]:
        """Parameter to what is searched and when, in words."""
        return {parameter.key: parameter.described() for parameter in self.parameters}

    def to_json(self) -> dict[str, Any]:
        """What is searched, in JSON types; equal spaces give equal values, wherever they were written."""
        return {
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "constraints": [str(constraint) for constraint in self.constraints],
            "enqueue": list(self.enqueue),
        }

    @property
    def size(self) -> int | None:
        """How many different points there are; None if they are not countable, or by far too many."""
        if any(parameter.distribution.size is None for parameter in self.parameters):
            return None
        asked = {name for parameter in self.parameters if parameter.when for name in parameter.when.names}
        tried = math.prod(each.distribution.size or 1 for each in self.parameters if each.key in asked)
        return self._points(0, {}, asked) if tried <= MOST else None

    def _points(self, index: int, params: dict[str, Any], asked: set[str]) -> int:
        """How many points there are from a parameter on; only those that conditions ask for are tried one by one."""
        if index == len(self.parameters):
            return 1
        parameter = self.parameters[index]
        if not parameter.is_active(params):
            return self._points(index + 1, params, asked)
        if parameter.key not in asked:
            return (parameter.distribution.size or 1) * self._points(index + 1, params, asked)
        values = parameter.distribution.values()
        return sum(self._points(index + 1, {**params, parameter.key: value}, asked) for value in values)

    def lines(self) -> Iterator[str]:
        """The whole space as people read it: a line a parameter with its origin, its notes under it."""
        described = self.described()
        first = max((len(key) for key in described), default=0)
        second = max((len(text) for text in described.values()), default=0)
        for parameter in self.parameters:
            yield f"{parameter.key:<{first}}  {described[parameter.key]:<{second}}  {parameter.origin}".rstrip()
            yield from (f"{'':<{first}}  note: {note}" for note in parameter.notes)
        yield from (f"constraint: {constraint}" for constraint in self.constraints)
        for point in self.enqueue:
            yield f"tried first: {', '.join(f'{key} = {shown(value)}' for key, value in point.items())}"
        if self.size is not None:
            yield f"{self.size} point{'' if self.size == 1 else 's'} in all"
