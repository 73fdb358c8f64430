"""The texts that say what is searched, wherever they were written."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headway.errors import HeadwayError, Place
from headway.sweeping import Node, within

Placing = Callable[[tuple[str | int, ...]], Place | None]
"""Path within the node ``sweep`` → where it was written."""
Leaf = tuple[str, tuple[str, ...], Any]
"""A dotted key, its path, its value."""


@dataclass(frozen=True)
class Source:
    """One text in the sweep grammar.

    Attributes:
        key: The parameter.
        text: The text as it was written; for the command line the whole word.
        node: What it says; None if it cannot be read, which is a fault already.
        where: Where it was written.
        origin: The same in words.
        adds: Whether the command line says ``+``.
        notes: What should be known of it.
    """

    key: str
    text: str
    node: Node | None
    where: Place | None
    origin: str
    adds: bool = False
    notes: tuple[str, ...] = ()

    def place(self, start: int, end: int) -> Place | None:
        """Where a part of the text was written."""
        return within(self.where, self.text, start, end - start) if self.where else None


@dataclass
class Sources:
    """All texts, by parameter, in the order of definition, and what is wrong with them."""

    found: dict[str, Source] = field(default_factory=dict)
    faults: list[HeadwayError] = field(default_factory=list)

    def tell(self, what: str, hint: str | None, where: Place | None, code: str = "space") -> None:
        """Notes a fault."""
        self.faults.append(HeadwayError(what, where=where, hint=hint, code=code))


def flat(value: Any, path: tuple[str, ...] = (), *, stop: Container[str] = ()) -> Iterator[Leaf]:
    """Every value of nested mappings: its dotted key, its path, and itself; nested and dotted keys mean the same.

    Args:
        value: The mappings.
        path: Where they lie.
        stop: Keys whose values are mappings themselves.
    """
    if isinstance(value, Mapping) and (value or not path) and ".".join(path) not in stop:
        for key, item in value.items():
            yield from flat(item, (*path, str(key)), stop=stop)
    else:
        yield ".".join(path), path, value


def is_reserved(key: str) -> bool:
    """Whether a key is the sweep's own."""
    return key.partition(".")[0] == "sweep"
