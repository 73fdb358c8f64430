"""From a composed config to an experiment: every fault in one report."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Lt, MinLen

from headway.config.defaults import TRACKERS
from headway.config.drawing import Edge
from headway.config.hints import MISSING
from headway.config.hydraisms import INSTANTIATE, key_hint
from headway.config.members import Members, labels, refined_by
from headway.config.model import Config, Experiment, Runner, StageConfig, Wiring
from headway.config.nodes import Built, Nodes
from headway.config.origins import Key, package_header
from headway.config.public import mask, mask_words
from headway.config.report import Report
from headway.config.schema import Problem, build, problems
from headway.config.tree import keys
from headway.config.variants import Variants
from headway.config.wiring import BASELINES, MEMBERS, Wire, Wired, cycle, is_baselines, marked_circle
from headway.errors import HeadwayError
from headway.naming import nearest, unknown
from headway.plugins.registry import NODE
from headway.stage import signature_of

if TYPE_CHECKING:
    from headway.plugins import Plugins


@dataclass(frozen=True)
class Top:
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


TOP = tuple(Top.__dataclass_fields__)
"""Top-level keys that are no stages."""


def check(config: Config, plugins: Plugins) -> Experiment:
    """Validates a config.

    Args:
        config: What `headway.config.composing` gave.
        plugins: Where its stages are registered.

    Raises:
        ConfigError: Every fault, in the order of their places.
    """
    checker = _Checker(config, plugins)
    experiment = checker.experiment()
    if experiment is None:
        raise checker.report.error(checker.nodes.secrets().values())
    return experiment


class _Checker:
    def __init__(self, config: Config, plugins: Plugins) -> None:
        self.config = config
        self.report = Report(config)
        self.nodes = Nodes(config, plugins)
        self._plugins = plugins
        self._registry = plugins.registry
        self._root = config.tree.root
        self._misplaced = False

    def experiment(self) -> Experiment | None:
        """The experiment, or None if there are faults."""
        self._refuse_targets()
        top, pipeline = self._top(), self._pipeline()
        self._unknown_nodes(pipeline)
        self._unplaced(pipeline)
        stages = {name: cls for name in pipeline if (cls := self._stage_class(name)) is not None}
        built = {name: self._build(cls, self._root[name], (name,)) for name, cls in stages.items()}
        inputs = self._wire(stages, complete=len(stages) == len(pipeline))
        baselines = self._baselines(inputs.get("model", {}), with_model="model" in pipeline)
        ensembles = Members(self.report, self._plugins, stages).check(inputs, baselines)
        trackers, nodes = self._trackers(), self._plain_nodes()
        if self.report.faults or top is None:
            return None
        for name, members in ensembles.items():
            inputs[name][MEMBERS] = labels(refined_by(name, inputs), members)
        made = tuple(
            self._stage_config(name, node, inputs[name]) for name in pipeline if (node := built[name]) is not None
        )
        secrets = self.nodes.secrets()
        words = mask_words(self.config.overrides, secrets)
        public = mask(self.config.said, secrets.values())
        every = {name: stages for members in ensembles.values() for name, stages in members.items() if stages}
        return Experiment(
            top.name, top.seed, made, baselines, top.runner, trackers, words, self.config, public, every, nodes
        )

    def _refuse_targets(self) -> None:
        """Refuses Hydra's keys for calling code, one fault a mapping."""
        found: dict[Any, str] = {}
        for at in keys(self._root):
            if at[-1] == INSTANTIATE[0] or (at[-1] in INSTANTIATE and at[:-1] not in found):
                found[at[:-1]] = str(at[-1])
        for parent, key in found.items():
            hint = "register the class in a plugin and choose it by its name"
            self.report.add((*parent, key), f"a config names no code: {key} is refused", hint, "target", of_key=True)

    def _top(self) -> Top | None:
        values = {name: self._root.get(name, MISSING) for name in TOP}
        found = problems(Top, values)
        self.report.bad_seed = any(problem.path == ("seed",) for problem in found)
        for problem in found:
            self.report.problem((), problem)
        top: Top | None = None if found else build(Top, values)[0]
        return top

    def _pipeline(self) -> list[str]:
        """The stages' names; none if the key is no list of them, which `_top` tells."""
        names = self._root.get("pipeline")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return []
        if not names:
            hint = "pipeline: [data, features, model, …]"
            self.report.add(("pipeline",), "the pipeline has no stages", hint, "pipeline")
        reserved = {*TOP, *self.nodes.plain_nodes()}
        for index, name in enumerate(names):
            if name in names[:index] or name in reserved:
                twice = "is twice in the pipeline" if name in names[:index] else "cannot be the name of a stage"
                hint = f"a second stage of a kind has a name of its own: `- /{name}@other: NAME`"
                self.report.add(("pipeline", index), f"'{name}' {twice}", hint, "pipeline")
        return list(dict.fromkeys(name for name in names if name not in reserved))

    def _unknown_nodes(self, pipeline: list[str]) -> None:
        known = {*TOP, *self.nodes.plain_nodes(), *pipeline, *self.config.kinds}
        for name in self._root if pipeline else ():
            if name in known or name in self._registry.stage_kinds() or name in INSTANTIATE:
                continue
            if name == "hydra":
                self._hydra(self._root[name])
            elif not self._is_misplaced(name) and not self._may_be_lost(name, known):
                hint = "a stage of your own must stand in the pipeline, a node of a plugin needs that plugin"
                hint = self.nodes.broken_hint() or hint
                self.report.add((name,), unknown("key", name, known), hint, "unknown-key", of_key=True)

    def _may_be_lost(self, name: str, known: set[str]) -> bool:
        """Whether a key may belong to something that composing left out; a slip of the pen does not."""
        return self.config.incomplete and not get_close_matches(name, known, n=1, cutoff=0.75)

    def _hydra(self, node: Any) -> None:
        what = "Hydra composes the config, but its launcher is no part of Headway: there is no 'hydra' node"
        for key in node if isinstance(node, Mapping) and node else ("",):
            at = ("hydra", key) if key else ("hydra",)
            self.report.add(at, what, key_hint(".".join(at)), "hydra", of_key=True)

    def _is_misplaced(self, name: str) -> bool:
        """Whether a node is a whole file that was put under a name of its own; if so, it is told."""
        origin = self.config.tree.origins.get((name,))
        if origin is None or not origin.option or origin.path or origin.file is None:
            return False
        self._misplaced = True
        header = package_header(origin.file, self.config.project)
        what = f"the values of this file are put under '{name}', which is no stage of the pipeline"
        hint = "start the file with the line `# @package _global_`, or add the stage to the pipeline"
        if header is not None and nearest(name, ["_global_"]):
            hint = "did you mean `# @package _global_`?"
        where = header or self.config.place((name,), of_key=True)
        self.report.faults.append(HeadwayError(what, where=where, hint=hint, code="unknown-key"))
        return True

    def _unplaced(self, pipeline: list[str]) -> None:
        """Second stages that the command line adds, but not to the pipeline."""
        for name, kind in self.config.kinds.items() if pipeline else ():
            origin = self.config.tree.origin((name, "use"))
            if name != kind and name not in pipeline and origin is not None and origin.file is None:
                what = f"'{name}' is chosen, but is no stage of the pipeline"
                hint = f"put it where it belongs: 'pipeline=[{','.join([*pipeline, name])}]'"
                self.report.add((name, "use"), what, hint, "pipeline", of_key=True)

    def _stage_class(self, name: str) -> type | None:
        node, kind = self._root.get(name), self.config.kinds.get(name, name)
        if name in self._root and not isinstance(node, Mapping):
            if (name,) not in self.config.unresolved:
                hint = f"remove the key, or give it fields; {kind}=NAME chooses the stage"
                self.report.add((name,), f"'{name}' is a stage, so it holds keys and values", hint, "wrong-type")
            return None
        use = node.get("use") if node is not None else None
        if not isinstance(use, str):
            self._no_choice(name, kind)
            return None
        origin = self.config.tree.origin((name, "use"))
        if origin is not None and not origin.option:
            choice = kind if name == kind else f"{kind}@{name}"
            hint = f"write {choice}={use}, or `- override /{choice}: {use}` in the defaults"
            self.report.add((name, "use"), f"{name}.use is set by a choice, not by a value", hint, "use")
            return None
        cls = self.nodes.registered(kind, node)
        if cls is None:
            what = unknown(kind, use, self.nodes.names(kind))
            self.report.add((name, "use"), what, self.nodes.broken_hint(), "unknown-stage")
        return cls

    def _no_choice(self, name: str, kind: str) -> None:
        names = self.nodes.names(kind)
        if name in self.config.kinds:
            hint = f"write `use: NAME`; there are: {', '.join(names) or 'none'}"
            self.report.add((name,), f"the chosen file does not say which {kind} it is", hint, "no-choice")
        elif not self._is_explained(kind):
            index = self._root["pipeline"].index(name)
            kinds = {*self._registry.stage_kinds(), *self.config.kinds}
            what = f"the pipeline has a stage '{name}', but nothing chooses it; there are: {', '.join(names)}"
            hint = f"write {kind}=NAME, or `- override /{kind}: NAME` in the defaults list"
            if not names:
                what, hint = unknown("stage", name, kinds), "no plugin registers stages of this kind"
            self.report.add(("pipeline", index), what, self.nodes.broken_hint() or hint, "no-choice")

    def _is_explained(self, kind: str) -> bool:
        """Whether composing already told why there is no choice."""
        faults = self.config.faults
        told = any(f.code == "unknown-option" and f.what.startswith(f"unknown {kind} ") for f in faults)
        return told or self._misplaced or self.config.incomplete

    def _build(self, cls: type, node: Mapping[str, Any], at: tuple[str, ...]) -> Built | None:
        made, found = self.nodes.made(cls, node)
        for problem in found:
            self.report.problem(at, problem)
        return made

    def _baselines(self, inputs: Mapping[str, Wiring], *, with_model: bool) -> dict[str, StageConfig]:
        """Name to the variant of the model stage, which takes what that takes."""
        variants = Variants(self.report, self.nodes, (BASELINES,), "baseline")
        found = {name: variants.stage(at, name, inputs) for at, name in variants.items(with_model=with_model)}
        return {name: stage for name, stage in found.items() if stage is not None}

    def _trackers(self) -> dict[str, Any]:
        nodes, names = self._root.get(TRACKERS), self._registry.names("tracker")
        found: dict[str, Any] = {}
        for name, node in nodes.items() if isinstance(nodes, Mapping) else ():
            at = (TRACKERS, name)
            if name not in names:
                what = unknown("tracker", name, names)
                self.report.add(at, what, self.nodes.broken_hint(), "unknown-tracker", of_key=True)
            elif not isinstance(node, Mapping):
                what, hint = f"'{name}' is a tracker, so it holds keys and values", f"write {name}: {{}}"
                self.report.add(at, what, hint, "wrong-type")
            else:
                made = self._build(self._registry.get("tracker", name), node, at)
                found[name] = made and made.stage
        return found

    def _plain_nodes(self) -> dict[str, Any]:
        """Name to what the node of a plugin configures."""
        found: dict[str, Any] = {}
        for name in self.nodes.plain_nodes():
            node = self._root.get(name)
            if isinstance(node, Mapping):
                made = self._build(self._registry.get(NODE, name), node, (name,))
                found[name] = made and made.stage
            elif (name,) not in self.config.unresolved:
                hint = f"write {name}.KEY=VALUE; {name}=NAME takes configs/{name}/NAME.yaml, once there is one"
                self.report.add((name,), f"'{name}' holds keys and values", hint, "wrong-type")
        return found

    def _wire(self, stages: Mapping[str, type], *, complete: bool) -> dict[str, dict[str, Wiring]]:
        refines = {name: refined for name, cls in stages.items() if (refined := getattr(cls, "refines", ""))}
        wire = Wire({name: signature_of(cls) for name, cls in stages.items()}, refines)
        wired = {name: wire.stage(name, self._root[name].get("inputs")) for name in stages}
        if complete:
            self._tell_wiring(wire, wired)
        return {name: found.inputs for name, found in wired.items()}

    def _tell_wiring(self, wire: Wire, wired: Mapping[str, Wired]) -> None:
        """Tells what is wrong with the inputs; the pipeline is drawn once, under the first fault."""
        edges = [edge for found in wired.values() for edge in found.edges]
        circle, before = cycle(edges), len(self.report.faults)
        for name, found in wired.items():
            for problem in (*found.problems, *self._without_twin(wire, name, found)):
                self.report.problem((name,), problem)
        if circle:
            what, hint = f"the stages wait for one another: {' → '.join(circle)}", "redirect one of their inputs"
            self.report.add(self._closing(edges, circle), what, hint, "cycle")
        wrong = sorted(self.report.faults[before:], key=self.report.order)
        if wrong:
            wrong[0].note = wire.draw(marked_circle(edges, circle))

    def _closing(self, edges: list[Edge], circle: list[str]) -> Key:
        """The last redirect of a circle; the pipeline if its parameters alone make one."""
        steps = set(itertools.pairwise(circle))
        paths: list[Key] = [(e.stage, "inputs", e.parameter) for e in edges if (e.stage, e.source) in steps]
        written = [path for path in paths if self.config.tree.get(path) is not None]
        return written[-1] if written else ("pipeline",)

    def _without_twin(self, wire: Wire, name: str, found: Wired) -> list[Problem]:
        """A stage that takes baselines, but nothing for them to be variants of."""
        parameters = wire.signatures[name].parameters
        taken = next((p for p in parameters if is_baselines(p)), None)
        if taken is None or not self._root.get(BASELINES):
            return []
        twin = next((p.name for p in parameters if p.fan_in == "one" and p.type is taken.type), None)
        if any(edge.parameter == twin for edge in found.edges):
            return []
        what = f"'{name}' takes baselines, but no {taken.type.__name__} that they could stand beside"
        return [Problem(("use",), what, "write baselines: []", "wiring")]

    def _stage_config(self, name: str, built: Built, inputs: Mapping[str, Wiring]) -> StageConfig:
        kind = self.config.kinds.get(name, name)
        use = str(self._root[name]["use"])
        return StageConfig(name, kind, use, built.stage, built.values, inputs, (name,), built.parts)
