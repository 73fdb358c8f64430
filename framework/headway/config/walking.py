"""What lies in the values of a dataclass: further dataclasses, marked fields, and choices of registered ones."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from headway.config.hints import MISSING, Chosen, candidates, children, dataclasses_of, hints_of, holds, uses_of
from headway.config.origins import Key

M = TypeVar("M")
NOTHING: Chosen = {}


@dataclass(frozen=True)
class Nested:
    """A mapping that stands for a dataclass.

    Attributes:
        at: Its path.
        classes: The classes it may be.
        values: The mapping.
    """

    at: Key
    classes: list[type]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A value that chooses something registered: a name, or one name with fields.

    Attributes:
        at: Its path.
        kind: The registry kind.
        value: As it was written.
    """

    at: Key
    kind: str
    value: str | Mapping[str, Any]

    @property
    def name(self) -> str | None:
        """What it chooses; None if it is no single name."""
        if isinstance(self.value, str):
            return self.value
        return str(next(iter(self.value))) if len(self.value) == 1 else None

    @property
    def given(self) -> Any:
        """What is written behind the name, mostly its fields."""
        return None if isinstance(self.value, str) else next(iter(self.value.values()), None)

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields that are set; none if they are no mapping."""
        return self.given if isinstance(self.given, Mapping) else {}

    @property
    def inside(self) -> Key:
        """The path of its fields."""
        return (*self.at, self.name or "")


def visit(hint: Any, values: Any, at: Key = ()) -> Iterator[Nested | Choice]:
    """Every nested dataclass and every choice, however deep, but not what lies in choices."""
    if not holds(hint):
        return
    kind = uses_of(hint)
    if kind is not None:
        yield from _choices(kind, values, at)
        return
    classes = dataclasses_of(hint)
    if isinstance(values, Mapping) and classes:
        fitting = candidates(classes, values)
        yield Nested(at, fitting, values)
        inner = _holding(*fitting)
        for key, item in values.items():
            if key in inner:
                yield from visit(inner[key], item, (*at, key))
        return
    for key, inner, item in children(hint, values):
        yield from visit(inner, item, (*at, key))


@cache
def _holding(*classes: type) -> dict[str, Any]:
    """The fields of dataclasses in whose values there may be further ones, or choices, with their annotations."""
    hints = {key: hint for cls in reversed(classes) for key, hint in hints_of(cls).items()}
    return {key: hint for key, hint in hints.items() if holds(hint)}


def _choices(kind: str, value: Any, at: Key) -> Iterator[Choice]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _choices(kind, item, (*at, index))
    elif isinstance(value, str | Mapping) and value != MISSING:
        yield Choice(at, kind, value)


def nested(cls: type, values: Mapping[str, Any]) -> Iterator[Nested]:
    """The dataclass's own mapping, and every mapping that stands for a dataclass in it, but not in choices."""
    return (found for found in visit(cls, values) if isinstance(found, Nested))


def choices(cls: type, values: Mapping[str, Any]) -> Iterator[Choice]:
    """Every choice in the values of a dataclass, but not those in other choices."""
    return (found for found in visit(cls, values) if isinstance(found, Choice))


def spread(cls: type, values: Mapping[str, Any], chosen: Chosen) -> Iterator[tuple[Key, type, Mapping[str, Any]]]:
    """A dataclass, and what its values choose, however deep: path, class, values. Unknown names are passed over."""
    yield (), cls, values
    for choice in choices(cls, values):
        found = chosen.get((choice.kind, choice.name or ""))
        if found is not None:
            for at, inner, held in spread(found, choice.fields, chosen):
                yield (*choice.inside, *at), inner, held


def marked(
    cls: type, values: Mapping[str, Any], marker: type[M], chosen: Chosen = NOTHING
) -> Iterator[tuple[Key, M, Any]]:
    """The values of fields that carry a marker: path, marker, value.

    Args:
        cls: A dataclass.
        values: Its field values in JSON types.
        marker: The class of the marker.
        chosen: What values may choose; the fields of choices of anything else are passed over.
    """
    kind: Any = marker
    for before, owner, held in spread(cls, values, chosen):
        for found in nested(owner, held):
            marks = _marks(kind, *found.classes)
            for key, value in found.values.items() if marks else ():
                if key in marks:
                    yield (*before, *found.at, key), marks[key], value


@cache
def _marks(marker: Any, *classes: type) -> dict[str, Any]:
    """The fields of dataclasses that carry a marker, with the first one."""
    found = [(key, mark) for cls in classes for key, hint in hints_of(cls).items() for mark in markers(hint, marker)]
    return dict(reversed(found))


def markers(hint: Any, marker: type[M]) -> Iterator[M]:
    """The markers of a type anywhere in an annotation."""
    yield from (item for item in getattr(hint, "__metadata__", ()) if isinstance(item, marker))
    for argument in typing.get_args(hint):
        yield from markers(argument, marker)


def at_path(values: Any, path: Key) -> Any:
    """The value at a path that exists."""
    for key in path:
        values = values[key]
    return values
