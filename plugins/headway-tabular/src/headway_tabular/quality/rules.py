"""What the columns of a table must hold, as a config says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from annotated_types import Ge
from headway.contracts import Category


@dataclass(frozen=True)
class Rule:
    """What the values of one column must be, and what becomes of those that are not.

    Rules are held in training and on rows to be scored alike; there, error and drop refuse the rows.
    """

    missing: bool | None = None
    """false: every row must have a value."""
    min: int | float | str | None = None
    """The least value: a number, or an ISO date or time for a timestamp."""
    max: int | float | str | None = None
    """The greatest value; a date is its first moment."""
    tolerance: Annotated[float, Ge(0)] = 0.0
    """How far beyond min and max values may lie, as a fraction of max - min."""
    categories: tuple[Category, ...] | None = None
    """All values that there may be."""
    pattern: str | None = None
    """A regular expression that the whole text must match."""
    unique: bool = False
    """No value may occur twice. A rule for the table, not for rows to be scored."""
    otherwise: Literal["error", "drop", "clip", "missing"] = "error"
    """What becomes of a value that breaks the rule: the table is refused, the row is left out, the value is moved to
    the nearer of min and max (missing ones, where they must not be, refuse the table then), or it counts as missing."""

    def __post_init__(self) -> None:
        # ValueErrors are told at the rule's own place: "data.rules.age is {…}, but should be …"
        _check_range(self)
        _check_values(self)
        _check_policy(self)


def _check_range(rule: Rule) -> None:
    ends = [_moment(end) if isinstance(end, str) else end for end in (rule.min, rule.max) if end is not None]
    if rule.tolerance and len(ends) < 2:
        raise ValueError("a rule with min and max, of whose distance tolerance is a fraction")
    if len({isinstance(end, datetime) for end in ends}) > 1:
        raise ValueError("a rule whose min and max are both numbers or both dates")
    if ends != sorted(ends):
        raise ValueError(f"a rule whose min ({rule.min}) is not above its max ({rule.max})")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"a rule whose ends are numbers or ISO dates such as 2013-12-31, not {text!r}") from None
    if moment.tzinfo is not None:
        raise ValueError(f"a rule whose dates have no time zone, unlike {text!r}; tables are read without")
    return moment


def _check_values(rule: Rule) -> None:
    if rule.categories is not None:
        if not rule.categories:
            raise ValueError("a rule with at least one category")
        if len({type(item) for item in rule.categories}) > 1:
            raise ValueError("a rule whose categories are all texts, all whole numbers or all booleans")
    if rule.pattern is not None:
        try:
            re.compile(rule.pattern)
        except re.error as error:
            raise ValueError(f"a rule whose pattern is a regular expression ({error})") from None
    kinds = [rule.min is not None or rule.max is not None, rule.categories is not None, rule.pattern is not None]
    if sum(kinds) > 1:
        raise ValueError("a rule with only one of a range (min, max), categories and pattern")


def _check_policy(rule: Rule) -> None:
    if rule.otherwise == "clip":
        if rule.min is None and rule.max is None:
            raise ValueError("a rule with min or max, because otherwise is clip")
        if rule.unique:
            raise ValueError("a rule without unique, because otherwise is clip")
    if rule.otherwise == "missing" and (rule.missing is False or rule.unique):
        raise ValueError("a rule without missing: false and unique, because otherwise is missing")
