"""The defaults of stages, as plain values beneath what a config says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headway.config.hints import MISSING, Chosen, candidates, children, dataclasses_of, hints_of, holds, uses_of
from headway.config.model import Runner
from headway.config.walking import NOTHING, Choice
from headway.fields import SeedMarker
from headway.plugins.registry import NODE

if TYPE_CHECKING:
    from headway.config.tree import Tree
    from headway.plugins import Registry

TRACKERS = "trackers"
"""The top-level key that holds a node for each tracker, by its registered name."""
RESERVED = ("use", "inputs")
"""Keys of a stage's node that are no fields."""
SEED = "${seed}"


def choosable(registry: Registry) -> dict[tuple[str, str], type]:
    """(kind, name) → every dataclass that is registered, for fields that choose one."""
    entries = ((entry.kind, entry.name, entry.target) for entry in registry if not entry.is_stage)
    return {(kind, name): cls for kind, name, cls in entries if isinstance(cls, type) and dataclasses.is_dataclass(cls)}


def add_defaults(tree: Tree, kinds: Mapping[str, str], registry: Registry) -> None:
    """Fills in what the config leaves out, so that interpolations may refer to it."""
    chosen = choosable(registry)
    if isinstance(tree.root.get("runner"), dict):
        fill(tree.root["runner"], Runner, chosen)
    trackers = tree.root.get(TRACKERS)
    for name, node in trackers.items() if isinstance(trackers, dict) else ():
        if isinstance(node, dict) and name in registry.names("tracker"):
            fill(node, registry.get("tracker", name), chosen)
    for name in registry.names(NODE):
        if isinstance(tree.root.get(name), dict):
            fill(tree.root[name], registry.get(NODE, name), chosen)
    refines: dict[str, str] = {}
    for name, node in tree.root.items():
        if isinstance(node, dict) and isinstance(node.get("use"), str):
            kind = kinds.get(name, name)
            if node["use"] in registry.names(kind):
                cls = registry.get(kind, node["use"])
                fill(node, cls, chosen)
                refines[name] = getattr(cls, "refines", "")
    for name in kinds:
        if refines.get(name):
            _place(tree, name, refines)


def add_nodes(tree: Tree, registry: Registry) -> frozenset[str]:
    """Puts in the nodes of plugins that the config says nothing about, with nothing in them; gives their names."""
    unsaid = frozenset(registry.names(NODE)) - tree.root.keys()
    tree.root.update({name: {} for name in sorted(unsaid)})
    return unsaid


def _place(tree: Tree, name: str, refines: Mapping[str, str]) -> None:
    """Puts a chosen stage that is not in the pipeline behind the stage that it refines, and behind what else does.

    Args:
        tree: Changed in place.
        name: The stage.
        refines: Stage name to the stage that it refines.
    """
    pipeline, origin, refined = tree.root.get("pipeline"), tree.origin((name, "use")), refines[name]
    if not isinstance(pipeline, list) or refined not in pipeline or name in pipeline or origin is None:
        return
    index = max(i for i, each in enumerate(pipeline, 1) if refined in (each, refines.get(str(each))))
    tree.set([*pipeline[:index], name, *pipeline[index:]], ("pipeline",), origin)


def fill(node: dict[str, Any], cls: type, chosen: Chosen = NOTHING, under: Mapping[str, Any] | None = None) -> None:
    """Puts the defaults of a dataclass under the values of a node, however deep; none for fields without one.

    Args:
        node: The values, changed in place.
        cls: The dataclass.
        chosen: What values may choose.
        under: The values of the instance that the node's own field has as its default.
    """
    defaults = defaults_of(cls)
    if under is not None and under.keys() == defaults.keys():
        defaults = dict(under)
    for name, default in defaults.items():
        node[name] = _filled(hints_of(cls)[name], node.get(name, default), chosen, default)


def _filled(hint: Any, value: Any, chosen: Chosen, default: Any = None) -> Any:
    """A value with the defaults of the dataclasses in it; lists are made anew, as histories hold the old ones."""
    if not holds(hint):
        return value
    kind = uses_of(hint)
    if kind is not None:
        return _filled_choice(kind, value, chosen)
    classes = dataclasses_of(hint)
    if isinstance(value, Mapping) and classes:
        fitting, node = candidates(classes, value), dict(value)
        if len(fitting) == 1:
            fill(node, fitting[0], chosen, default if isinstance(default, Mapping) else None)
        return node
    if isinstance(value, Mapping):
        return {**value, **{key: _filled(inner, item, chosen) for key, inner, item in children(hint, value)}}
    if isinstance(value, list):
        found = {key: _filled(inner, item, chosen) for key, inner, item in children(hint, value)}
        return [found.get(index, item) for index, item in enumerate(value)]
    return value


def _filled_choice(kind: str, value: Any, chosen: Chosen) -> Any:
    """A choice with all its fields; a name alone where there are none."""
    if isinstance(value, list):
        return [_filled_choice(kind, item, chosen) for item in value]
    if not isinstance(value, str | Mapping):
        return value
    choice = Choice((), kind, value)
    cls = chosen.get((kind, choice.name or ""))
    if cls is None or not isinstance(choice.given, Mapping | None):
        return value
    fields = dict(choice.fields)
    fill(fields, cls, chosen)
    return {choice.name: fields} if fields else choice.name


def defaults_of(cls: type) -> dict[str, Any]:
    """Field name to its default in JSON types; `MISSING` where there is none, the run's seed for seeds."""
    hints = hints_of(cls)
    return {field.name: _default(field, hints[field.name]) for field in dataclasses.fields(cls)}


def _default(field: dataclasses.Field[Any], hint: Any) -> Any:
    if _is_seed(hint):
        return SEED
    if field.default is not dataclasses.MISSING:
        return plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return plain(field.default_factory())
    return MISSING


def _is_seed(hint: Any) -> bool:
    return any(isinstance(marker, SeedMarker) for marker in getattr(hint, "__metadata__", ()))


def plain(value: Any) -> Any:
    """A default in the types that YAML has; seeds that it leaves alone are the run's."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain_field(value, field) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def _plain_field(instance: Any, field: dataclasses.Field[Any]) -> Any:
    cls: type = type(instance)
    value = getattr(instance, field.name)
    if value == field.default and _is_seed(hints_of(cls)[field.name]):
        return SEED
    return plain(value)
