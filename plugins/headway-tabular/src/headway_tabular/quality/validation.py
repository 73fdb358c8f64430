"""Rules held against rows: own polars expressions, counted in one streaming pass (docs/decisions/0011)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl
from headway import DataError
from headway.contracts import ROW
from headway.contracts.steps.limits import EXAMPLES, Bound, Limits, Violation, firsts, kept, present
from headway.contracts.steps.limits import violations as violations_of
from headway.errors import Place
from headway.naming import unknown

from headway_tabular.quality.rules import Rule

INT64 = (-(2**63), 2**63 - 1)
SHOWN = 20
"""How many violations an error lists."""


@dataclass(frozen=True)
class Enforced:
    """Rows that keep their rules.

    Attributes:
        frame: The rows, clipped, with values made missing, and without those left out.
        violations: What was found, and handled as the rules say.
        steps: For the recipe, so that rows to be scored are held to the same.
    """

    frame: pl.LazyFrame
    violations: tuple[Violation, ...]
    steps: tuple[Limits, ...]


def enforce(frame: pl.LazyFrame, rules: Mapping[str, Rule], row: str = ROW) -> Enforced:
    """Holds rows to their rules.

    Args:
        frame: Typed rows.
        rules: Column to rule.
        row: The column of row ids.

    Raises:
        DataError: A rule does not fit its column, or rules whose policy is error are broken: all are named, with
            counts and example rows.
    """
    steps = limits_of(rules, frame.collect_schema())
    found = violations(frame, rules, row)
    fatal = [violation for violation in found if violation.otherwise == "error"]
    if fatal:
        raise _broken(fatal)
    if found:
        frame = applied(kept(frame, steps), rules)
    return Enforced(frame, tuple(found), steps)


def violations(frame: pl.LazyFrame, rules: Mapping[str, Rule], row: str = ROW) -> list[Violation]:
    """Everything that breaks a rule.

    One streaming pass counts for all rules, with memory that does not grow with the rows; only where there is
    something, a further one a rule looks for examples. Each `unique` takes a pass of its own, and memory for the
    values of its column.

    Args:
        frame: Typed rows.
        rules: Column to rule.
        row: The column of row ids, which count from 0; where there is none, rows are counted.

    Raises:
        DataError: A rule names no column, or does not fit its column.
    """
    steps = limits_of(rules, frame.collect_schema())
    found = [*violations_of(frame, steps, row), *_repeated(frame, rules, steps, row)]
    order = list(rules)
    return sorted(found, key=lambda violation: order.index(violation.column))


def applied(frame: pl.LazyFrame, rules: Mapping[str, Rule]) -> pl.LazyFrame:
    """The frame with values clipped or missing, where that is the policy."""
    for step in limits_of(rules, frame.collect_schema()):
        frame = step.apply(frame)
    return frame


def limits_of(rules: Mapping[str, Rule], schema: pl.Schema) -> tuple[Limits, ...]:
    """The rules as steps of a recipe, bound to the types of their columns: tolerances are added, the ends of whole
    numbers are whole.

    Raises:
        DataError: A rule names no column, or does not fit its column.
    """
    for name in rules:
        if name not in schema:
            raise DataError(
                f"data.rules: {unknown('column', name, [each for each in schema if each != ROW])}",
                where=Place(f"data.rules.{name}"),
                code="unknown-column",
            )
    steps = [step for name, rule in rules.items() for step in _bound(name, rule, schema[name])]
    return tuple(step for step in steps if step != Limits(step.column, step.otherwise))


def _bound(name: str, rule: Rule, dtype: pl.DataType) -> list[Limits]:
    if rule.pattern is not None:
        _check_pattern(name, rule.pattern)
    problem = _misfit(rule, dtype)
    if problem:
        raise DataError(
            f"data.rules.{name}: {problem}, but the column is {dtype}",
            where=Place(f"data.rules.{name}"),
            hint="give the column its kind in data.kinds, or mend the rule",
            code="rule-type",
        )
    low, high = _ends(rule)
    if dtype.is_integer():
        low, high = (_whole(low, math.ceil), _whole(high, math.floor))
    required, is_clipped = rule.missing is False, rule.otherwise == "clip"
    is_unique = rule.unique and rule.otherwise == "drop"
    step = Limits(
        name, rule.otherwise, low, high, rule.categories, rule.pattern, required and not is_clipped, is_unique
    )
    return [step, Limits(name, "error", required=True)] if required and is_clipped else [step]


def _misfit(rule: Rule, dtype: pl.DataType) -> str | None:
    """What the rule asks for, if the column's type cannot give it."""
    sample = next((end for end in (rule.min, rule.max) if end is not None), None)
    if isinstance(sample, str) and not (dtype.is_temporal() and dtype != pl.Time and dtype != pl.Duration):
        return "min and max are dates"
    if isinstance(sample, int | float) and not dtype.is_numeric():
        return "min and max are numbers"
    if rule.pattern is not None:
        return None if dtype == pl.String else "pattern is for texts"
    category = rule.categories[0] if rule.categories else None
    if isinstance(category, bool):
        return None if dtype == pl.Boolean else "the categories are booleans"
    if isinstance(category, int):
        return None if dtype.is_numeric() else "the categories are numbers"
    if isinstance(category, str):
        return None if dtype in (pl.String, pl.Categorical, pl.Enum) else "the categories are texts"
    return None


def _check_pattern(name: str, pattern: str) -> None:
    """Rust's regular expressions know no look-around and no references back."""
    try:
        pl.Series([""]).str.contains(rf"\A(?:{pattern})\z")
    except pl.exceptions.ComputeError:
        at = f"data.rules.{name}.pattern"
        what = f"{at} uses what Rust's regular expressions do not know, such as look-around"
        raise DataError(what, where=Place(at), hint="say it without", code="rule-type") from None


def _ends(rule: Rule) -> tuple[Bound | None, Bound | None]:
    if not rule.tolerance or rule.min is None or rule.max is None:
        return rule.min, rule.max
    if isinstance(rule.min, str) or isinstance(rule.max, str):
        low, high = datetime.fromisoformat(str(rule.min)), datetime.fromisoformat(str(rule.max))
        return _moved(low, low - high, rule.tolerance), _moved(high, high - low, rule.tolerance)
    slack = (rule.max - rule.min) * rule.tolerance
    ends = (rule.min - slack, rule.max + slack)
    return ends if all(map(math.isfinite, ends)) else (rule.min, rule.max)


def _moved(end: datetime, by: timedelta, share: float) -> str:
    """An end moved by a share of a span, but not beyond the dates that there are: 9999-12-31 stands for never."""
    try:
        return (end + by * share).isoformat()
    except OverflowError:
        return (datetime.max if by > timedelta(0) else datetime.min).isoformat()


def _whole(end: Bound | None, rounded: Callable[[float], int]) -> Bound | None:
    if end is None or isinstance(end, str):
        return end
    return max(INT64[0], min(INT64[1], rounded(end)))


def _repeated(frame: pl.LazyFrame, rules: Mapping[str, Rule], steps: Sequence[Limits], row: str) -> Iterator[Violation]:
    """Values that occur more than once in the rows that other rules do not leave out."""
    frame = frame if row in frame.collect_schema() else frame.with_row_index(row)
    frame = kept(frame, [replace(step, unique=False) for step in steps])
    unique = [name for name, rule in rules.items() if rule.unique]
    for name in sorted(unique, key=lambda name: rules[name].otherwise != "drop"):  # what stays is what is refused
        yield from _repeats(frame, name, rules[name], row)
        frame = firsts(frame, name) if rules[name].otherwise == "drop" else frame


def _repeats(frame: pl.LazyFrame, name: str, rule: Rule, row: str) -> list[Violation]:
    """Values that occur more than once; every occurrence after the first counts."""
    value = present(name, frame.collect_schema()[name])
    groups = frame.select(row, value).drop_nulls(name).group_by(name).agg(pl.len().alias("n"), pl.col(row).max())
    twice = groups.filter(pl.col("n") > 1).collect(engine="streaming")
    if not twice.height:
        return []
    first = twice.sort(row).head(EXAMPLES)
    examples = tuple(zip(first[row].cast(pl.Int64) + 1, first[name], strict=True))
    return [Violation(name, "unique", int((twice["n"] - 1).sum()), examples, "that occurred before", rule.otherwise)]


def _broken(fatal: Sequence[Violation]) -> DataError:
    lines = [str(violation) for violation in fatal[:SHOWN]]
    if len(fatal) > SHOWN:
        lines.append(f"and {len(fatal) - SHOWN} more")
    column, rule = fatal[0].column, fatal[0].rule
    ways = {"min": "drop, clip or missing", "max": "drop, clip or missing", "missing": "drop", "unique": "drop"}.get(
        rule, "drop or missing"
    )
    return DataError(
        "rules of data.rules are broken\n  " + "\n  ".join(lines),
        hint=f"mend the data or the rule, or say what becomes of such values: data.rules.{column}.otherwise={ways}",
        code="rules",
    )
