"""The stages of several experiments as one graph, merged by cache key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from headway.config.locating import locate
from headway.config.model import split_label
from headway.errors import HeadwayError
from headway.planning.fingerprint import Components, Fingerprinter, key_of
from headway.planning.selection import closure
from headway.stage import Parameter, signature_of
from headway.watched import Watched

if TYPE_CHECKING:
    from headway.config import Experiment, StageConfig
    from headway.config.model import Config

Keys = str | tuple[str, ...] | Mapping[str, str]
BASELINES = "baselines"
"""A parameter of this name takes what the stage's other parameter of its type takes, once a baseline."""


@dataclass(frozen=True)
class Vertex:
    """One distinct stage.

    Attributes:
        key: Its cache key.
        stage: Its config.
        inputs: Parameter name to the key of its input, or keys.
        components: What the key was made of.
        importers: Library → the module that imports it.
        is_sure: Whether the stage's source, if it is no file, could say whether it changed.
        watched: The files that the key was made of.
        labels: Index of each experiment that needs it → its labels there, such as ``model[linear]``; equal stages of
            one experiment are one.
    """

    key: str
    stage: StageConfig
    inputs: Mapping[str, Keys]
    components: Components
    importers: Mapping[str, str] = field(default_factory=dict)
    is_sure: bool = True
    watched: Watched = field(default_factory=dict)
    labels: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def upstream(self) -> tuple[str, ...]:
        """The keys of all inputs."""
        return tuple(key for keys in self.inputs.values() for key in _flat(keys))

    @property
    def effect(self) -> bool:
        """Whether the stage changes the world outside the store."""
        return type(self.stage.stage).effect


def _flat(keys: Keys) -> tuple[str, ...]:
    if isinstance(keys, str):
        return (keys,)
    return tuple(keys.values()) if isinstance(keys, Mapping) else keys


def build(experiments: Sequence[Experiment], fingerprinter: Fingerprinter) -> list[Vertex]:
    """Every distinct stage once, inputs before what needs them, effects last."""
    builder = _Builder(fingerprinter)
    for index, experiment in enumerate(experiments):
        builder.add(index, experiment)
    vertices = list(builder.vertices.values())
    return sorted(vertices, key=lambda vertex: vertex.effect)


class _Builder:
    def __init__(self, fingerprinter: Fingerprinter) -> None:
        self._fingerprinter = fingerprinter
        self._configs: dict[int, Config] = {}
        self.vertices: dict[str, Vertex] = {}

    def add(self, index: int, experiment: Experiment) -> None:
        pipeline = {stage.name: stage for stage in experiment.stages}
        self._configs[index] = experiment.config
        baselines = {name: {model.name: model} for name, model in experiment.baselines.items()}
        variants = {
            name: _Variant(self, index, name, {**pipeline, **own}, own=own)
            for name, own in {**baselines, **experiment.members}.items()
        }
        main = _Variant(self, index, None, pipeline, tuple(baselines), variants)
        wanted = _wanted(experiment.stages)
        for name in pipeline:
            if name in wanted:
                main.key(name)

    def vertex(
        self, index: int, label: str, stage: StageConfig, inputs: Mapping[str, Keys], *, is_own: bool = True
    ) -> str:
        """The key of a stage; what a variant only shares (`is_own` is false) needs no second label."""
        try:
            made = self._fingerprinter.components(stage, inputs)
        except HeadwayError as error:
            error.where = error.where and locate(error.where, stage, self._configs[index], self._fingerprinter.plugins)
            raise
        key = key_of(made.components)
        vertex = self.vertices.setdefault(
            key, Vertex(key, stage, inputs, made.components, made.importers, made.is_sure, made.watched)
        )
        labels = vertex.labels.get(index, ())
        if is_own or not labels:
            self.vertices[key] = replace(vertex, labels={**vertex.labels, index: (*labels, label)})
        return key


@dataclass
class _Variant:
    """One experiment, or the same with other stages; computes the key of each stage once.

    Attributes:
        name: The variant's; None for the experiment itself.
        pipeline: Its stages by name.
        baselines: Those of the variants that are baselines.
        variants: Of the experiment itself, by name.
        own: The stages that are others than the experiment's.
    """

    builder: _Builder
    index: int
    name: str | None
    pipeline: Mapping[str, StageConfig]
    baselines: Sequence[str] = ()
    variants: Mapping[str, _Variant] = field(default_factory=dict)
    own: Mapping[str, StageConfig] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, label: str) -> str:
        """The key of a stage, such as ``export``, or of a variant's, such as ``export[linear]``."""
        name, variant = split_label(label)
        if variant is not None:
            return self.variants[variant].key(name)
        if name not in self.keys:
            self.keys[name] = self._key(name)
        return self.keys[name]

    def _key(self, name: str) -> str:
        stage = self.pipeline[name]
        members = self.name and _members(stage)
        if members:  # a variant is one model, not an ensemble
            return self.key(split_label(members[0])[0])
        inputs = {parameter: self._keys(wired) for parameter, wired in stage.inputs.items()}
        inputs |= self._baselines(stage)
        label = f"{name}[{self.name}]" if self.name else name
        is_own = self.name is None or name in self.own
        return self.builder.vertex(self.index, label, stage, inputs, is_own=is_own)

    def _keys(self, wired: Any) -> Keys:
        return _map(wired, self.key)

    def _baselines(self, stage: StageConfig) -> dict[str, Keys]:
        parameter = baselines_of(stage)
        if parameter is None or not self.baselines:
            return {}
        twin = next(p.name for p in signature_of(type(stage.stage)).parameters if _is_twin(p, parameter))
        wired = stage.inputs[twin]
        return {BASELINES: {name: self.variants[name].key(str(wired)) for name in self.baselines}}


def baselines_of(stage: StageConfig) -> Parameter | None:
    """The parameter that takes baselines, if the stage has one."""
    parameters = signature_of(type(stage.stage)).parameters
    return next((p for p in parameters if p.name == BASELINES and p.fan_in == "mapping"), None)


def _is_twin(parameter: Parameter, baselines: Parameter) -> bool:
    return parameter.fan_in == "one" and parameter.type is baselines.type


def _members(stage: StageConfig) -> list[str]:
    """The labels of the variants that a stage takes."""
    return [label for wired in stage.inputs.values() for label in _flat(wired) if split_label(label)[1] is not None]


def _wanted(stages: Sequence[StageConfig]) -> set[str]:
    """All stages but those that stand there only for their variants, which an ensemble takes in their place."""
    inputs = {stage.name: [label for wired in stage.inputs.values() for label in _flat(wired)] for stage in stages}
    taken = {split_label(label)[0] for labels in inputs.values() for label in labels}
    return closure([name for name in inputs if name not in taken], inputs)


def _map(wired: Any, call: Callable[[str], str]) -> Keys:
    if isinstance(wired, str):
        return call(wired)
    if isinstance(wired, Mapping):
        return {name: call(stage) for name, stage in wired.items()}
    return tuple(call(stage) for stage in wired)
