"""From a composed config to an experiment: every fault in one report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headway.config.defaults import MISSING, RESERVED, fill
from headway.config.model import Config, Experiment, Runner, StageConfig
from headway.config.origins import Key
from headway.config.public import mask, secrets_of
from headway.config.registered import unregistered
from headway.config.schema import Problem, build, problems
from headway.config.tree import leaves
from headway.config.wiring import Wire, cycle
from headway.errors import ConfigError, HeadwayError, Place
from headway.naming import unknown
from headway.stage import Signature, signature_of

if TYPE_CHECKING:
    from headway.plugins import Plugins

TOP = ("name", "seed", "pipeline", "baselines", "runner")
"""Top-level keys that are no stages."""


@dataclass(frozen=True)
class _Top:
    """The schema of the top-level keys that are no stages."""

    name: str
    seed: int
    pipeline: list[str]
    baselines: list[str | dict[str, dict[str, Any]]]
    runner: Runner


def check(config: Config, plugins: Plugins) -> Experiment:
    """Validates a config.

    Args:
        config: What `headway.config.compose` gave.
        plugins: Where its stages are registered.

    Raises:
        ConfigError: Every fault, in the order of their places.
    """
    checker = _Checker(config, plugins)
    experiment = checker.experiment()
    if checker.faults or experiment is None:
        raise ConfigError(sorted(checker.faults, key=_order))
    return experiment


def _order(fault: HeadwayError) -> tuple[str, int, int]:
    where = fault.where or Place("")
    return where.source, where.line or 0, where.column or 0


@dataclass
class _Checker:
    config: Config
    plugins: Plugins
    faults: list[HeadwayError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.faults += self.config.faults
        self._root = self.config.tree.root

    def experiment(self) -> Experiment | None:
        """The experiment, or None if a fault keeps it from being built."""
        self._refuse_targets()
        top = self._top()
        if top is None:
            return None
        self._unknown_nodes(top.pipeline)
        stages = {name: cls for name in top.pipeline if (cls := self._stage_class(name)) is not None}
        built = {name: self._build(name, cls) for name, cls in stages.items()}
        inputs = self._wire(stages)
        baselines = self._baselines(top, inputs)
        if self.faults:
            return None
        made = tuple(self._stage_config(name, built[name], inputs[name]) for name in top.pipeline)
        secrets = secrets_of(self._root, stages)
        words = tuple(mask(self.config.overrides, secrets))
        public = mask(self._root, secrets)
        return Experiment(top.name, top.seed, made, baselines, top.runner, words, self.config, public)

    def _add(self, at: Key, what: str, hint: str | None, code: str, *, of_key: bool = False) -> None:
        self.faults.append(HeadwayError(what, where=self.config.place(at, of_key=of_key), hint=hint, code=code))

    def _problem(self, node: Key, problem: Problem) -> None:
        at = (*node, *problem.path)
        dotted = ".".join(map(str, node))
        what = f"{dotted}: {problem.what}" if dotted else problem.what
        self._add(at, what, problem.hint, problem.code, of_key=problem.of_key)

    def _refuse_targets(self) -> None:
        for at, _ in list(leaves(self._root)):
            if "_target_" in at:
                hint = "register the class in a plugin and choose it by its name"
                self._add(at, "a config names no code: _target_ is refused", hint, "target", of_key=True)

    def _top(self) -> _Top | None:
        values = {name: self._root.get(name, MISSING) for name in TOP}
        found = problems(_Top, values)
        for problem in found:
            self._problem((), problem)
        top: _Top | None = None if found else build(_Top, values)[0]
        return top

    def _unknown_nodes(self, pipeline: list[str]) -> None:
        kinds = self.plugins.registry.stage_kinds()
        known = {*TOP, *pipeline, *self.config.kinds}
        for name in self._root:
            if name not in known and name not in kinds:
                hint = "a stage of your own must stand in the pipeline"
                self._add((name,), unknown("key", name, known), hint, "unknown-key", of_key=True)

    def _stage_class(self, name: str) -> type | None:
        node, kind = self._root.get(name), self.config.kinds.get(name, name)
        names = self.plugins.registry.names(kind)
        use = node.get("use") if isinstance(node, dict) else None
        if not isinstance(use, str):
            if not self._explained(kind):
                self._no_choice(name, kind, names)
            return None
        origin = self.config.tree.origin((name, "use"))
        if origin is not None and not origin.option:
            hint = f"write {kind}={use}, or `- override /{kind}: {use}` in the defaults"
            self._add((name, "use"), f"{name}.use is set by a choice, not by a value", hint, "use")
            return None
        if use not in names:
            self._add((name, "use"), unknown(kind, use, names), self._broken_hint(), "unknown-stage")
            return None
        cls: type = self.plugins.registry.get(kind, use)
        return cls

    def _explained(self, kind: str) -> bool:
        """Whether composing already told that the choice of this group does not exist."""
        return any(f.code == "unknown-option" and f.what.startswith(f"unknown {kind} ") for f in self.config.faults)

    def _no_choice(self, name: str, kind: str, names: list[str]) -> None:
        offered = f"there are: {', '.join(names)}" if names else "no plugin offers one"
        what = f"the pipeline has a stage '{name}', but nothing chooses it; {offered}"
        hint = self._broken_hint() or f"write {kind}=NAME, or `- override /{kind}: NAME` in the defaults list"
        self._add(("pipeline",), what, hint, "no-choice")

    def _broken_hint(self) -> str | None:
        broken = self.plugins.broken
        return (
            f"plugins that could not be loaded may offer it: {', '.join(broken)} (headway plugins list)"
            if broken
            else None
        )

    def _values(self, node: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in node.items() if key not in RESERVED}

    def _build(self, name: str, cls: type, node: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        values = self._values(self._root[name] if node is None else node)
        at: Key = (name,) if node is None else ("baselines",)
        found = [*problems(cls, values)]
        found += [] if found else unregistered(cls, values, self.plugins.registry)
        for problem in found:
            self._problem(at, problem)
        return (None, {}) if found else build(cls, values)

    def _wire(self, stages: Mapping[str, type]) -> dict[str, dict[str, Any]]:
        signatures: dict[str, Signature] = {name: signature_of(cls) for name, cls in stages.items()}
        wire, inputs = Wire(signatures), {}
        complete = len(stages) == len(self._root.get("pipeline", ()))
        for name in stages:
            redirects = self._root[name].get("inputs") or {}
            inputs[name], found = wire.inputs(name, redirects)
            for problem in found if complete else ():
                self._problem((name,), problem)
        circle = cycle(inputs)
        if circle:
            self._add(("pipeline",), f"the stages wait for one another: {' → '.join(circle)}", None, "cycle")
        return inputs

    def _stage_config(self, name: str, built: tuple[Any, dict[str, Any]], inputs: Mapping[str, Any]) -> StageConfig:
        kind = self.config.kinds.get(name, name)
        return StageConfig(name, kind, str(self._root[name]["use"]), built[0], built[1], inputs)

    def _baselines(self, top: _Top, inputs: Mapping[str, Any]) -> dict[str, StageConfig]:
        found = {}
        for index, (name, values) in enumerate(_named(top.baselines)):
            variant = self._baseline(index, name, values)
            if variant is not None:
                found[name] = StageConfig("model", "model", variant[0], variant[1], variant[2], inputs.get("model", {}))
        return found

    def _baseline(self, index: int, name: str, values: Mapping[str, Any]) -> tuple[str, Any, dict[str, Any]] | None:
        at: Key = ("baselines", index)
        names = self.plugins.registry.names("model")
        option = self.config.options.get(name)
        if option is None or "model" not in self._root.get("pipeline", ()):
            what = (
                unknown("model", name, names)
                if option is None
                else "baselines are models, but the pipeline has no 'model'"
            )
            self._add(at, what, None, "unknown-baseline")
            return None
        node: dict[str, Any] = {**option.root["model"], **values}
        use = str(node.get("use"))
        cls = self.plugins.registry.get("model", use)
        fill(node, cls)
        node = {key: self._root.get("seed") if value == "${seed}" else value for key, value in node.items()}
        instance, dumped = self._build(name, cls, node)
        return (use, instance, dumped) if instance is not None else None


def _named(baselines: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in baselines:
        if isinstance(item, str):
            yield item, {}
        else:
            yield from item.items()
