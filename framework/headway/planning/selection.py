"""Parts of a plan: up to a stage, from a stage on, or a stage again although it is cached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headway.config.model import split_label
from headway.errors import UsageError
from headway.naming import unknown

if TYPE_CHECKING:
    from headway.config import Experiment, StageConfig
    from headway.planning.graph import Vertex


@dataclass(frozen=True)
class Selection:
    """Which stages of a plan are wanted, by their names (``model``) or labels (``model[linear]``).

    Attributes:
        to: Only these, and what they need.
        start: Only these and what needs them; what comes before must be cached.
        force: Run these although they are cached.
    """

    to: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    force: tuple[str, ...] = ()

    def keys(self, names: Iterable[str], vertices: Sequence[Vertex]) -> set[str]:
        """The keys of the stages with these names; raises `UsageError` for a name that no stage has."""
        found: set[str] = set()
        for name in names:
            fitting = {vertex.key for vertex in vertices if name in _names(vertex)}
            if not fitting:
                known = {known for vertex in vertices for known in _names(vertex)}
                raise UsageError(unknown("stage", name, known), code="unknown-stage")
            found |= fitting
        return found

    def chosen(self, vertices: Sequence[Vertex]) -> list[Vertex]:
        """The stages that are wanted or needed, in their order."""
        kept = list(vertices)
        if self.to:
            wanted = closure(self.keys(self.to, kept), {v.key: v.upstream for v in kept})
            kept = [vertex for vertex in kept if vertex.key in wanted]
        if self.start:
            up = {vertex.key: vertex.upstream for vertex in kept}
            wanted = closure(self.begun(kept), up)
            kept = [vertex for vertex in kept if vertex.key in wanted]
        return kept

    def begun(self, vertices: Sequence[Vertex]) -> set[str]:
        """The keys of the stages to start from, and of all that needs them; all stages if there are none."""
        if not self.start:
            return {vertex.key for vertex in vertices}
        down: dict[str, list[str]] = {}
        for vertex in vertices:
            for key in vertex.upstream:
                down.setdefault(key, []).append(vertex.key)
        return closure(self.keys(self.start, vertices), down)


def up_to(experiment: Experiment, names: Iterable[str]) -> Experiment:
    """The experiment with no more of its pipeline than some stages need; its baselines are left out.

    Args:
        experiment: A checked experiment.
        names: Stages of its pipeline.

    Raises:
        UsageError: It has no such stage.
    """
    inputs = {stage.name: [split_label(at)[0] for at in _sources(stage)] for stage in experiment.stages}
    for name in names:
        if name not in inputs:
            raise UsageError(unknown("stage", name, inputs), code="unknown-stage")
    wanted = closure(names, inputs)
    stages = tuple(stage for stage in experiment.stages if stage.name in wanted)
    return replace(experiment, stages=stages, baselines={})


def _sources(stage: StageConfig) -> Iterator[str]:
    for wired in stage.inputs.values():
        yield from (wired,) if isinstance(wired, str) else wired.values() if isinstance(wired, Mapping) else wired


def closure(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """All that can be reached."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += edges.get(key, ())
    return found


def _names(vertex: Vertex) -> set[str]:
    labels = {label for labels in vertex.labels.values() for label in labels}
    return labels | {label.partition("[")[0] for label in labels}
