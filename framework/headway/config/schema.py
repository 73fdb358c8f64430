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
from typing import Any, Literal

from headway.config.fixes import fix
from headway.config.hints import MISSING, Chosen, dataclasses_of, hints_of, inside, members, names_of, uses_of
from headway.config.origins import Key
from headway.config.tree import leaves
from headway.config.walking import NOTHING, Choice, Nested, at_path, choices, marked, nested
from headway.contracts.adapters import adapter_of
from headway.errors import HeadwayError
from headway.fields import Grammar
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
        inner: The path of the choice that `what` speaks of; empty if it speaks of the node.
        text: The value, if a part of it is wrong.
        span: Where that part begins, from 0, and its length.
    """

    path: Key
    what: str
    hint: str | None = None
    code: str = "value"
    of_key: bool = False
    inner: Key = ()
    text: str = ""
    span: tuple[int, int] | None = None

    def within(self, at: Key) -> Problem:
        """The same, of a choice whose fields lie at a path."""
        return dataclasses.replace(self, path=(*at, *self.path), inner=(*at, *self.inner)) if at else self


def problems(cls: type, values: Mapping[str, Any], chosen: Chosen = NOTHING) -> list[Problem]:
    """Everything wrong with the values of a dataclass, and of what they choose; see `build` once there is nothing."""
    picked = list(choices(cls, values))
    given = [*_missing(values), *_infinite(values)]
    found = [*_unknown_keys(cls, values), *(p for p in given if not any(_is_below(p.path, c.at) for c in picked))]
    found += [problem for choice in picked for problem in _misfits(choice, chosen)]
    taken = {problem.path for problem in found}
    types = [p for p in _types(cls, values) if not any(p.path[: len(t)] == t for t in taken)]
    found += [*types, *_misspelt(cls, values)]
    for choice in picked:
        inner = chosen.get((choice.kind, choice.name or ""))
        if inner is not None and isinstance(choice.given, Mapping | None):
            found += [problem.within(choice.inside) for problem in problems(inner, choice.fields, chosen)]
    return found


def _is_below(path: Key, at: Key) -> bool:
    return len(path) > len(at) and path[: len(at)] == at


def build(cls: type, values: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The validated instance, and its field values in JSON types."""
    adapter = adapter_of(cls)
    instance = adapter.validate_json(json.dumps(values), strict=True)
    return instance, adapter.dump_python(instance, mode="json")


def built(cls: type, values: Mapping[str, Any], chosen: Chosen) -> tuple[Any, dict[str, Any], dict[Key, Any]]:
    """What `build` gives, the choices among the values written in one way, and the path of each to its instance."""
    instance, dumped = build(cls, values)
    parts: dict[Key, Any] = {}
    for choice in list(choices(cls, dumped)):
        inner, fields, below = built(chosen[choice.kind, choice.name or ""], choice.fields, chosen)
        at_path(dumped, choice.at[:-1])[choice.at[-1]] = {choice.name: fields} if fields else choice.name
        parts |= {choice.inside: inner} | {(*choice.inside, *at): part for at, part in below.items()}
    return instance, dumped, parts


def _unknown_keys(cls: type, values: Mapping[str, Any]) -> Iterator[Problem]:
    for found in nested(cls, values):
        names = [field.name for option in found.classes for field in dataclasses.fields(option)]
        for key in found.values:
            if key not in names:
                what = unknown("key", str(key), names)
                hint = "headway config shows all keys and their defaults"
                yield Problem((*found.at, key), what, hint, "unknown-key", True)
        if found.values.keys() <= {*names} and not any(found.values.keys() <= names_of(cls) for cls in found.classes):
            what = f"{dotted(found.at)} has keys that do not go together: {', '.join(map(str, found.values))}"
            sets = [", ".join(field.name for field in dataclasses.fields(cls)) for cls in found.classes]
            hint = f"it takes {' or '.join(sets)}"
            yield Problem(found.at, what, hint, "wrong-type")


def _misfits(choice: Choice, chosen: Chosen) -> Iterator[Problem]:
    """What is wrong with a choice itself."""
    kind, written = choice.kind, isinstance(choice.value, str)
    if choice.name is None:
        named = f"{dotted(choice.at)} chooses {'several' if choice.value else 'nothing'}"
        hint = f"write one {kind}: its name, or its name with fields: {{NAME: {{field: value}}}}"
        yield Problem((*choice.at, *list(choice.value)[1:2]), named, hint, "choice", len(choice.value) > 1)
        return
    cls = chosen.get((kind, choice.name))
    if cls is None:
        names = [name for other, name in chosen if other == kind]
        at = choice.at if written else choice.inside
        yield Problem(at, unknown(kind, choice.name, names), None, "unknown-name", not written)
    elif not isinstance(choice.given, Mapping | None):
        what = f"{dotted(choice.inside)} is {_shown(choice.given)}, but should be the fields of '{choice.name}'"
        names = [field.name for field in dataclasses.fields(cls)]
        example = f"write {choice.name}: {{{names[0]}: …}}" if names else f"it has none: write {choice.name}"
        yield Problem(choice.inside, what, example, "wrong-type")


def _misspelt(cls: type, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Texts that are not of their field's grammar."""
    for path, marker, value in marked(cls, values, Grammar):
        for at, text in leaves(value, path):
            if isinstance(text, str) and text != MISSING:
                try:
                    marker.check(text)
                except HeadwayError as error:
                    where = error.where
                    span = (where.column - 1, where.width) if where and where.column else None
                    yield Problem(at, f"{dotted(at)} {error.what}", error.hint, error.code, text=text, span=span)


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
        told = [item["loc"] for item in error.errors(include_url=False) if item["type"] != "too_short"]
        meant = {found.at: {cls.__name__ for cls in found.classes} for found in nested(cls, values)}
        for item in error.errors(include_url=False):
            if item["type"] == "too_short" and any(_is_below(loc, item["loc"]) for loc in told):
                continue  # items that are wrong are not counted
            missing = item["type"] == "missing"
            path = _inside(values, item["loc"][: -1 if missing else None], meant)
            if path is None:
                continue
            if missing:
                yield _must_be_given((*path, str(item["loc"][-1])))
            else:
                wanted.setdefault(path, []).append(_message(item["msg"]))
        for path, messages in wanted.items():
            hints = [hint for hint in (fix(at_path(values, path), messages), _described(cls, path)) if hint]
            yield Problem(path, _what(path, messages, values), "; ".join(hints) or None, "wrong-type")
    except HeadwayError as error:  # a __post_init__: the class's own, or that of a dataclass in its fields
        yield _told_by(cls, values, error)
    except (TypeError, ValueError) as error:
        yield Problem((), str(error), None, "wrong-type")


def _told_by(cls: type, values: Mapping[str, Any], error: HeadwayError) -> Problem:
    """The fault of a `__post_init__`, at the innermost dataclass that has it by itself, or at a field it names."""
    at = max((found.at for found in nested(cls, values) if _raises(found, error.what)), key=len, default=())
    field = tuple(error.where.source.split(".")) if error.where else ()
    return Problem((*at, *field), error.what, error.hint, error.code, inner=at)


def _raises(found: Nested, what: str) -> bool:
    """Whether the mapping of one dataclass is refused so, without what is around it."""
    try:
        for option in found.classes:
            build(option, found.values)
    except HeadwayError as error:
        return error.what == what
    except (TypeError, ValueError):  # of another fault, or of a class that it does not stand for
        return False
    return False


def _inside(values: Any, location: tuple[Any, ...], meant: Mapping[Key, set[str]]) -> Key | None:
    """The part of pydantic's location that is in the values; the rest names branches of unions.

    Args:
        values: What was validated.
        location: Where pydantic found it wrong.
        meant: Path of each mapping that stands for a dataclass, to the names of the classes it may be.

    Returns:
        None if it is only wrong for a branch that a mapping is not meant for.
    """
    path: Key = ()
    for key in location:
        if (isinstance(values, Mapping) and key in values) or (isinstance(values, list) and isinstance(key, int)):
            values, path = values[key], (*path, key)
        elif path in meant and _is_branch(key) and key not in meant[path]:
            return None
    return path


def _is_branch(key: Any) -> bool:
    """Whether a part of pydantic's location names a branch of a union."""
    return isinstance(key, str) and (key[:1].isupper() or "[" in key or key in ("str", "int", "float", "bool"))


def _message(text: str) -> str:
    text = text.removeprefix("Input should be ").removeprefix("Value error, ")
    return re.sub(r"^a valid ((\w)\w*)", lambda m: f"{'an' if m[2] in 'aeiou' else 'a'} {m[1]}", text)


def _what(path: Key, messages: list[str], values: Any) -> str:
    """All that a value may be, in one sentence: the branches of a union are told together."""
    wanted = " or ".join(dict.fromkeys(messages))
    return f"{dotted(path)} is {_shown(at_path(values, path))}, but should be {wanted}" if path else wanted


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "…"


def dotted(path: Key) -> str:
    """A path as it is written: ``model.layers.0``."""
    return ".".join(map(str, path))


def _described(cls: type, path: Key) -> str | None:
    """The type and the documentation of the field that a path leads to."""
    found = holder(cls, path) if path else None
    if found is None:
        return None
    owner, name = found[0], str(found[1][0])
    doc = field_docs(owner).get(name, "")
    return f"{name}: {type_name(hints_of(owner)[name])}{f' — {doc}' if doc else ''}"


def holder(cls: type, path: Key, chosen: Chosen = NOTHING) -> tuple[type, Key] | None:
    """The dataclass that the last named field of a path belongs to, and the path from that field on.

    Returns:
        None if a dataclass on the way has no such field.
    """
    name, rest = str(path[0]), path[1:]
    if name not in names_of(cls):
        return None
    return _deeper(hints_of(cls)[name], rest, chosen, (cls, path))


def _deeper(hint: Any, rest: Key, chosen: Chosen, around: tuple[type, Key]) -> tuple[type, Key] | None:
    """The holder of what lies below a value of an annotation; `around` if that is no dataclass."""
    if not rest:
        return around
    held = held_by(hint, chosen, rest[0])
    if held:
        below = rest[1:] if uses_of(hint) is not None and not isinstance(rest[0], int) else rest
        return next(filter(None, (holder(cls, below, chosen) for cls in held)), None) if below else around
    for inner in [hint] if uses_of(hint) is not None else inside(hint, rest[0]):
        return _deeper(inner, rest[1:], chosen, around)
    return around


def held_at(hint: Any, rest: Key, chosen: Chosen) -> list[type]:
    """The dataclasses that a part of a value may be, none if it is no dataclass; `rest` is the part's path."""
    if not rest:
        return dataclasses_of(hint)
    if uses_of(hint) is not None and not isinstance(rest[0], int):
        return held_by(hint, chosen, rest[0]) if len(rest) == 1 else []
    inner = [hint] if uses_of(hint) is not None else inside(hint, rest[0])
    return [cls for part in inner for cls in held_at(part, rest[1:], chosen)]


def held_by(hint: Any, chosen: Chosen, name: str | int) -> list[type]:
    """The dataclasses that a value of an annotation may be, or the one that it chooses by a name."""
    kind = uses_of(hint)
    if kind is None:
        return dataclasses_of(hint)
    return [cls for cls in [chosen.get((kind, str(name)))] if cls is not None]


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
