"""A stage's dataclass as the schema of its node: types, unknown keys, missing values."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import math
import re
import textwrap
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, TypeVar

from headway.config.defaults import MISSING, hints_of, members, nested
from headway.config.fixes import fix
from headway.config.origins import Key
from headway.config.tree import leaves
from headway.errors import HeadwayError
from headway.naming import unknown

M = TypeVar("M")


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something wrong with a value.

    Attributes:
        path: The value's path inside the node.
        what: What is wrong with it.
        hint: How to mend it.
        code: The error's reference.
        of_key: Whether the key is wrong, not the value.
    """

    path: Key
    what: str
    hint: str | None = None
    code: str = "value"
    of_key: bool = False


def problems(cls: type, values: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with the values of a dataclass; see `build` once there is nothing."""
    found = [*_unknown_keys(cls, values), *_missing(values), *_infinite(values)]
    taken = {problem.path for problem in found}
    return found + [p for p in _types(cls, values) if not any(p.path[: len(t)] == t for t in taken)]


def build(cls: type, values: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The validated instance, and its field values in JSON types."""
    adapter = _adapter(cls)
    instance = adapter.validate_json(json.dumps(values), strict=True)
    return instance, adapter.dump_python(instance, mode="json")


@cache
def _adapter(cls: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


def nodes(hint: Any, values: Any, at: Key = ()) -> Iterator[tuple[list[Any], Mapping[str, Any], Key]]:
    """Every mapping that stands for a dataclass, however deep: the classes it may be, the mapping, its path."""
    options = list(members(hint))
    classes: list[Any] = [option for option in options if dataclasses.is_dataclass(option)]
    if isinstance(values, Mapping) and classes:
        yield classes, values, at
        for key, item in values.items():
            for cls in classes:
                if key in hints_of(cls):
                    yield from nodes(hints_of(cls)[key], item, (*at, key))
                    break
        return
    for option in options:
        arguments = [a for a in typing.get_args(option) if a is not Ellipsis]
        if arguments and typing.get_origin(option) is not Literal:
            for key, item in _children(values):
                inner = arguments[min(key, len(arguments) - 1)] if isinstance(key, int) else arguments[-1]
                yield from nodes(inner, item, (*at, key))


def _children(values: Any) -> list[tuple[str | int, Any]]:
    if isinstance(values, Mapping):
        return list(values.items())
    return list(enumerate(values)) if isinstance(values, list | tuple) else []


def marked(cls: type, values: Mapping[str, Any], marker: type[M]) -> Iterator[tuple[Key, M, Any]]:
    """The values of fields that carry a marker: path, marker, value."""
    for classes, mapping, at in nodes(cls, values):
        for key, value in mapping.items():
            hints = [hints_of(option)[key] for option in classes if key in hints_of(option)]
            for found in itertools.islice(itertools.chain(*(markers(hint, marker) for hint in hints)), 1):
                yield (*at, key), found, value


def markers(hint: Any, marker: type[M]) -> Iterator[M]:
    """The markers of a type anywhere in an annotation."""
    yield from (item for item in getattr(hint, "__metadata__", ()) if isinstance(item, marker))
    for argument in typing.get_args(hint):
        yield from markers(argument, marker)


def _unknown_keys(cls: type, values: Mapping[str, Any]) -> Iterator[Problem]:
    for classes, mapping, at in nodes(cls, values):
        names = [field.name for option in classes for field in dataclasses.fields(option)]
        for key in mapping:
            if key not in names:
                what = unknown("key", str(key), names)
                hint = "headway config shows all keys and their defaults"
                yield Problem((*at, key), what, hint, "unknown-key", True)


def _missing(values: Mapping[str, Any]) -> Iterator[Problem]:
    for path, value in leaves(values):
        if value == MISSING:
            yield _must_be_given(path)


def _must_be_given(path: Key) -> Problem:
    return Problem(path, f"'{dotted(path)}' must be given", "it has no default", "missing")


def _infinite(values: Mapping[str, Any]) -> Iterator[Problem]:
    for path, value in leaves(values):
        if isinstance(value, float) and not math.isfinite(value):
            yield Problem(path, f"{dotted(path)} is {value}, but should be a finite number", None, "wrong-type")


def _types(cls: type, values: Mapping[str, Any]) -> Iterator[Problem]:
    from pydantic import ValidationError

    try:
        build(cls, values)
    except ValidationError as error:
        wanted: dict[Key, list[str]] = {}
        for item in error.errors(include_url=False):
            path = _inside(values, item["loc"])
            if item["type"] == "missing":
                yield _must_be_given((*path, str(item["loc"][-1])))
            else:
                wanted.setdefault(path, []).append(_message(item["msg"]))
        for path, messages in wanted.items():
            hints = [hint for hint in (fix(_at(values, path), messages), _described(cls, path)) if hint]
            yield Problem(path, _what(path, messages, values), "; ".join(hints) or None, "wrong-type")
    except HeadwayError as error:  # a stage's own __post_init__
        yield Problem((), error.what, error.hint, error.code)
    except (TypeError, ValueError) as error:
        yield Problem((), str(error), None, "wrong-type")


def _inside(values: Any, location: tuple[Any, ...]) -> Key:
    """The part of pydantic's location that is in the values; the rest names branches of unions."""
    path: Key = ()
    for key in location:
        if (isinstance(values, Mapping) and key in values) or (isinstance(values, list) and isinstance(key, int)):
            values, path = values[key], (*path, key)
    return path


def _message(text: str) -> str:
    text = text.removeprefix("Input should be ").removeprefix("Value error, ")
    return re.sub(r"^a valid ((\w)\w*)", lambda m: f"{'an' if m[2] in 'aeiou' else 'a'} {m[1]}", text)


def _what(path: Key, messages: list[str], values: Any) -> str:
    """All that a value may be, in one sentence: the branches of a union are told together."""
    wanted = " or ".join(dict.fromkeys(messages))
    return f"{dotted(path)} is {_shown(_at(values, path))}, but should be {wanted}" if path else wanted


def _at(values: Any, path: Key) -> Any:
    for key in path:
        values = values[key]
    return values


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "…"


def dotted(path: Key) -> str:
    """A path as it is written: ``model.layers.0``."""
    return ".".join(map(str, path))


def _described(cls: type, path: Key) -> str | None:
    """The type and the documentation of the field that a path leads to."""
    names = path
    while len(names) > 1 and (inner := nested(cls, str(names[0]))) is not None:
        cls, names = inner, names[1:]
    name = str(names[0]) if names else ""
    if name not in hints_of(cls):
        return None
    doc = field_docs(cls).get(name, "")
    return f"{name}: {type_name(hints_of(cls)[name])}{f' — {doc}' if doc else ''}"


def type_name(hint: Any) -> str:
    """A type as its author wrote it, without markers."""
    options = list(members(hint))
    if len(options) > 1:
        return " | ".join(type_name(option) for option in options)
    option, arguments = options[0], typing.get_args(options[0])
    if typing.get_origin(option) is Literal:
        return " | ".join(map(repr, arguments))
    if option is type(None) or option is Ellipsis:
        return "None" if option is type(None) else "..."
    name = str(getattr(option, "__name__", option))
    return f"{name}[{', '.join(map(type_name, arguments))}]" if arguments else name


@cache
def field_docs(cls: type) -> dict[str, str]:
    """The string under each field of a dataclass and its bases."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if dataclasses.is_dataclass(base):
            docs |= _docs(base)
    return docs


def _docs(cls: type) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs = {}
    for field, text in itertools.pairwise(body):
        doc = text.value.value if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) else None
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(doc, str):
            docs[field.target.id] = " ".join(doc.split())
    return docs
