"""One parameter of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headway.errors import Place
from headway.sweeping import written

from headway_optuna.space.conditions import Condition
from headway_optuna.space.distributions import Choice, Distribution, from_json, to_json


@dataclass(frozen=True)
class Parameter:
    """One parameter of a search.

    Attributes:
        key: The config key, such as ``model.learning_rate``, or a config group, such as ``model``.
        distribution: What its values are drawn from.
        where: Where it was written.
        origin: The same in words, and what it replaces.
        when: The condition under which it is searched; None for always.
        is_group: Whether it chooses an option of a config group.
        adds: Whether the choice is made where the config makes none: ``+model=…``.
        notes: What should be known of it.
        is_fixed: Whether the command line sets it to its only value, which the trial's words need not say again.
    """

    key: str
    distribution: Distribution
    where: Place | None = None
    origin: str = ""
    when: Condition | None = None
    is_group: bool = False
    adds: bool = False
    notes: tuple[str, ...] = ()
    is_fixed: bool = False

    def fixed(self, value: Any, where: Place) -> Parameter:
        """The same with the one value that the command line sets."""
        note = "set on the command line, so that it is not searched"
        origin = f"{where.source}, replaces {self.origin}"
        return Parameter(
            self.key, Choice.of((value,)), where, origin, is_group=self.is_group, notes=(note,), is_fixed=True
        )

    def is_active(self, params: Mapping[str, Any]) -> bool:
        """Whether it is searched, given the values of the parameters before it; see `Condition.holds`."""
        return self.when is None or self.when.holds(params)

    def words(self, value: Any) -> tuple[str, ...]:
        """The overrides that set a value; a mapping replaces what is there, where one override alone would merge."""
        if self.is_fixed:
            return ()
        value = self.distribution.exact(value)
        word = f"{'+' if self.adds else ''}{self.key}={written(value)}"
        return (f"~{self.key}", word) if isinstance(value, dict) else (word,)

    def described(self) -> str:
        """What is searched and when, in one line."""
        return f"{self.distribution}{f'; when {self.when}' if self.when else ''}"

    def to_json(self) -> dict[str, Any]:
        """What it is, in JSON types; where it was written is left out."""
        found: dict[str, Any] = {"key": self.key, **to_json(self.distribution)}
        found |= {"when": str(self.when)} if self.when else {}
        return found | ({"adds": True} if self.adds else {})


def searched(told: Mapping[str, Any]) -> Parameter:
    """The parameter that `Parameter.to_json` told of, as samplers and tables need it: without place or condition."""
    return Parameter(told["key"], from_json(told), adds=bool(told.get("adds")))
