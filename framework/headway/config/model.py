"""A composed config, and what checking makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from headway.config.origins import Key
from headway.config.tree import Tree
from headway.errors import HeadwayError, Place

if TYPE_CHECKING:
    from headway.stage import Stage
    from headway.tracker import Tracker

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
        options: Option name of ``model`` to its values, for the baselines.
        faults: What went wrong while composing.
        unresolved: The paths of interpolations without a value, each of which is among the faults.
        incomplete: Whether a fault left out files or choices, so that something missing may be its consequence.
    """

    project: Path
    tree: Tree
    overrides: tuple[str, ...]
    kinds: Mapping[str, str]
    options: Mapping[str, Tree] = field(default_factory=dict)
    faults: tuple[HeadwayError, ...] = ()
    unresolved: frozenset[Key] = frozenset()
    incomplete: bool = False

    def written(self, path: Key) -> Place | None:
        """Where a value itself was written; None for a default of a stage's own."""
        origin = self.tree.origins.get(path)
        return origin.place(self.project) if origin else None

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
    """

    name: str
    kind: str
    use: str
    stage: Stage = field(repr=False)  # it may hold secrets, as may its values
    values: Mapping[str, Any] = field(repr=False)
    inputs: Mapping[str, Wiring]


@dataclass(frozen=True)
class Experiment:
    """A config without faults.

    Attributes:
        name: Its name.
        seed: The run's seed.
        stages: The pipeline in its order.
        baselines: Name to the variant of the ``model`` stage.
        runner: How stages are executed.
        trackers: Registered name to tracker.
        words: What the command line said, secrets as ``***``.
        config: What it was made from.
        public: The resolved values with defaults, secrets as ``***``.
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
