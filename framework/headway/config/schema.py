"""A stage's dataclass as the schema of its node: types, unknown keys, missing values."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import textwrap
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from headway.config.defaults import MISSING, nested
from headway.config.origins import Key
from headway.naming import unknown


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
    found = [*_unknown_keys(cls, values, ()), *_missing(values, ())]
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


def _unknown_keys(cls: type, values: Mapping[str, Any], at: Key) -> Iterator[Problem]:
    names = [field.name for field in dataclasses.fields(cls)]
    for key, value in values.items():
        if key not in names:
            what = unknown("key", str(key), names)
            yield Problem((*at, key), what, "headway config shows all keys and their defaults", "unknown-key", True)
        elif isinstance(value, Mapping) and (inner := nested(cls, key)):
            yield from _unknown_keys(inner, value, (*at, key))


def _missing(values: Any, at: Key) -> Iterator[Problem]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _missing(value, (*at, key))
        elif value == MISSING:
            yield Problem((*at, key), f"'{key}' must be given", "it has no default", "missing")


def _types(cls: type, values: Mapping[str, Any]) -> Iterator[Problem]:
    from pydantic import ValidationError

    try:
        build(cls, values)
    except ValidationError as error:
        seen: set[Key] = set()
        for item in error.errors(include_url=False):
            path = _inside(values, item["loc"])
            if path not in seen:
                seen.add(path)
                yield Problem(path, _what(path, item, values), _wanted(cls, path), "wrong-type")
    except (TypeError, ValueError) as error:
        yield Problem((), str(error), None, "wrong-type")


def _inside(values: Any, location: tuple[Any, ...]) -> Key:
    """The part of pydantic's location that is in the values; the rest names branches of unions."""
    path: Key = ()
    for key in location:
        if (isinstance(values, Mapping) and key in values) or (isinstance(values, list) and isinstance(key, int)):
            values, path = values[key], (*path, key)
    return path


def _what(path: Key, item: Mapping[str, Any], values: Any) -> str:
    value = values
    for key in path:
        value = value[key]
    message = str(item["msg"])
    text = message[0].lower() + message[1:]
    return f"{'.'.join(map(str, path))} is {value!r}, but {text.removeprefix('input ')}"


def _wanted(cls: type, path: Key) -> str | None:
    name = path[0] if path else None
    fields = {field.name: field for field in dataclasses.fields(cls)}
    if name not in fields:
        return None
    doc = field_docs(cls).get(str(name), "")
    return f"{name}: {_type_name(cls, str(name))}{f' — {doc}' if doc else ''}"


def _type_name(cls: type, name: str) -> str:
    hint = typing.get_type_hints(cls)[name]
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "").replace("collections.abc.", "")


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
