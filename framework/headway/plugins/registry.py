"""(kind, name) → class, for one session."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headway.errors import PluginError, UsageError
from headway.naming import unknown
from headway.stage import Stage, signature_of

NODE = "node"
"""The kind of classes that are the schema of a top-level key of the config."""
TAKEN = ("name", "seed", "pipeline", "baselines", "runner", "trackers", "defaults", "experiment", "hydra")
"""Top-level keys, and what is written like one, that no plugin's node can have as its name."""
MARKS = ("use", "inputs", "members")
"""Keys that make a node that of a stage."""


@dataclass(frozen=True)
class Entry:
    """Something registered.

    Attributes:
        kind: What it is: a stage kind, ``artifact``, ``runtime``, ``metric``, ``command`` …
        name: Its name among its kind.
        target: The class; for the kind ``configs``, the path of a config folder.
        plugin: The name of the plugin that registered it.
    """

    kind: str
    name: str
    target: Any
    plugin: str

    @cached_property
    def is_stage(self) -> bool:
        """Whether the target is a stage, so that its kind is a stage kind."""
        return inspect.isclass(self.target) and issubclass(self.target, Stage)


class Registry:
    """What plugins offer. Filled while plugins are loaded, read-only afterwards."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        self._plugin = "headway"
        self._sealed = False

    def add(self, kind: str, name: str, target: Any) -> None:
        """Registers a class.

        Args:
            kind: A stage kind (``data``, ``features``, ``model``, ``export``, ``evaluation``,
                ``deployment``, or a plugin's own), or ``artifact``, ``runtime``, ``metric``, ``command``,
                ``augmentation``, ``node``, ``configs`` …
            name: The name used in configs.
            target: The class. Stages are checked against their contract here. For ``node``, a frozen dataclass:
                the schema of the top-level key `name`. For ``configs``, the path of a folder in the layout of
                ``configs/``.

        Raises:
            PluginError: The name is taken (both plugins are named), the stage or node breaks its contract, or
                plugins are no longer being loaded.
        """
        if self._sealed:
            raise PluginError(f"{kind} '{name}' is registered too late: only headway_register may register")
        taken = self._entries.get((kind, name))
        if taken is not None:
            raise PluginError(
                f"{kind} '{name}' is claimed twice: by {taken.plugin} and by {self._plugin}",
                hint="rename one, or block one of the plugins",
                code="name-taken",
            )
        entry = Entry(kind, name, target, self._plugin)
        if entry.is_stage:
            signature_of(target)
        if kind == NODE:
            _check_node(name, target)
        if (entry.is_stage and kind in self.names(NODE)) or (kind == NODE and name in self.stage_kinds()):
            raise self._both(kind if entry.is_stage else name)
        self._entries[kind, name] = entry

    def _both(self, name: str) -> PluginError:
        """Told of a node that has the name of a kind of stages, as that is the name of their own node."""
        other = next(e for e in self if (e.is_stage and e.kind == name) or (e.kind, e.name) == (NODE, name))
        return PluginError(
            f"'{name}' cannot be both a node and a kind of stages: {other.plugin} and {self._plugin} claim it",
            hint="rename one, or block one of the plugins",
            code="name-taken",
        )

    def get(self, kind: str, name: str) -> Any:
        """The class registered as `name` under `kind`; raises `UsageError` with the nearest name."""
        return self.entry(kind, name).target

    def entry(self, kind: str, name: str) -> Entry:
        """The entry of that name, with the plugin it comes from."""
        if (kind, name) not in self._entries:
            raise UsageError(unknown(kind, name, self.names(kind)), code="unknown-name")
        return self._entries[kind, name]

    def names(self, kind: str) -> list[str]:
        """The names registered under `kind`, sorted."""
        return sorted(name for other, name in self._entries if other == kind)

    def stage_kinds(self) -> list[str]:
        """The kinds under which stages are registered, sorted."""
        return sorted({entry.kind for entry in self if entry.is_stage})

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def scoped(self, plugin: str) -> Registry:
        """The same registry, noting `plugin` as the author of what is added next."""
        self._plugin = plugin
        return self

    def drop(self, plugin: str) -> None:
        """Forgets what a plugin registered before it failed."""
        self._entries = {key: entry for key, entry in self._entries.items() if entry.plugin != plugin}

    def seal(self) -> None:
        """Makes the registry read-only."""
        self._sealed = True


def _check_node(name: str, target: Any) -> None:
    if name in TAKEN or not name.isidentifier():
        why = "is a key of the core" if name in TAKEN else "is no plain word"
        raise PluginError(f"'{name}' cannot be the name of a node: it {why}", hint="rename it", code="name-taken")
    params = target.__dict__.get("__dataclass_params__") if inspect.isclass(target) else None
    if params is None or not params.frozen:
        raise PluginError(f"node '{name}' is not decorated with @dataclass(frozen=True)", code="node-contract")
    for key in {field.name for field in dataclasses.fields(target)}.intersection(MARKS):
        what = f"node '{name}' has a field '{key}', which marks the node of a stage"
        raise PluginError(what, hint="rename the field", code="node-contract")
