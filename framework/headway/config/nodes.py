"""The nodes of a config and the registered classes behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.config.defaults import RESERVED, TRACKERS, choosable
from headway.config.model import Config
from headway.config.origins import Key
from headway.config.public import secrets_of
from headway.config.registered import unregistered
from headway.config.schema import Problem, built, problems
from headway.config.tree import models_in
from headway.plugins.registry import NODE
from headway.stage import Stage

if TYPE_CHECKING:
    from headway.plugins import Plugins


@dataclass(frozen=True)
class Built:
    """What a node configures.

    Attributes:
        stage: The instance.
        values: Its field values in JSON types.
        parts: Path in `values` to the instance of everything that they choose.
    """

    stage: Any
    values: dict[str, Any]
    parts: Mapping[Key, Any]


class Nodes:
    """Finds the class of a node, and builds what it configures.

    Args:
        config: A composed config.
        plugins: Where its stages are registered.

    Attributes:
        chosen: What fields may choose.
    """

    def __init__(self, config: Config, plugins: Plugins) -> None:
        self._config = config
        self._registry = plugins.registry
        self.chosen = choosable(plugins.registry)
        self._broken = ", ".join(plugins.broken)

    def plain_nodes(self) -> list[str]:
        """The names of the nodes that plugins bring beside those of stages."""
        return self._registry.names(NODE)

    def names(self, kind: str) -> list[str]:
        """The stages of a kind; none for a kind of which there are no stages."""
        return self._registry.names(kind) if kind in self._registry.stage_kinds() else []

    def broken_hint(self) -> str | None:
        """Names the plugins that could not be loaded, as one of them may offer what is missing."""
        if not self._broken:
            return None
        return f"plugins that could not be loaded may offer it: {self._broken} (headway plugins list)"

    def registered(self, kind: str, node: Any) -> type | None:
        """The class of a stage's node, if it has one."""
        use = node.get("use") if isinstance(node, Mapping) else None
        if isinstance(use, str) and use in self._registry.names(kind):
            entry = self._registry.entry(kind, use)
            return entry.target if entry.is_stage else None
        return None

    def made(self, cls: type, node: Mapping[str, Any]) -> tuple[Built | None, list[Problem]]:
        """What a node configures, and what is wrong; the former only if nothing is."""
        reserved = RESERVED if issubclass(cls, Stage) else ()
        values = {key: value for key, value in node.items() if key not in reserved}
        found = [*problems(cls, values, self.chosen), *unregistered(cls, values, self._registry, self.chosen)]
        return (None, found) if found else (Built(*built(cls, values, self.chosen)), found)

    def classes(self) -> Iterator[tuple[Key, type, Mapping[str, Any]]]:
        """Every node that has a class, stages outside the pipeline too: its path, its class, its values."""
        root = self._config.tree.root
        for name, node in root.items():
            cls = self.registered(self._config.kinds.get(name, name), node)
            if cls is not None:
                yield (name,), cls, node
        trackers = root.get(TRACKERS)
        for name, node in trackers.items() if isinstance(trackers, Mapping) else ():
            if name in self._registry.names("tracker"):
                yield (TRACKERS, name), self._registry.get("tracker", name), node
        for name in self.plain_nodes():
            if isinstance(root.get(name), Mapping):
                yield (name,), self._registry.get(NODE, name), root[name]
        for at, item in models_in(root):
            for name, values in item.items() if isinstance(item, Mapping) else ():
                option = self._config.options.get(name)
                cls = self.registered("model", option.get(("model",))) if option else None
                if cls and isinstance(values, Mapping):
                    yield (*at, name), cls, values

    def secrets(self) -> dict[Key, str]:
        """Path to value of every secret."""
        return {
            path: value
            for at, cls, node in self.classes()
            for path, value in secrets_of(cls, node, at, self.chosen).items()
        }
