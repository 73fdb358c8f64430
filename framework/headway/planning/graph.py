"""The stages of several experiments as one graph, merged by cache key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from headway.config.locating import locate
from headway.errors import HeadwayError
from headway.planning.fingerprint import Components, Fingerprinter, key_of
from headway.stage import Parameter, signature_of

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
        labels: Index of each experiment that needs it → its labels there, such as ``model[linear]``; equal stages of
            one experiment are one.
    """

    key: str
    stage: StageConfig
    inputs: Mapping[str, Keys]
    components: Components
    importers: Mapping[str, str] = field(default_factory=dict)
    is_sure: bool = True
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
        variants = {
            name: _Variant(self, index, name, pipeline | {model.name: model}, own=model)
            for name, model in experiment.baselines.items()
        }
        main = _Variant(self, index, None, pipeline, variants)
        for name in pipeline:
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
            key, Vertex(key, stage, inputs, made.components, made.importers, made.is_sure)
        )
        labels = vertex.labels.get(index, ())
        if is_own or not labels:
            self.vertices[key] = replace(vertex, labels={**vertex.labels, index: (*labels, label)})
        return key


@dataclass
class _Variant:
    """One experiment, or the same with another model; computes the key of each stage once."""

    builder: _Builder
    index: int
    name: str | None
    pipeline: Mapping[str, StageConfig]
    baselines: Mapping[str, _Variant] = field(default_factory=dict)
    own: StageConfig | None = None
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, name: str) -> str:
        if name not in self.keys:
            stage = self.pipeline[name]
            inputs = {parameter: self._keys(wired) for parameter, wired in stage.inputs.items()}
            inputs |= self._baselines(stage)
            label = f"{name}[{self.name}]" if self.name else name
            is_own = self.name is None or stage is self.own
            self.keys[name] = self.builder.vertex(self.index, label, stage, inputs, is_own=is_own)
        return self.keys[name]

    def _keys(self, wired: Any) -> Keys:
        return _map(wired, self.key)

    def _baselines(self, stage: StageConfig) -> dict[str, Keys]:
        parameter = baselines_of(stage)
        if parameter is None or not self.baselines:
            return {}
        twin = next(p.name for p in signature_of(type(stage.stage)).parameters if _is_twin(p, parameter))
        wired = stage.inputs[twin]
        return {BASELINES: {name: variant.key(str(wired)) for name, variant in self.baselines.items()}}


def baselines_of(stage: StageConfig) -> Parameter | None:
    """The parameter that takes baselines, if the stage has one."""
    parameters = signature_of(type(stage.stage)).parameters
    return next((p for p in parameters if p.name == BASELINES and p.fan_in == "mapping"), None)


def _is_twin(parameter: Parameter, baselines: Parameter) -> bool:
    return parameter.fan_in == "one" and parameter.type is baselines.type


def _map(wired: Any, call: Callable[[str], str]) -> Keys:
    if isinstance(wired, str):
        return call(wired)
    if isinstance(wired, Mapping):
        return {name: call(stage) for name, stage in wired.items()}
    return tuple(call(stage) for stage in wired)
