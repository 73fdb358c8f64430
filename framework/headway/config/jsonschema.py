"""The JSON Schema of a composed config: a node's stage is its schema."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from headway.config.checking import Top
from headway.config.defaults import TRACKERS, choosable, defaults_of
from headway.config.hints import MISSING, dataclasses_of, hints_of, members
from headway.config.schema import field_docs
from headway.config.walking import marked, markers
from headway.fields import Grammar, Registered, SecretMarker, SeedMarker, SourceMarker, Uncached, Uses
from headway.stage import Stage, signature_of

if TYPE_CHECKING:
    from headway.config.model import Config
    from headway.plugins import Plugins, Registry

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MARKERS: Mapping[type, str] = {
    SecretMarker: "secret",
    Uncached: "uncached",
    SourceMarker: "source-path",
    SeedMarker: "seed",
    Registered: "registered",
    Uses: "uses",
    Grammar: "grammar",
}
"""What is written under ``x-headway`` for the markers of a field."""


def json_schema(config: Config, plugins: Plugins) -> dict[str, Any]:
    """The schema of the composed config: its top-level keys, a node a stage that was chosen, and the nodes of plugins.

    Args:
        config: A composed config, which may have faults.
        plugins: Where its stages are registered.
    """
    from headway.config.nodes import Nodes

    definitions: dict[str, Any] = {}
    top = _described(Top, plugins.registry, definitions)
    for at, cls, node in Nodes(config, plugins).classes():
        if at[0] == TRACKERS:
            trackers = top["properties"][TRACKERS]
            trackers.setdefault("properties", {})[at[1]] = _described(cls, plugins.registry, definitions)
        elif not issubclass(cls, Stage):
            top["properties"][at[0]] = _described(cls, plugins.registry, definitions)
        elif len(at) == 1:
            kind = config.kinds.get(str(at[0]), str(at[0]))
            top["properties"][at[0]] = _stage(cls, kind, str(node["use"]), plugins.registry, definitions)
    return {"$schema": DRAFT, "title": str(config.tree.root.get("name", "")), **top, "$defs": definitions}


def _stage(cls: type, kind: str, use: str, registry: Registry, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _described(cls, registry, definitions)
    inputs = {p.name: {"description": f"{p.type.__name__} ({p.fan_in})"} for p in signature_of(cls).parameters}
    schema["properties"] |= {
        "use": {"enum": registry.names(kind), "description": f"Set by the choice {kind}={use}."},
        "inputs": {
            "type": "object",
            "properties": inputs,
            "additionalProperties": False,
            "description": "Stages to take the inputs from, by parameter.",
        },
    }
    return schema


def _described(cls: type, registry: Registry, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a dataclass with documentation, defaults and markers; nested ones go to `definitions`."""
    from pydantic import TypeAdapter

    for name, inner in _choosable(cls, registry):
        if name not in definitions:
            definitions[name] = {}  # choices may hold choices of the same kind
            definitions[name] = _described(inner, registry, definitions)
    schema = copy.deepcopy(TypeAdapter(cls).json_schema(ref_template="#/$defs/{model}"))
    nested = {inner.__name__: inner for inner in _nested(cls)}
    for name, definition in schema.pop("$defs", {}).items():
        if name in nested:
            _document(nested[name], definition, registry)
        definitions[name] = definition
    _document(cls, schema, registry)
    return schema


def _document(cls: type, schema: dict[str, Any], registry: Registry) -> None:
    docs, defaults = field_docs(cls), public_defaults(cls)
    schema["additionalProperties"] = False
    if cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}("):
        schema["description"] = " ".join(cls.__doc__.split("\n\n")[0].split())
    for name, field in schema.get("properties", {}).items():
        found = list(_marks(hints_of(cls)[name]))
        field.pop("default", None)
        if name in docs:
            field["description"] = docs[name]
        if defaults.get(name, MISSING) != MISSING:
            field["default"] = defaults[name]
        if found:
            field["x-headway"] = [MARKERS[type(marker)] for marker in found]
        for marker in found:
            _mark(field, marker, registry)


def _marks(hint: Any) -> Iterator[Any]:
    for kind in MARKERS:
        yield from markers(hint, kind)


def _mark(field: dict[str, Any], marker: Any, registry: Registry) -> None:
    if isinstance(marker, SecretMarker):
        field["writeOnly"] = True
    if isinstance(marker, Registered):
        texts = [field, field.get("items"), field.get("additionalProperties"), *field.get("anyOf", [])]
        for text in texts:
            if isinstance(text, dict) and text.get("type") == "string":
                text["enum"] = [*marker.also, *registry.names(marker.kind)]
    if isinstance(marker, Uses):
        _replace(field, _choice(marker.kind, registry))


def _choosable(cls: type, registry: Registry) -> Iterator[tuple[str, type]]:
    """The definitions of all that the fields of a dataclass may choose: name, class."""
    hints = [hint for owner in (cls, *_nested(cls)) for hint in hints_of(owner).values()]
    kinds = {marker.kind for hint in hints for marker in markers(hint, Uses)}
    yield from ((f"{kind}.{name}", found) for (kind, name), found in choosable(registry).items() if kind in kinds)


def _choice(kind: str, registry: Registry) -> dict[str, Any]:
    """The schema of a value that chooses something of a kind: a name, or one name with fields."""
    known = {name: cls for (other, name), cls in choosable(registry).items() if other == kind}
    bare = [name for name, cls in known.items() if MISSING not in defaults_of(cls).values()]
    fields = {
        name: {"$ref": f"#/$defs/{kind}.{name}"}
        if name not in bare
        else {"anyOf": [{"$ref": f"#/$defs/{kind}.{name}"}, {"type": "null"}]}
        for name in known
    }
    one: dict[str, Any] = {"type": "object", "properties": fields, "additionalProperties": False}
    return {"oneOf": [{"enum": sorted(bare)}, one | {"minProperties": 1, "maxProperties": 1}]}


def _replace(schema: Any, choice: Mapping[str, Any]) -> None:
    """Puts a choice in the place of every ``str | Mapping`` of a schema."""
    options = schema.get("anyOf", []) if isinstance(schema, dict) else []
    types = [option.get("type") for option in options]
    if "string" in types and "object" in types:
        rest = [option for option in options if option.get("type") not in ("string", "object")]
        del schema["anyOf"]
        schema |= {"oneOf": [*choice["oneOf"], *rest]}
        return
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _replace(part, choice)


def public_defaults(cls: type) -> dict[str, Any]:
    """The defaults of a dataclass in JSON types, without those of secrets, however deep."""
    defaults = defaults_of(cls)
    for path, _, _ in list(marked(cls, defaults, SecretMarker)):
        node: Any = defaults
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]
    return defaults


def _nested(cls: type) -> Iterator[type]:
    """Every dataclass in the fields of a dataclass, however deep."""
    for hint in hints_of(cls).values():
        for found in _dataclasses(hint):
            yield found
            yield from _nested(found)


def _dataclasses(hint: Any) -> Iterator[type]:
    yield from dataclasses_of(hint)
    for option in members(hint):
        for argument in get_args(option):
            yield from _dataclasses(argument)
