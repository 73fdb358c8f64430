"""A composed config, and what checking makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Ge

from headway.config.origins import Key
from headway.config.tree import Tree
from headway.config.walking import at_path, marked
from headway.errors import HeadwayError, Place

if TYPE_CHECKING:
    from headway.stage import Stage
    from headway.tracker import Tracker

M = TypeVar("M")
Wiring = str | tuple[str, ...] | Mapping[str, str]
"""The stage, or stages, that one input comes from."""


@dataclass(frozen=True)
class Config:
    """A composed config, not yet checked.

    Attributes:
        project: The project's folder.
        tree: Resolved values with their origins.
        overrides: What the command line said.
        kinds: Node name to the config group it was chosen from.
        options: Option name of ``model`` to its values, for the baselines and the members of ensembles.
        faults: What went wrong while composing.
        unresolved: The paths of interpolations without a value, each of which is among the faults.
        incomplete: Whether a fault left out files or choices, so that something missing may be its consequence.
        unsaid: The nodes of plugins that nobody says anything about, so that they hold their defaults.
    """

    project: Path
    tree: Tree
    overrides: tuple[str, ...]
    kinds: Mapping[str, str]
    options: Mapping[str, Tree] = field(default_factory=dict)
    faults: tuple[HeadwayError, ...] = ()
    unresolved: frozenset[Key] = frozenset()
    incomplete: bool = False
    unsaid: frozenset[str] = frozenset()

    @property
    def said(self) -> dict[str, Any]:
        """The values with defaults, without the nodes that nobody says anything about."""
        return {name: value for name, value in self.tree.root.items() if name not in self.unsaid}

    def written(self, path: Key) -> Place | None:
        """Where a value itself was written, or the list it lies in; None for a default of a stage's own."""
        lists = (path[:end] for end in range(1, len(path)) if isinstance(self.tree.get(path[:end]), list))
        found = path if path in self.tree.origins else next(lists, None)
        return self.place(path) if found in self.tree.origins else None

    def place(self, path: Key, *, of_key: bool = False) -> Place | None:
        """Where a value, or its key, was written, or the nearest thing above it."""
        origin = self.tree.origin(path)
        return origin.place(self.project, of_key=of_key) if origin else None


@dataclass(frozen=True)
class Runner:
    """How stages are executed."""

    isolate: bool = True
    """Run stages in worker processes, so that one that crashes cannot take the run with it."""
    workers: Annotated[int, Ge(1)] = 1
    """How many stages that do not wait for one another run at once."""
    threads: Annotated[int, Ge(1)] | None = None
    """CPU threads of each worker; by default the processors, divided among the workers."""


@dataclass(frozen=True)
class StageConfig:
    """One stage, checked.

    Attributes:
        name: The node's name in the pipeline.
        kind: The registry kind.
        use: The registered name.
        stage: The stage.
        values: Its field values in JSON types, defaults included.
        inputs: Parameter name to the stage or stages it takes; ``baselines`` is left to the planner.
        at: Where its fields lie in the config; empty if it is not of one.
        chosen: Path in `values` of the fields of everything that they choose, to its instance.
    """

    name: str
    kind: str
    use: str
    stage: Stage = field(repr=False)  # it may hold secrets, as may its values
    values: Mapping[str, Any] = field(repr=False)
    inputs: Mapping[str, Wiring]
    at: Key = ()
    chosen: Mapping[Key, Any] = field(default_factory=dict, repr=False)

    def parts(self) -> Iterator[tuple[Key, Any, Mapping[str, Any]]]:
        """The stage, and what its fields choose: path in `values`, instance, field values in JSON types."""
        yield (), self.stage, self.values
        for path, part in self.chosen.items():
            choice = at_path(self.values, path[:-1])
            yield path, part, choice[path[-1]] if isinstance(choice, Mapping) else {}

    def marked(self, marker: type[M]) -> Iterator[tuple[Key, M, Any]]:
        """The values of fields that carry a marker, those of choices too: path, marker, value."""
        for before, part, values in self.parts():
            for at, found, value in marked(type(part), values, marker):
                yield (*before, *at), found, value


@dataclass(frozen=True)
class Experiment:
    """A config without faults.

    Attributes:
        name: Its name.
        seed: The run's seed.
        stages: The pipeline in its order.
        baselines: Name to the variant of the ``model`` stage.
        members: Name of a member of an ensemble to those of its stages that are others than the pipeline's, by name.
        runner: How stages are executed.
        trackers: Registered name to tracker.
        words: What the command line said, secrets as ``***``.
        config: What it was made from.
        public: The resolved values with defaults, secrets as ``***``; without the nodes of plugins that nobody says
            anything about.
        nodes: Name of every node of a plugin to what it configures; they change no result, so they enter no cache key.
    """

    name: str
    seed: int
    stages: tuple[StageConfig, ...]
    baselines: Mapping[str, StageConfig]
    runner: Runner
    trackers: Mapping[str, Tracker] = field(repr=False)  # they may hold secrets
    words: tuple[str, ...]
    config: Config = field(repr=False)
    public: Mapping[str, Any] = field(repr=False)
    members: Mapping[str, Mapping[str, StageConfig]] = field(default_factory=dict)
    nodes: Mapping[str, Any] = field(default_factory=dict, repr=False)  # they may hold secrets

    def stage(self, label: str) -> StageConfig:
        """The stage of a label, such as ``export``, ``model[linear]``, or ``export[linear]`` of the same pipeline."""
        name, variant = split_label(label)
        own = dict(self.members.get(variant or "", {}))
        if variant and variant in self.baselines:
            own[self.baselines[variant].name] = self.baselines[variant]
        return own.get(name) or next(stage for stage in self.stages if stage.name == name)


def split_label(label: str) -> tuple[str, str | None]:
    """The stage and the variant that a label means; no variant for the experiment's own stage."""
    name, bracket, variant = label.removesuffix("]").partition("[")
    return name, variant if bracket else None
