"""What annotations say: the members of unions, what lies in lists and mappings, and which fields choose by name."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from headway.fields import Uses

MISSING = "???"
"""Hydra's word for a value that has to be given."""
Chosen = Mapping[tuple[str, str], type]
"""(registry kind, name) → the dataclass that a value may choose."""


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """The annotations of a class, markers included."""
    found: dict[str, Any] = typing.get_type_hints(cls, include_extras=True)
    return found


def members(hint: Any) -> Iterator[Any]:
    """The members of a union, markers taken off; anything else is its only member."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        yield from members(typing.get_args(hint)[0])
    elif origin in (typing.Union, types.UnionType):
        for option in typing.get_args(hint):
            yield from members(option)
    else:
        yield hint


@dataclasses.dataclass(frozen=True)
class _Facts:
    """What is found out about an annotation once; `hint` keeps it alive, so that its id stays its own."""

    hint: Any
    uses: str | None
    classes: list[type]
    holds: bool


_FACTS: dict[int, _Facts] = {}


def _facts(hint: Any) -> _Facts:
    found = _FACTS.get(id(hint))
    if found is None:
        options = list(members(hint))
        uses = _uses(hint)
        classes = [option for option in options if isinstance(option, type) and dataclasses.is_dataclass(option)]
        parts = [part for o in options if typing.get_origin(o) is not typing.Literal for part in typing.get_args(o)]
        holds = uses is not None or bool(classes) or any(_facts(part).holds for part in parts)
        found = _FACTS[id(hint)] = _Facts(hint, uses, classes, holds)
    return found


def dataclasses_of(hint: Any) -> list[type]:
    """The dataclasses that a value may be itself."""
    return _facts(hint).classes


def uses_of(hint: Any) -> str | None:
    """The registry kind of what a value chooses, if it chooses something."""
    return _facts(hint).uses


def holds(hint: Any) -> bool:
    """Whether a dataclass or a choice may lie in a value."""
    return _facts(hint).holds


def _uses(hint: Any) -> str | None:
    kinds = (marker.kind for marker in getattr(hint, "__metadata__", ()) if isinstance(marker, Uses))
    if typing.get_origin(hint) in (typing.Annotated, typing.Union, types.UnionType):
        within = (_uses(part) for part in typing.get_args(hint))
        return next(kinds, None) or next((kind for kind in within if kind is not None), None)
    return None


def children(hint: Any, value: Any) -> Iterator[tuple[str | int, Any, Any]]:
    """What lies in a list, or in a mapping that is no dataclass: key, annotation, value."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    for key, item in items:
        for inner in inside(hint, key):
            yield key, inner, item


def inside(hint: Any, key: str | int) -> list[Any]:
    """What an annotation says of a value's part: at most one annotation a member of a union."""
    found = []
    for option in members(hint):
        arguments = [argument for argument in typing.get_args(option) if argument is not Ellipsis]
        origin = typing.get_origin(option)
        if not arguments or not isinstance(origin, type):
            continue
        if issubclass(origin, Mapping):
            found.append(arguments[-1])
        elif isinstance(key, int) and issubclass(origin, Collection):
            found.append(arguments[min(key, len(arguments) - 1)])
    return found


def candidates(classes: list[type], values: Mapping[str, Any]) -> list[type]:
    """Those of several dataclasses that have the keys of a mapping, and its literals; all of them if none has."""
    if len(classes) == 1:
        return classes
    known = [cls for cls in classes if values.keys() <= names_of(cls)]
    exact = [cls for cls in known if all(_is_possible(hints_of(cls)[key], item) for key, item in values.items())]
    return exact or known or classes


def names_of(cls: Any) -> set[str]:
    """The names of a dataclass's fields."""
    return {field.name for field in dataclasses.fields(cls)}


def _is_possible(hint: Any, value: Any) -> bool:
    """Whether a value is one of the literals of its annotation, if that has nothing but literals."""
    options = list(members(hint))
    if not all(typing.get_origin(option) is typing.Literal for option in options):
        return True
    return any(value == text for option in options for text in typing.get_args(option))
