"""From what a text means to the distribution that a sampler draws from."""

from __future__ import annotations

import fnmatch
import itertools
import math
from collections.abc import Sequence

from headway.naming import unknown

from headway_optuna.space.distributions import Choice, Distribution, Float, Int, exact, label, number, shown, text
from headway_optuna.space.grammar import EXACT, Choices, Glob, Interval, Meaning, Misuse, Plain, Range

MOST = 1000
"""Values of a range that are listed if they are too many digits for a grid."""


def resolved(found: Meaning, options: Sequence[str] | None) -> tuple[Distribution, tuple[str, ...]]:
    """The distribution of a parameter, and what should be said of it.

    Args:
        found: What the parameter's text means.
        options: The options of the config group that the parameter chooses from; None if it is a value.

    Raises:
        Misuse: It is no distribution, or would be misread.
    """
    if isinstance(found, Plain):
        raise _single(found, is_group=options is not None)
    if options is not None:
        return _group(found, options), ()
    if isinstance(found, Choices):
        return _choice(found), ()
    if isinstance(found, Interval):
        return _interval(found)
    if isinstance(found, Range):
        return _range(found)
    hint = "glob() chooses among the options of a config group; write choice(a, b)"
    raise Misuse("glob() has nothing to match here: this is no config group", hint, found.node)


def _single(found: Plain, *, is_group: bool) -> Misuse:
    value = found.value
    what = f"{shown(value)} is one value, which leaves nothing to search"
    hint = f"write choice({shown(value)}, …) or interval(low, high)"
    if isinstance(value, list):
        inner = ", ".join(map(shown, value))
        what = f"{shown(value)} is one value, a list, which leaves nothing to search"
        hint = f"choice({inner}) searches the items, choice([{inner}], […]) whole lists"
    return Misuse(what, hint if not is_group else "write the names of options: a, b", found.node)


def _group(found: Meaning, options: Sequence[str]) -> Choice:
    if isinstance(found, Glob):
        names = [name for name in options if _matches(name, found.include) and not _matches(name, found.exclude)]
        if not names:
            raise Misuse("no option matches", f"there are: {', '.join(options)}", found.node)
        return Choice.of(tuple(names))
    if not isinstance(found, Choices):
        raise Misuse("the options of a config group are no numbers", "write their names: a, b", found.node)
    for item in found.items:
        if not isinstance(item.value, str):
            raise Misuse(f"{shown(item.value)} is no name of an option", f"there are: {', '.join(options)}", item.node)
        if item.value not in options:
            raise Misuse(unknown("option", item.value, options), None, item.node)
    return _choice(found)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _choice(found: Choices) -> Choice:
    for one, other in itertools.combinations(found.items, 2):
        if text(one.value) == text(other.value):
            raise Misuse(f"{shown(other.value)} is there twice", "leave one out", other.node)
        if label(one.value) == label(other.value):
            what = f"{text(one.value)} and {text(other.value)} cannot be told apart by samplers"
            raise Misuse(what, "leave one out", other.node)
    return Choice.of(tuple(item.value for item in found.items))


def _interval(found: Interval) -> tuple[Distribution, tuple[str, ...]]:
    low, high = found.low.value, found.high.value
    written = f"interval({number(low)}, {number(high)})"
    if low >= high:
        hint = f"write interval({number(high)}, {number(low)})" if low > high else "write the value itself, as no sweep"
        raise Misuse(f"there is nothing between {number(low)} and {number(high)}", hint, found.node)
    if found.log and low <= 0:
        hint = "begin above 0, such as 1e-6" if not found.is_int else "begin at 1"
        raise Misuse(f"a log scale has no {number(low)}", hint, found.low.node)
    if not found.is_int:
        whole = isinstance(low, int) and isinstance(high, int)
        note = f"floats, though the bounds are integers; int({written}) searches integers"
        return Float(float(low), float(high), found.log), (note,) if whole else ()
    for bound in (found.low, found.high):
        if abs(bound.value) > EXACT:
            raise Misuse(f"{bound.value} is beyond 2**53, where samplers lose integers", None, bound.node)
    return Int(low, high, found.log), ()


def _range(found: Range) -> tuple[Distribution, tuple[str, ...]]:
    start, stop, step = exact(found.start), exact(found.stop), exact(found.step)
    if not step:
        raise Misuse("a step of 0 never arrives", "leave it out for a step of 1", found.node)
    if (stop - start) * step <= 0:
        told = [number(each) for each in (found.start, found.stop, found.step)]
        turned = f"write range({told[0]}, {told[1]}, {number(-found.step)})"
        hint = turned if start != stop else "the stop is excluded: raise it"
        raise Misuse(f"from {told[0]} to {told[1]} by {told[2]} there is nothing", hint, found.node)
    count = math.ceil((stop - start) / step)
    low, high = sorted((start, start + (count - 1) * step))
    step = abs(step)
    excluded = (stop - start) % step == 0 and not found.is_short
    notes = (f"{number(found.stop)} is not among them: a range leaves its stop out",) if excluded else ()
    if found.is_int:
        return Int(int(low), int(high), step=int(step)), notes
    if all(exact(float(each)) == each for each in (low, high, step)):
        return Float(float(low), float(high), step=float(step)), notes
    if count > MOST:
        raise Misuse("the steps are finer than floats are", "write fewer digits", found.node)
    return Choice.of(tuple(float(low + index * step) for index in range(count))), notes
