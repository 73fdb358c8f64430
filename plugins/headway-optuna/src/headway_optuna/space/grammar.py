"""What a text in the sweep grammar means: Hydra's words, with what would be misread refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from headway.naming import unknown
from headway.sweeping import Call, Node, Several, Value

EXACT = 2**53
"""Beyond, floats leave integers out."""
SWEEPS = ("choice", "glob", "interval", "range", "shuffle", "sort", "tag")
CASTS = ("bool", "float", "int", "str")
ELSEWHERE = {
    "uniform": "interval(low, high)",
    "loguniform": "tag(log, interval(low, high))",
    "log_uniform": "tag(log, interval(low, high))",
    "quniform": "range(start, stop, step)",
    "randint": "int(interval(low, high))",
    "lograndint": "tag(log, int(interval(low, high)))",
    "categorical": "choice(a, b)",
    "choices": "choice(a, b)",
    "grid_search": "choice(a, b)",
}
"""What other libraries call the same."""


class Misuse(Exception):  # noqa: N818 - becomes a fault
    """What is wrong with a part of a text, from `start` to `end`, and how to mend it."""

    def __init__(self, what: str, hint: str | None, node: Node, code: str = "space") -> None:
        super().__init__(what)
        self.what, self.hint, self.code = what, hint, code
        self.start, self.end = node.start, node.end


@dataclass(frozen=True)
class Plain:
    """One value."""

    value: Any
    node: Node


@dataclass(frozen=True)
class Choices:
    """Some values, each with its node."""

    items: tuple[Plain, ...]
    node: Node


@dataclass(frozen=True)
class Interval:
    """All numbers between two, both included: floats, however the bounds are written, unless `int()` is around it."""

    low: Plain
    high: Plain
    node: Node
    is_int: bool = False
    log: bool = False


@dataclass(frozen=True)
class Range:
    """Numbers from one on in equal steps, the stop excluded; short if only the stop is written."""

    start: float
    stop: float
    step: float
    node: Node
    is_int: bool
    is_short: bool = False


@dataclass(frozen=True)
class Glob:
    """The options of a group whose names match."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    node: Node


Meaning = Plain | Choices | Interval | Range | Glob


def is_sweep(node: Node | None) -> bool:
    """Whether a value asks for several: values between commas, or any function that is no cast of one value."""
    if isinstance(node, Call):
        inner = (*node.positional, *node.named.values())
        return node.name not in CASTS or len(node.positional) > 1 or any(is_sweep(each) for each in inner)
    return isinstance(node, Several)


def meaning(node: Node) -> Meaning:
    """What a text means.

    Raises:
        Misuse: It means nothing, or would be misread.
    """
    if isinstance(node, Several):
        return Choices(tuple(_item(each) for each in node.items), node)
    if isinstance(node, Value):
        return Plain(plain(node), node)
    if node.name in CASTS:
        return _cast(node)
    if node.name not in _FUNCTIONS:
        hint = ELSEWHERE.get(node.name.lower())
        raise Misuse(unknown("function", node.name, (*SWEEPS, *CASTS)), hint and f"write {hint}", node)
    return _FUNCTIONS[node.name](node)


def plain(node: Node) -> Any:
    """The value of a node, in JSON types; casts within are done."""
    if isinstance(node, Call):
        found = meaning(node)
        if not isinstance(found, Plain):
            raise Misuse("a sweep cannot lie within a value", "write whole values: choice([1, 2], [1, 3])", node)
        return found.value
    if isinstance(node, Several):
        raise Misuse("a sweep cannot lie within a value", None, node)
    value = node.value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise Misuse(f"{value} is no finite number", None, node)
    return value


def _item(node: Node) -> Plain:
    found = meaning(node)
    if isinstance(found, Plain):
        return found
    hint = "write all values in one choice" if isinstance(found, Choices) else "a parameter is one sweep"
    raise Misuse("a choice is of values, and this is a sweep of its own", hint, node)


def _choice(call: Call) -> Choices:
    if not call.positional or call.named:
        raise Misuse("choice() takes values", "write choice(a, b)", call)
    if len(call.positional) == 1 and isinstance(call.positional[0], Call):
        found = meaning(call.positional[0])
        if isinstance(found, Choices) and call.positional[0].name in CASTS:  # choice(int(1, 2))
            return replace(found, node=call)
    return Choices(tuple(_item(each) for each in call.positional), call)


def _interval(call: Call) -> Interval:
    given = _arguments(call, ("start", "end"), 2)
    low, high = (_number(node) for node in (given["start"], given["end"]))
    return Interval(low, high, call)


def _range(call: Call) -> Range:
    given = _arguments(call, ("start", "stop", "step"), 1)
    numbers = {name: _number(node).value for name, node in given.items()}
    is_short = "stop" not in numbers
    if is_short:  # range(5) is range(0, 5)
        numbers = {**numbers, "start": 0, "stop": numbers["start"]}
    start, stop, step = (numbers.get(name, 1) for name in ("start", "stop", "step"))
    return Range(start, stop, step, call, all(isinstance(each, int) for each in numbers.values()), is_short)


def _glob(call: Call) -> Glob:
    given = _arguments(call, ("include", "exclude"), 1)
    include, exclude = (_patterns(given[name]) if name in given else () for name in ("include", "exclude"))
    return Glob(include, exclude, call)


def _patterns(node: Node) -> tuple[str, ...]:
    value = plain(node)
    patterns = value if isinstance(value, list) else [value]
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise Misuse("a pattern is text, such as *net", None, node)
    return tuple(patterns)


def _tag(call: Call) -> Meaning:
    *tags, inner = (*call.positional, *call.named.values()) or (call,)
    if inner is call or not set(call.named) <= {"sweep"}:
        raise Misuse("tag() takes tags and a sweep", "write tag(log, interval(1e-4, 1e-2))", call)
    for tag in tags:
        if not isinstance(tag, Value) or tag.value != "log":
            name = str(tag.value) if isinstance(tag, Value) else tag.name if isinstance(tag, Call) else ""
            raise Misuse(unknown("tag", name, ["log"]), "write tag(log, interval(low, high))", tag)
    found = meaning(inner)
    if isinstance(found, Interval):
        return replace(found, log=found.log or bool(tags))
    if isinstance(found, Plain):
        raise Misuse("tag() takes a sweep, and this is one value", "write tag(log, interval(1e-4, 1e-2))", inner)
    if tags:
        raise _unscaled(found, call)
    return found


def _unscaled(found: Meaning, call: Call) -> Misuse:
    """A logarithmic scale of what has none."""
    if not isinstance(found, Range):
        return Misuse("options have no scale, so that log means nothing", "leave tag() out", call)
    low, high = sorted((found.start, found.stop))
    inner = f"interval({low!r}, {high!r})"
    hint = f"write tag(log, {f'int({inner})' if found.is_int else inner}), or choice() with the values"
    return Misuse("a range has equal steps, which a log scale has not", hint, call)


def _disordered(call: Call) -> Meaning:
    inner = (*call.positional, *call.named.values())
    advice = "write the values alone: choice(a, b)" if len(inner) != 1 else "write what is in its brackets alone"
    what = f"{call.name}() gives values an order, of which a sampler knows nothing: it chooses the next one itself"
    raise Misuse(what, advice, call)


def _arguments(call: Call, names: tuple[str, ...], needed: int) -> dict[str, Node]:
    """The arguments of a call by their names."""
    given = dict(zip(names, call.positional, strict=False))
    wrong = [name for name in call.named if name not in names or name in given]
    given |= call.named
    if len(call.positional) > len(names) or wrong or any(name not in given for name in names[:needed]):
        optional = "".join(f"[, {name}]" for name in names[needed:])
        form = f"{call.name}({', '.join(names[:needed])}{optional})"
        count = len(call.positional) + len(call.named)
        what = f"{call.name}() has no argument {wrong[0]}" if wrong and wrong[0] not in names else None
        what = what or f"{call.name}() cannot be given {count} argument{'' if count == 1 else 's'} like that"
        raise Misuse(what, f"write {form}", call)
    return given


def _number(node: Node) -> Plain:
    value = plain(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        said = "text in quotes" if isinstance(value, str) else "no number"
        raise Misuse(f"a bound must be a number, and this is {said}", None, node)
    if isinstance(value, int) and abs(value) > EXACT:
        raise Misuse(f"{value} is beyond 2**53, where samplers lose integers", "choice() takes any value", node)
    return Plain(value, node)


def _cast(call: Call) -> Meaning:
    inner = (*call.positional, *call.named.values())
    if not inner or not set(call.named) <= {"value"} or (call.named and call.positional):
        raise Misuse(f"{call.name}() takes a value or a sweep", None, call)
    if len(inner) > 1:
        return Choices(tuple(_casted(call, _item(each)) for each in inner), call)
    found = meaning(inner[0])
    if isinstance(found, Plain):
        return replace(_casted(call, found), node=call)
    if isinstance(found, Choices):
        return replace(found, items=tuple(_casted(call, item) for item in found.items))
    if isinstance(found, Glob) or call.name not in ("int", "float"):
        raise Misuse(f"{call.name}() of this means nothing", "leave it out", call)
    if isinstance(found, Range):
        parts = (found.start, found.stop, found.step)
        start, stop, step = (_converted(call, part, found.node) for part in parts)
        return Range(start, stop, step, found.node, call.name == "int", found.is_short)
    if call.name == "float":
        return replace(found, low=_casted(call, found.low), high=_casted(call, found.high), is_int=False)
    return replace(found, low=_casted(call, found.low), high=_casted(call, found.high), is_int=True)


def _casted(call: Call, item: Plain) -> Plain:
    return Plain(_converted(call, item.value, item.node), item.node)


def _converted(call: Call, value: Any, node: Node) -> Any:
    """What a cast makes of a value, as in Hydra's grammar, but for what it would cut off."""
    if isinstance(value, list):
        return [_converted(call, each, node) for each in value]
    if isinstance(value, dict):
        return {key: _converted(call, each, node) for key, each in value.items()}
    try:
        made = _CASTS[call.name](value)
    except (TypeError, ValueError, OverflowError, KeyError):
        raise Misuse(f"{value!r} cannot be made {_ARTICLE[call.name]}", None, node) from None
    if call.name == "int" and isinstance(value, float) and made != value:
        raise Misuse(f"int() would cut {value!r} to {made}", "write whole numbers, or leave int() out", node)
    if isinstance(made, float) and not math.isfinite(made):
        raise Misuse(f"{made} is no finite number", None, node)
    return made


def _text(value: Any) -> str:
    if value is None:
        raise TypeError
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bool(value: Any) -> bool:
    if value is None:
        raise TypeError
    return {"true": True, "false": False}[value.lower()] if isinstance(value, str) else bool(value)


_CASTS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": _text, "bool": _bool}
_ARTICLE = {"int": "an integer", "float": "a float", "str": "text", "bool": "true or false"}
_FUNCTIONS: dict[str, Callable[[Call], Meaning]] = {
    "choice": _choice,
    "glob": _glob,
    "interval": _interval,
    "range": _range,
    "shuffle": _disordered,
    "sort": _disordered,
    "tag": _tag,
}
