"""Selectors: a column's name, a pattern or ``kind:NAME``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from headway import DataError
from headway.errors import Place
from headway.naming import unknown

KIND = "kind:"
PATTERN = ("*", "?", "[")


@dataclass(frozen=True)
class Candidates:
    """What selectors choose from.

    Attributes:
        kinds: Column name to its kind; derived and crossed columns too.
        hidden: Column that is no candidate to why, such as ``is the target``.
        extra: Names of the derived and crossed ones.
    """

    kinds: Mapping[str, str]
    hidden: Mapping[str, str]
    extra: frozenset[str]

    def chosen(self, selector: str, at: str) -> list[str]:
        """The columns that a selector matches, in the order of the table.

        Args:
            selector: A name, a pattern or ``kind:NAME``; a column of exactly that name comes first.
            at: The config key that holds it.

        Raises:
            DataError: It matches nothing.
        """
        if selector in self.kinds:
            return [selector]
        if selector.startswith(KIND):
            return self._of_kind(selector.removeprefix(KIND), at)
        if not _is_pattern(selector):
            raise self._unknown(selector, at)
        found = [name for name in self.kinds if fnmatchcase(name, selector)]
        if not found:
            raise _nothing(at, f"no column has a name like '{selector}'", sorted(self.kinds))
        return found

    def require(self, name: str, at: str) -> None:
        """Raises `DataError` if a column is not there, or hidden by its role."""
        if name not in self.kinds:
            raise self._unknown(name, at)

    def rank(self, selector: str) -> int:
        """How specific a selector is: 2 for a name, 1 for a pattern, 0 for a kind."""
        if selector in self.kinds:
            return 2
        return 0 if selector.startswith(KIND) else 1

    def _of_kind(self, kind: str, at: str) -> list[str]:
        found = [name for name, own in self.kinds.items() if own == kind]
        if not found:
            raise _nothing(at, f"no column is of kind '{kind}'", sorted({f"{KIND}{k}" for k in self.kinds.values()}))
        return found

    def _unknown(self, name: str, at: str) -> DataError:
        if name in self.hidden:
            return fault(at, f"'{name}' {self.hidden[name]}, so it is never a feature", code="hidden-column")
        return fault(at, unknown("column", name, self.kinds), code="unknown-column")


def _is_pattern(selector: str) -> bool:
    return any(sign in selector for sign in PATTERN)


def _nothing(at: str, what: str, known: Iterable[str]) -> DataError:
    return fault(at, what, hint=f"there are: {', '.join(known) or 'none'}", code="no-match")


def fault(at: str, what: str, *, hint: str | None = None, code: str) -> DataError:
    """An error at a config key such as ``features.columns.age``."""
    return DataError(f"{at}: {what}", where=Place(at), hint=hint, code=code)
