"""One key of a config: what it means, what it is, who set it and over what."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from headway.config.checking import TOP, Top
from headway.config.defaults import RESERVED
from headway.config.hints import MISSING, dataclasses_of, hints_of, inside, names_of
from headway.config.jsonschema import MARKERS, public_defaults
from headway.config.locating import path_in
from headway.config.model import Runner
from headway.config.nodes import Nodes
from headway.config.public import MASK, mask
from headway.config.references import came_from, reference
from headway.config.schema import dotted, field_docs, held_at, holder, type_name
from headway.config.tree import DELETED
from headway.config.walking import markers
from headway.errors import UsageError
from headway.fields import Grammar, Registered, SecretMarker, SeedMarker, SourceMarker, Uncached, Uses
from headway.naming import unknown
from headway.stage import Stage, signature_of

if TYPE_CHECKING:
    from headway.config.model import Config
    from headway.config.origins import Key
    from headway.plugins import Plugins

NOTES: Mapping[type, str] = {
    SecretMarker: "secret: it is written to no record, log, report or tracker",
    Uncached: "not in the cache key: it changes how the work is done, or the inputs say the same",
    SourceMarker: "a path: the content of the file, not its name, enters the cache key",
    SeedMarker: "takes the run's seed unless it is set",
    Grammar: "a text in a language of its own, which is parsed with the config",
}
"""What the markers of a field mean."""


@dataclass(frozen=True)
class Step:
    """One value that was set on the way to the last one.

    Attributes:
        value: The value as it was written, secrets masked.
        origin: Where, such as ``configs/experiment/adult.yaml:9:5``.
    """

    value: Any
    origin: str


@dataclass(frozen=True)
class Explanation:
    """One key, explained.

    Attributes:
        key: The key.
        value: Its value, secrets masked.
        origin: Where the value was set, or ``default``.
        doc: What it means.
        type: Its type; for a stage, what it is registered as.
        constraints: What its values are limited to, such as ``>= 0``.
        default: Its default; None if `has_default` is false.
        has_default: Whether it has one that may be shown.
        notes: What its markers mean, and what its value comes from.
        steps: Who set it, the first one first.
        fields: For a node: the fields below it.
        inputs: For a stage: its inputs.
    """

    key: str
    value: Any
    origin: str
    doc: str = ""
    type: str = ""
    constraints: tuple[str, ...] = ()
    default: Any = None
    has_default: bool = False
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    fields: tuple[Explanation, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The same in JSON types."""
        return asdict(self)


def explain(key: str, config: Config, plugins: Plugins) -> Explanation:
    """Explains one key.

    Args:
        key: A path such as ``model.learning_rate``, or a node such as ``model``.
        config: A composed config, which may have faults.
        plugins: Where its stages are registered.

    Raises:
        UsageError: There is no such key; the nearest one is named.
    """
    return _Explainer(config, plugins).explain(key)


class _Explainer:
    def __init__(self, config: Config, plugins: Plugins) -> None:
        self._config = config
        self._tree = config.tree
        self._registry = plugins.registry
        nodes = Nodes(config, plugins)
        self._secrets = nodes.secrets()
        self._chosen = nodes.chosen
        self._classes: dict[Key, type] = {at: cls for at, cls, _ in nodes.classes()}
        self._classes[("runner",)] = Runner

    def explain(self, key: str) -> Explanation:
        at = path_in(self._tree.root, ".".join(re.findall(r"[^.\[\]]+", key)))
        owner = next((at[:i] for i in range(len(at), 0, -1) if at[:i] in self._classes), None)
        if owner is not None and owner == at:
            return self._node(at, self._classes[at])
        cls, inside = (Top, at) if owner is None else (self._classes[owner], at[len(owner) :])
        if owner is not None and self._has_reserved(owner) and inside[0] in RESERVED:
            return self._reserved(at)
        known = self._known(at, owner, cls)
        if (owner is None and at[:1] not in {(name,) for name in TOP}) or not self._is_there(at, cls, inside):
            is_open = owner is None and at[0] in self._registry.stage_kinds()
            hint = f"nothing is chosen for {at[0]}: add experiment=NAME" if is_open else "headway config shows all keys"
            raise UsageError(unknown("key", key, known), hint=hint, code="unknown-key")
        return self._field(at, cls, inside)

    def _has_reserved(self, owner: Key) -> bool:
        return len(owner) == 1 and issubclass(self._classes[owner], Stage)

    def _known(self, at: Key, owner: Key | None, cls: type) -> list[str]:
        if owner is None:
            return sorted({*TOP, *(dotted(path) for path in self._classes if len(path) == 1)})
        names = sorted(names_of(cls))
        return [dotted((*owner, name)) for name in (*names, *(RESERVED if self._has_reserved(owner) else ()))]

    def _is_there(self, at: Key, cls: type, inside: Key) -> bool:
        found = holder(cls, inside, self._chosen)
        return found is not None and (len(found[1]) == 1 or self._tree.get(at) is not None or at in self._tree.history)

    def _node(self, at: Key, cls: type) -> Explanation:
        """A whole node: a stage, a tracker, a plugin's own, or the runner."""
        node = self._tree.get(at)
        values: Mapping[str, Any] = node if isinstance(node, Mapping) else {}
        fields = tuple(self._field((*at, name), cls, (name,)) for name in hints_of(cls) if name in names_of(cls))
        is_stage = len(at) == 1 and issubclass(cls, Stage)
        kind = self._config.kinds.get(str(at[0]), str(at[0]))
        return Explanation(
            dotted(at),
            self._public(at),
            self._origin((*at, "use") if is_stage else at),
            inspect.getdoc(cls) or "",
            f"{kind} '{values['use']}', of {self._registry.entry(kind, values['use']).plugin}" if is_stage else "",
            steps=self._steps((*at, "use") if is_stage else at),
            fields=fields,
            inputs=self._inputs(cls, values) if is_stage else {},
        )

    def _inputs(self, cls: type, node: Mapping[str, Any]) -> dict[str, str]:
        """Parameter to what it wants and the stage it takes it from."""
        redirects = node.get("inputs")
        written = redirects if isinstance(redirects, Mapping) else {}
        shapes = {"one": "{}", "tuple": "several {}", "mapping": "several {} by name"}
        found = {}
        for parameter in signature_of(cls).parameters:
            source = written.get(parameter.name, parameter.name)
            listed = source if isinstance(source, list | Mapping) else [source]
            found[parameter.name] = f"{shapes[parameter.fan_in].format(parameter.type.__name__)}, from " + ", ".join(
                map(str, listed.values() if isinstance(listed, Mapping) else listed)
            )
        return found

    def _reserved(self, at: Key) -> Explanation:
        doc = "Which stage it is: set by a choice." if at[1] == "use" else "Stages to take inputs from, by parameter."
        return Explanation(dotted(at), self._public(at), self._origin(at), doc, steps=self._steps(at))

    def _field(self, at: Key, cls: type, inside: Key) -> Explanation:
        found = holder(cls, inside, self._chosen)
        if found is None:
            raise UsageError(unknown("key", dotted(at), hints_of(cls)), code="unknown-key")
        owner, rest = found
        name, whole = str(rest[0]), len(rest) == 1
        hint = hints_of(owner)[name]
        secret = any(True for _ in markers(hint, SecretMarker))
        default = public_defaults(owner).get(name, MISSING) if owner is not Top and not secret and whole else MISSING
        return Explanation(
            dotted(at),
            MASK if secret and self._tree.get(at) not in ("", None) else self._public(at),
            self._origin(at),
            field_docs(owner).get(name, ""),
            type_name(hint) if whole else f"in {name}: {type_name(hint)}",
            tuple(_constraints(hint)),
            None if default == MISSING else default,
            default != MISSING,
            (*self._notes(at, hint), *(_entries(hint) if whole else ())),
            self._steps(at, secret=secret),
            self._below(at, held_at(hint, rest[1:], self._chosen)),
        )

    def _below(self, at: Key, classes: list[type]) -> tuple[Explanation, ...]:
        """The fields of the dataclass that a value is, of the first of several."""
        return tuple(
            self._field((*at, name), cls, (name,))
            for cls in classes[:1]
            for name in hints_of(cls)
            if name in names_of(cls)
        )

    def _notes(self, at: Key, hint: Any) -> Iterable[str]:
        yield from (note for marker, note in NOTES.items() if any(True for _ in markers(hint, marker)))
        for marker in markers(hint, Registered):
            names = ", ".join([*marker.also, *self._registry.names(marker.kind)])
            yield f"names a registered {marker.kind}: {names or 'none'}"
        for uses in markers(hint, Uses):
            known = {
                name: ", ".join(each for each in hints_of(cls) if each in names_of(cls))
                for (kind, name), cls in self._chosen.items()
                if kind == uses.kind
            }
            names = ", ".join(f"{name}({fields})" if fields else name for name, fields in sorted(known.items()))
            yield f"chooses a registered {uses.kind}, as NAME or {{NAME: {{field: value}}}}: {names or 'none'}"
        if reference(self._tree, at) and at in self._tree.origins:
            yield came_from(self._config, at) or ""

    def _public(self, at: Key) -> Any:
        return _masked(self._tree.get(at), at, self._secrets)

    def _origin(self, at: Key) -> str:
        listed = isinstance(self._tree.get(at[:-1]), list)
        place = self._config.place(at) if listed else self._config.written(at)
        return str(place) if place else "default"

    def _steps(self, at: Key, *, secret: bool = False) -> tuple[Step, ...]:
        found = []
        for value, origin in self._tree.history.get(at, ()):
            shown = "(taken away)" if value is DELETED else MASK if secret else _masked(value, at, self._secrets)
            found.append(Step(shown, str(origin.place(self._config.project))))
        return tuple(found)


def _entries(hint: Any) -> Iterator[str]:
    """What the entries of a mapping or a list hold, if that is a dataclass."""
    found = {cls: key for key in (0, "NAME") for entry in inside(hint, key) for cls in dataclasses_of(entry)}
    for cls, key in found.items():
        for name in (name for name in hints_of(cls) if name in names_of(cls)):
            doc = field_docs(cls).get(name, "")
            yield f"{key}.{name}: {type_name(hints_of(cls)[name])}{f' — {doc}' if doc else ''}"


def _masked(value: Any, at: Key, secrets: Mapping[Key, str]) -> Any:
    if at in secrets:
        return MASK
    return mask(value, secrets.values())


def _constraints(hint: Any) -> Iterable[str]:
    """The limits in an annotation, in symbols."""
    signs = {"Gt": ">", "Ge": ">=", "Lt": "<", "Le": "<="}
    marker: Any
    for marker in markers(hint, object):
        name = type(marker).__name__
        if name in signs:
            yield f"{signs[name]} {getattr(marker, name.lower())}"
        elif name == "MultipleOf":
            yield f"a multiple of {marker.multiple_of}"
        elif name in ("MinLen", "MaxLen"):
            yield f"{'at least' if name == 'MinLen' else 'at most'} {getattr(marker, _snake(name))} long"
        elif type(marker) not in MARKERS:
            yield str(marker)


def _snake(name: str) -> str:
    return f"{name[:3].lower()}_length"
