"""The plan: every stage of one or several experiments, with its verdict and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headway.errors import UsageError
from headway.planning.fingerprint import Components, Fingerprinter
from headway.planning.graph import Keys, Vertex, build
from headway.planning.reasons import Reason, Reasons
from headway.planning.selection import Selection
from headway.store import ArtifactStore, Entry, Records, Remembered

if TYPE_CHECKING:
    from headway.config import Experiment, StageConfig
    from headway.plugins import Plugins


@dataclass(frozen=True)
class Node:
    """One stage of a plan.

    Attributes:
        label: What is shown: the stage's name, ``[BASELINE]`` for a variant, and in a grid what
            distinguishes its experiment.
        vertex: The stage, its key, and what the key was made of.
        verdict: ``cached`` or ``run``.
        reasons: Why it runs; empty when cached.
        before: What its key leads to already, if it does; a stage may run all the same.
        forced: Whether it runs because the user wants it to.
    """

    label: str
    vertex: Vertex = field(repr=False)
    verdict: Literal["cached", "run"]
    reasons: tuple[Reason, ...]
    before: Entry | None
    forced: bool = False

    @property
    def key(self) -> str:
        """The cache key."""
        return self.vertex.key

    @property
    def stage(self) -> StageConfig:
        """Its config."""
        return self.vertex.stage

    @property
    def inputs(self) -> Mapping[str, Keys]:
        """Parameter name to the key of its input, or keys."""
        return self.vertex.inputs

    @property
    def upstream(self) -> tuple[str, ...]:
        """The keys of all its inputs."""
        return self.vertex.upstream

    @property
    def components(self) -> Components:
        """What the key was made of."""
        return self.vertex.components

    @property
    def labels(self) -> Mapping[int, tuple[str, ...]]:
        """Index of each experiment that needs it → its labels there."""
        return self.vertex.labels

    @property
    def effect(self) -> bool:
        """Whether it changes the world outside the store."""
        return self.vertex.effect

    @property
    def entry(self) -> Entry | None:
        """What the key leads to, when cached."""
        return self.before if self.verdict == "cached" else None


@dataclass(frozen=True)
class Plan:
    """A frozen graph of stages.

    Attributes:
        nodes: Inputs before what needs them, effects last; each distinct key once.
        labels: What distinguishes each experiment in a grid, such as ``seed=2``; empty for a single one.
    """

    nodes: tuple[Node, ...]
    labels: tuple[str, ...]


def plan(
    experiments: Sequence[Experiment],
    plugins: Plugins,
    store: ArtifactStore,
    records: Records,
    selection: Selection | None = None,
) -> Plan:
    """Plans experiments; executes nothing.

    Args:
        experiments: At least one; those that share stages share their nodes.
        plugins: Where stages come from.
        store: Asked what is cached.
        records: Asked what keys the stages had before.
        selection: Which stages are wanted; all of them by default.

    Raises:
        UsageError: A source file does not exist, no stage has a name of the selection, or a stage before those to
            start from is not cached.
    """
    return Planner(plugins, experiments[0].config.project, store, records).plan(experiments, selection)


class Planner:
    """Plans one thing after another. What it has read of sources and files, it does not read again.

    Args:
        plugins: Where stages come from.
        project: The folder that source paths start from.
        store: Asked what is cached.
        records: Asked what keys the stages had before.
    """

    def __init__(self, plugins: Plugins, project: Path, store: ArtifactStore, records: Records) -> None:
        self._remembered = Remembered(records)
        self._fingerprinter = Fingerprinter(plugins, project, self._remembered)
        self._store = store
        self._records = records

    def plan(self, experiments: Sequence[Experiment], selection: Selection | None = None) -> Plan:
        """See `plan`."""
        wanted = selection or Selection()
        every = build(experiments, self._fingerprinter)
        self._remembered.flush()
        vertices = wanted.chosen(every)
        words = [experiment.words for experiment in experiments]
        reasons = Reasons(experiments, self._fingerprinter.scanner.files, self._store, self._records)
        judge = _Judge(words, self._store, reasons, wanted.keys(wanted.force, every))
        nodes = tuple(judge.node(vertex) for vertex in vertices)
        _check_start(nodes, wanted, wanted.begun(vertices))
        return Plan(nodes, grid_labels(words))


def grid_labels(overrides: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The overrides that not all experiments share, one text an experiment."""
    common = set(overrides[0]).intersection(*overrides)
    return tuple(" ".join(word for word in words if word not in common) for words in overrides)


def _check_start(nodes: Sequence[Node], selection: Selection, begun: set[str]) -> None:
    for node in nodes:
        if node.verdict == "run" and node.key not in begun:
            start = ", ".join(selection.start)
            raise UsageError(
                f"'{node.label}' comes before {start}, but is not in the store: {'; '.join(map(str, node.reasons))}",
                hint=f"run without --from, or up to it first: --to '{node.label}'",
                code="not-cached",
            )


@dataclass(frozen=True)
class _Judge:
    words: Sequence[Sequence[str]]
    store: ArtifactStore
    reasons: Reasons
    forced: set[str]

    def node(self, vertex: Vertex) -> Node:
        before = self.store.find(vertex.key)
        index = min(vertex.labels)
        label = f"{vertex.labels[index][0]} {self._distinct(vertex)}".strip()
        forced = vertex.key in self.forced
        if before is not None and not forced and not vertex.effect:
            return Node(label, vertex, "cached", (), before)
        return Node(label, vertex, "run", self.reasons.of(vertex, forced, before is not None), before, forced)

    def _distinct(self, vertex: Vertex) -> str:
        """The words that the experiments of a stage share, and not all experiments do."""
        shared = set.intersection(*(set(self.words[index]) for index in vertex.labels))
        common = set.intersection(*map(set, self.words))
        return " ".join(word for word in self.words[min(vertex.labels)] if word in shared - common)
