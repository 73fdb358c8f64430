"""The JSON Schema of a composed config: a node's stage is its schema."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from headway.config.checking import Top
from headway.config.defaults import MISSING, TRACKERS, defaults_of, hints_of, members
from headway.config.schema import field_docs, marked, markers
from headway.fields import Registered, SecretMarker, SeedMarker, SourceMarker, Uncached
from headway.stage import signature_of

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
}
"""What is written under ``x-headway`` for the markers of a field."""


def json_schema(config: Config, plugins: Plugins) -> dict[str, Any]:
    """The schema of the composed config: its top-level keys, and a node a stage that was chosen.

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
        texts = [field, field.get("items"), field.get("additionalProperties")]
        for text in texts:
            if isinstance(text, dict) and text.get("type") == "string":
                text["enum"] = registry.names(marker.kind)


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
    for option in members(hint):
        if isinstance(option, type) and dataclasses.is_dataclass(option):
            yield option
        else:
            for argument in get_args(option):
                yield from _dataclasses(argument)
