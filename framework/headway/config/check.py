"""From a composed config to an experiment: every fault in one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Lt, MinLen

from headway.config.defaults import MISSING, RESERVED, TRACKERS
from headway.config.model import Config, Experiment, Runner, StageConfig
from headway.config.origins import Key
from headway.config.public import mask, mask_fault, mask_words, secrets_of
from headway.config.registered import unregistered
from headway.config.schema import Problem, build, problems
from headway.config.tree import Tree, keys
from headway.config.wiring import Wire, cycle
from headway.errors import ConfigError, HeadwayError, Place
from headway.naming import unknown
from headway.stage import Signature, signature_of

if TYPE_CHECKING:
    from headway.plugins import Plugins

TOP = ("name", "seed", "pipeline", "baselines", "runner", TRACKERS)
"""Top-level keys that are no stages."""
TARGET = "_target_"
Built = tuple[Any, dict[str, Any]]
"""A stage, and its field values in JSON types."""


@dataclass(frozen=True)
class _Top:
    """The schema of the top-level keys that are no stages."""

    name: Annotated[str, MinLen(1)]
    """The experiment's name."""
    seed: Annotated[int, Ge(0), Lt(2**32)]
    """The run's seed, of 32 bits, as that is what every library takes."""
    pipeline: list[str]
    """The stages in their order."""
    baselines: list[Any]
    """Options of `model`, by name or as one name with its fields."""
    runner: Runner
    """How stages are executed."""
    trackers: dict[str, Any]
    """What follows the run: a node a tracker, under its registered name."""


def check(config: Config, plugins: Plugins) -> Experiment:
    """Validates a config.

    Args:
        config: What `headway.config.compose` gave.
        plugins: Where its stages are registered.

    Raises:
        ConfigError: Every fault, in the order of their places.
    """
    checker = _Checker(config, plugins, list(config.faults))
    experiment = checker.experiment()
    if experiment is None:
        secrets = checker.secrets.values()
        faults = sorted(checker.faults, key=lambda fault: _order(fault, config.overrides))
        raise ConfigError([mask_fault(fault, secrets) for fault in faults])
    return experiment


def _order(fault: HeadwayError, overrides: Sequence[str]) -> tuple[str, int, int]:
    where = fault.where or Place("")
    line = overrides.index(where.text) if where.line is None and where.text in overrides else where.line
    return where.source, line or 0, where.column or 0


@dataclass
class _Checker:
    config: Config
    plugins: Plugins
    faults: list[HeadwayError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._root = self.config.tree.root
        self._bad_seed = False
        self._misplaced = False

    def experiment(self) -> Experiment | None:
        """The experiment, or None if there are faults."""
        self._refuse_targets()
        top, pipeline = self._top(), self._pipeline()
        self._unknown_nodes(pipeline)
        stages = {name: cls for name in pipeline if (cls := self._stage_class(name)) is not None}
        built = {name: self._build(cls, self._root[name], (name,)) for name, cls in stages.items()}
        inputs = self._wire(stages, complete=len(stages) == len(pipeline))
        baselines = self._baselines(inputs.get("model", {}), pipeline)
        trackers = self._trackers()
        if self.faults or top is None:
            return None
        made = tuple(self._stage_config(name, built[name], inputs[name]) for name in pipeline)
        words = mask_words(self.config.overrides, self.secrets)
        public = mask(self._root, self.secrets.values())
        return Experiment(top.name, top.seed, made, baselines, top.runner, trackers, words, self.config, public)

    @cached_property
    def secrets(self) -> dict[Key, str]:
        """Path to value of every secret, of stages outside the pipeline and of baselines too."""
        found: dict[Key, str] = {}
        for name, node in self._root.items():
            cls = self._registered(self.config.kinds.get(name, name), node)
            found |= secrets_of(cls, node, (name,)) if cls else {}
        trackers = self._root.get(TRACKERS)
        for name, node in trackers.items() if isinstance(trackers, Mapping) else ():
            if name in self.plugins.registry.names("tracker"):
                found |= secrets_of(self.plugins.registry.get("tracker", name), node, (TRACKERS, name))
        baselines = self._root.get("baselines")
        for index, item in enumerate(baselines if isinstance(baselines, list) else ()):
            for name, values in item.items() if isinstance(item, Mapping) else ():
                option = self.config.options.get(name)
                cls = self._registered("model", option.get(("model",))) if option else None
                if cls and isinstance(values, Mapping):
                    found |= secrets_of(cls, values, ("baselines", index, name))
        return found

    def _registered(self, kind: str, node: Any) -> type | None:
        """The class of a node, if it has one."""
        use = node.get("use") if isinstance(node, Mapping) else None
        if isinstance(use, str) and use in self.plugins.registry.names(kind):
            entry = self.plugins.registry.entry(kind, use)
            return entry.target if entry.is_stage else None
        return None

    def _add(self, at: Key, what: str, hint: str | None, code: str, *, of_key: bool = False) -> None:
        self.faults.append(HeadwayError(what, where=self.config.place(at, of_key=of_key), hint=hint, code=code))

    def _problem(self, node: Key, problem: Problem) -> None:
        at = (*node, *problem.path)
        if not self._is_told(at, problem):
            self._add(at, _named(node, problem), problem.hint, problem.code, of_key=problem.of_key)

    def _is_told(self, at: Key, problem: Problem) -> bool:
        """Whether another fault says why the value is wrong: an interpolation, a bad seed, or ``_target_``."""
        lost = any(at[: len(u)] == u or u[: len(at)] == at for u in self.config.unresolved)
        copied = self._bad_seed and at not in self.config.tree.origins and self._value(at) == self._root.get("seed")
        return problem.path[-1:] == (TARGET,) or (not problem.of_key and (lost or copied))

    def _value(self, at: Key) -> Any:
        return self.config.tree.get(at)

    def _refuse_targets(self) -> None:
        for at in keys(self._root):
            if at[-1] == TARGET:
                hint = "register the class in a plugin and choose it by its name"
                self._add(at, f"a config names no code: {TARGET} is refused", hint, "target", of_key=True)

    def _top(self) -> _Top | None:
        values = {name: self._root.get(name, MISSING) for name in TOP}
        found = problems(_Top, values)
        self._bad_seed = any(problem.path == ("seed",) for problem in found)
        for problem in found:
            self._problem((), problem)
        top: _Top | None = None if found else build(_Top, values)[0]
        return top

    def _pipeline(self) -> list[str]:
        """The stages' names; none if the key is no list of them, which `_top` tells."""
        names = self._root.get("pipeline")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return []
        if not names:
            self._add(("pipeline",), "the pipeline has no stages", "pipeline: [data, features, model, …]", "pipeline")
        for index, name in enumerate(names):
            if name in names[:index] or name in TOP:
                twice = "is twice in the pipeline" if name in names[:index] else "cannot be the name of a stage"
                hint = f"a second stage of a kind has a name of its own: `- /{name}@other: NAME`"
                self._add(("pipeline", index), f"'{name}' {twice}", hint, "pipeline")
        return list(dict.fromkeys(name for name in names if name not in TOP))

    def _unknown_nodes(self, pipeline: list[str]) -> None:
        known = {*TOP, *pipeline, *self.config.kinds}
        for name in self._root if pipeline else ():
            if name in known or name in self.plugins.registry.stage_kinds() or name == TARGET:
                continue
            origin = self.config.tree.origins.get((name,))
            if origin is not None and origin.option and not origin.path:
                self._misplaced = True
                what = f"the values of this file are put under '{name}', which is no stage of the pipeline"
                hint = "start the file with the line `# @package _global_`, or add the stage to the pipeline"
            else:
                what, hint = unknown("key", name, known), "a stage of your own must stand in the pipeline"
            self._add((name,), what, hint, "unknown-key", of_key=True)

    def _stage_class(self, name: str) -> type | None:
        node, kind = self._root.get(name), self.config.kinds.get(name, name)
        if name in self._root and not isinstance(node, Mapping):
            if (name,) not in self.config.unresolved:
                hint = f"remove the key, or give it fields; {kind}=NAME chooses the stage"
                self._add((name,), f"'{name}' is a stage, so it holds keys and values", hint, "wrong-type")
            return None
        use = node.get("use") if node is not None else None
        if not isinstance(use, str):
            self._no_choice(name, kind)
            return None
        origin = self.config.tree.origin((name, "use"))
        if origin is not None and not origin.option:
            hint = f"write {kind}={use}, or `- override /{kind}: {use}` in the defaults"
            self._add((name, "use"), f"{name}.use is set by a choice, not by a value", hint, "use")
            return None
        cls = self._registered(kind, node)
        if cls is None:
            names = self.plugins.registry.names(kind)
            self._add((name, "use"), unknown(kind, use, names), self._broken_hint(), "unknown-stage")
        return cls

    def _no_choice(self, name: str, kind: str) -> None:
        names = self.plugins.registry.names(kind) if kind in self.plugins.registry.stage_kinds() else []
        if name in self.config.kinds:
            hint = f"write `use: NAME`; there are: {', '.join(names) or 'none'}"
            self._add((name,), f"the chosen file does not say which {kind} it is", hint, "no-choice")
        elif not self._is_explained(kind):
            index = self._root["pipeline"].index(name)
            kinds = {*self.plugins.registry.stage_kinds(), *self.config.kinds}
            what = f"the pipeline has a stage '{name}', but nothing chooses it; there are: {', '.join(names)}"
            hint = f"write {kind}=NAME, or `- override /{kind}: NAME` in the defaults list"
            if not names:
                what, hint = unknown("stage", name, kinds), "no plugin registers stages of this kind"
            self._add(("pipeline", index), what, self._broken_hint() or hint, "no-choice")

    def _is_explained(self, kind: str) -> bool:
        """Whether composing already told why there is no choice."""
        told = any(f.code == "unknown-option" and f.what.startswith(f"unknown {kind} ") for f in self.config.faults)
        return told or self._misplaced or self.config.incomplete

    def _broken_hint(self) -> str | None:
        broken = ", ".join(self.plugins.broken)
        return f"plugins that could not be loaded may offer it: {broken} (headway plugins list)" if broken else None

    def _build(self, cls: type, node: Mapping[str, Any], at: Key) -> Built:
        values, found = self._valid(cls, node)
        for problem in found:
            self._problem(at, problem)
        return (None, {}) if found else build(cls, values)

    def _valid(self, cls: type, node: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        values = {key: value for key, value in node.items() if key not in RESERVED}
        return values, [*problems(cls, values), *unregistered(cls, values, self.plugins.registry)]

    def _trackers(self) -> dict[str, Any]:
        nodes, registry = self._root.get(TRACKERS), self.plugins.registry
        names = registry.names("tracker")
        found: dict[str, Any] = {}
        for name, node in nodes.items() if isinstance(nodes, Mapping) else ():
            at = (TRACKERS, name)
            if name not in names:
                self._add(at, unknown("tracker", name, names), self._broken_hint(), "unknown-tracker", of_key=True)
            elif not isinstance(node, Mapping):
                what, hint = f"'{name}' is a tracker, so it holds keys and values", f"write {name}: {{}}"
                self._add(at, what, hint, "wrong-type")
            else:
                found[name] = self._build(registry.get("tracker", name), node, at)[0]
        return found

    def _wire(self, stages: Mapping[str, type], *, complete: bool) -> dict[str, dict[str, Any]]:
        signatures: dict[str, Signature] = {name: signature_of(cls) for name, cls in stages.items()}
        wire, inputs = Wire(signatures), {}
        for name in stages:
            inputs[name], found = wire.inputs(name, self._root[name].get("inputs"))
            for problem in found if complete else ():
                self._problem((name,), problem)
        circle = cycle(inputs)
        if circle:
            hint = "redirect one of their inputs"
            self._add(("pipeline",), f"the stages wait for one another: {' → '.join(circle)}", hint, "cycle")
        return inputs

    def _stage_config(self, name: str, built: Built, inputs: Mapping[str, Any]) -> StageConfig:
        kind = self.config.kinds.get(name, name)
        return StageConfig(name, kind, str(self._root[name]["use"]), built[0], built[1], inputs)

    def _baselines(self, inputs: Mapping[str, Any], pipeline: list[str]) -> dict[str, StageConfig]:
        written = self._root.get("baselines")
        items = written if isinstance(written, list) else []
        found: dict[str, StageConfig] = {}
        seen: set[str] = set()
        for index, item in enumerate(items):
            at: Key = ("baselines", index)
            name, values = _split(item)
            if name is None:
                hint = "write a model's name, or one name with its fields: {linear: {C: 0.1}}"
                self._add(at, f"baselines.{index} names no model", hint, "baseline")
            elif name in seen:
                hint = "give the second one an option of its own: configs/model/NAME.yaml"
                self._add(at, f"the baseline '{name}' is there twice", hint, "baseline")
            elif "model" not in pipeline:
                self._add(at, "baselines are models, but the pipeline has no 'model'", None, "baseline")
            elif variant := self._baseline((*at, name), name, values):
                found[name] = StageConfig("model", "model", *variant, inputs)
            seen.add(name or "")
        return found

    def _baseline(self, at: Key, name: str, values: Mapping[str, Any]) -> tuple[str, Any, dict[str, Any]] | None:
        option = self.config.options.get(name)
        node = option.get(("model",)) if option else None
        cls = self._registered("model", node)
        if option is None or cls is None:
            if not self.config.incomplete:
                names = {*self.plugins.registry.names("model"), *self.config.options} - {name}
                self._add(at[:2], unknown("model", name, names), self._broken_hint(), "unknown-baseline")
            return None
        for key in values.keys() & RESERVED:
            self._add((*at, key), f"a baseline sets fields; '{key}' is none", None, "baseline", of_key=True)
        node = _over(node or {}, values)
        fields, found = self._valid(cls, node)
        for problem in found:
            self._baseline_problem(at, option, values, problem)
        return None if found else (str(node["use"]), *build(cls, fields))

    def _baseline_problem(self, at: Key, option: Tree, values: Mapping[str, Any], problem: Problem) -> None:
        """Tells of a baseline's fault where it was written: in the list, or in the option's own file."""
        origin = option.origin(("model", *problem.path))
        if (problem.path[:1] and problem.path[0] in values) or origin is None or origin.file is None:
            where = self.config.place((*at, *problem.path), of_key=problem.of_key)
        else:
            where = origin.place(self.config.project, of_key=problem.of_key)
        what = _named(("baselines", at[-1]), problem)
        self.faults.append(HeadwayError(what, where=where, hint=problem.hint, code=problem.code))


def _named(node: Key, problem: Problem) -> str:
    """A problem with the node it is in: ``model.layers.1 is …`` or ``model: unknown key …``."""
    around = (*node, *problem.path[:-1]) if problem.code == "unknown-key" else node
    joint = "." if problem.code == "wrong-type" and problem.path else ": "
    return f"{'.'.join(map(str, around))}{joint}{problem.what}" if around else problem.what


def _split(item: Any) -> tuple[str | None, Mapping[str, Any]]:
    """The name and the fields of a baseline; no name if it is neither a name nor one name with fields."""
    if isinstance(item, str):
        return item, {}
    if isinstance(item, Mapping) and len(item) == 1:
        ((name, values),) = item.items()
        if isinstance(name, str) and isinstance(values, Mapping | None):
            return name, values or {}
    return None, {}


def _over(node: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values laid over a node; mappings merge, as everywhere."""
    merged = dict(node)
    for key, value in values.items():
        inner = merged.get(key)
        merged[key] = _over(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged
