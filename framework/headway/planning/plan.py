"""The plan: every stage of one or several experiments, with its verdict and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headway.planning.fingerprint import Components, Fingerprinter
from headway.planning.graph import Keys, Vertex, build
from headway.planning.reasons import reasons
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
        key: The cache key.
        stage: Its config.
        inputs: Parameter name to the key of its input, or keys.
        components: What the key was made of.
        verdict: ``cached`` or ``run``.
        reasons: Why it runs; empty when cached.
        entry: What the key leads to, when cached.
        labels: Index of each experiment that needs it → its label there.
    """

    label: str
    key: str
    stage: StageConfig
    inputs: Mapping[str, Keys]
    components: Components
    verdict: Literal["cached", "run"]
    reasons: tuple[str, ...]
    entry: Entry | None
    labels: Mapping[int, str]


@dataclass(frozen=True)
class Plan:
    """A frozen graph of stages.

    Attributes:
        nodes: Inputs before what needs them, effects last; each distinct key once.
        labels: What distinguishes each experiment in a grid, such as ``seed=2``; empty for a single one.
    """

    nodes: tuple[Node, ...]
    labels: tuple[str, ...]


def plan(experiments: Sequence[Experiment], plugins: Plugins, store: ArtifactStore, records: Records) -> Plan:
    """Plans experiments; executes nothing.

    Args:
        experiments: At least one; those that share stages share their nodes.
        plugins: Where stages come from.
        store: Asked what is cached.
        records: Asked what keys the stages had before.

    Raises:
        UsageError: A source file does not exist.
    """
    remembered = Remembered(records)
    fingerprinter = Fingerprinter(plugins, experiments[0].config.project, remembered)
    vertices = build(experiments, fingerprinter)
    remembered.flush()
    labels = grid_labels([experiment.words for experiment in experiments])
    judge = _Judge(experiments, fingerprinter, store, records)
    return Plan(tuple(judge.node(vertex, labels) for vertex in vertices), labels)


def grid_labels(overrides: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The overrides that not all experiments share, one text an experiment."""
    common = set(overrides[0]).intersection(*overrides)
    return tuple(" ".join(word for word in words if word not in common) for words in overrides)


@dataclass(frozen=True)
class _Judge:
    experiments: Sequence[Experiment]
    fingerprinter: Fingerprinter
    store: ArtifactStore
    records: Records

    def node(self, vertex: Vertex, labels: Sequence[str]) -> Node:
        effect = type(vertex.stage.stage).effect
        entry = None if effect else self.store.find(vertex.key)
        index = min(vertex.labels)
        distinct = labels[index] if len(vertex.labels) == 1 else ""
        label = f"{vertex.labels[index]} {distinct}".strip()
        why = () if entry else ("it changes the world outside",) if effect else self._reasons(vertex, index)
        return Node(
            label, vertex.key, vertex.stage, vertex.inputs, vertex.components,
            "cached" if entry else "run", why, entry, vertex.labels,
        )  # fmt: skip

    def _reasons(self, vertex: Vertex, index: int) -> tuple[str, ...]:
        experiment = self.experiments[index]
        last = self.records.last_key(experiment.name, vertex.labels[index])
        before = self.store.components(last) if last else None
        if before is None:
            return ("not run before",)
        if last == vertex.key:
            return ("its result is no longer in the store",)
        files = self.fingerprinter.scanner.files
        return reasons(vertex, before, experiment, files)
