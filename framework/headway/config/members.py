"""Members of ensembles: the stages before an ensemble again, with other models and other seeds.

A stage takes members if it refines another stage, has a parameter ``members`` that is a mapping, and two fields:
``members``, models by name as in ``baselines``, of which `OWN` is the pipeline's own, and ``seeds``, a number of seeds
or the seeds themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headway.config.model import Config, StageConfig
from headway.config.nodes import Nodes
from headway.config.origins import Key
from headway.config.report import Report
from headway.config.resolve import restored
from headway.config.variants import Variants
from headway.config.wiring import MEMBERS, OWN, takes_members
from headway.stage import signature_of

if TYPE_CHECKING:
    from headway.config.model import Wiring
    from headway.plugins import Plugins

SEEDS = 2**32

Stages = dict[str, StageConfig]
"""The stages of a member that are others than the pipeline's, by name."""
Inputs = Mapping[str, Mapping[str, "Wiring"]]
"""What each stage of the pipeline takes."""


class Members:
    """Checks the members of the ensembles of one config.

    Args:
        report: Where faults are noted.
        plugins: Where stages are registered.
        classes: Stage name to its class, of the pipeline.
    """

    def __init__(self, report: Report, plugins: Plugins, classes: Mapping[str, type]) -> None:
        self._report = report
        self._config = report.config
        self._plugins = plugins
        self._classes = classes

    def check(self, inputs: Inputs, baselines: Stages) -> dict[str, dict[str, Stages]]:
        """Name of each ensemble to its members: their names to their own stages, none for the pipeline itself.

        Args:
            inputs: Those of all stages; an ensemble whose members are redirected takes what they say.
            baselines: Name to model: they share their names with the members.
        """
        found: dict[str, dict[str, Stages]] = {}
        known: dict[str, Stages] = {name: {OWN: stage} for name, stage in baselines.items()}
        for name, cls in self._classes.items():
            if self._takes(name, cls) and MEMBERS in inputs[name]:
                faults = len(self._report.faults)
                found[name] = dict(self._members(name, refined_by(name, inputs), inputs))
                if len(self._report.faults) == faults:
                    self._tell(name, found[name], known)
                known |= found[name]
        return found

    def _takes(self, name: str, cls: type) -> bool:
        redirects = self._config.tree.get((name, "inputs"))
        if not getattr(cls, "refines", "") or (isinstance(redirects, Mapping) and MEMBERS in redirects):
            return False
        return any(map(takes_members, signature_of(cls).parameters))

    def _members(self, name: str, refined: str, inputs: Inputs) -> Iterator[tuple[str, Stages]]:
        before, own = _before(refined, inputs), self._config.tree.root.get("seed")
        seeds = _seeds(self._config.tree.get((name, "seeds")), own)
        variants = self._variants(self._report, name)
        items = list(variants.items(with_model=OWN in before))
        right = [(at, model) for at, model in items if model == OWN or variants.stage(at, model, inputs[OWN])]
        for seed in seeds:
            config = self._config if seed == own else seeded(self._config, seed)
            stages = self._others(config, before, inputs)
            for at, model in right:
                label = ",".join([model] * (model != OWN) + [f"seed={seed}"] * (len(seeds) > 1))
                yield label or OWN, stages | self._model(config, name, at, model, inputs)

    def _variants(self, report: Report, name: str) -> Variants:
        return Variants(report, Nodes(report.config, self._plugins), (name, MEMBERS), "member")

    def _model(self, config: Config, name: str, at: Key, model: str, inputs: Inputs) -> Stages:
        if model == OWN:
            return {}
        stage = self._variants(Report(config), name).stage(at, model, inputs[OWN])
        return {} if stage is None else {OWN: stage}

    def _others(self, config: Config, before: set[str], inputs: Inputs) -> Stages:
        """The stages that the config's seed makes others."""
        nodes, found = Nodes(config, self._plugins), {}
        for name, cls in self._classes.items():
            node = config.tree.root[name]
            if name in before and node != self._config.tree.root[name]:
                kind = config.kinds.get(name, name)
                made, _ = nodes.made(cls, node)
                if made is not None:
                    at = (name,)
                    found[name] = StageConfig(
                        name, kind, node["use"], made.stage, made.values, inputs[name], at, made.parts
                    )
        return found

    def _tell(self, name: str, members: dict[str, Stages], known: Mapping[str, Stages]) -> None:
        """Tells of an ensemble of one, and of a name that means two things."""
        if members and all(_same(stages, next(iter(members.values()))) for stages in members.values()):
            what, hint = f"'{name}' has one member", f"{name}.seeds=5, or {name}.members=[model,linear]"
            if len(members) > 1:
                what = f"the members of '{name}' are one and the same, as nothing before it is drawn by the run's seed"
                hint = f"name other models: {name}.members=[model,linear]"
            self._report.add((name, "use"), what, hint, "member", of_key=True)
        for label, stages in members.items():
            if not _same(known.get(label, stages), stages):
                what = f"'{label}' is both a member of '{name}' and something else with other fields"
                hint = "give one of them an option of its own: configs/model/NAME.yaml"
                self._report.add((name, MEMBERS), what, hint, "member")


def refined_by(name: str, inputs: Inputs) -> str:
    """The stage whose variants an ensemble takes."""
    return str(next(iter(inputs[name][MEMBERS])))


def labels(refined: str, members: Mapping[str, Stages]) -> dict[str, str]:
    """Name of each member to the label of what an ensemble takes of it."""
    return {name: f"{refined}[{name}]" if stages else refined for name, stages in members.items()}


def seeded(config: Config, seed: int) -> Config:
    """The config as if the run had another seed."""
    tree, _ = restored(config.tree, config.project, {"seed": seed})
    options = {name: restored(option, config.project, around=tree.root)[0] for name, option in config.options.items()}
    return replace(config, tree=tree, options=options)


def _seeds(written: Any, own: Any) -> list[int]:
    """The seeds of the members; none if something is wrong with them, which checking the stage tells."""
    if isinstance(written, list):
        right = all(type(seed) is int for seed in written)
        return list(dict.fromkeys(written)) if right else []
    return [(own + step) % SEEDS for step in range(written)] if type(written) is int and type(own) is int else []


def _before(refined: str, inputs: Inputs) -> set[str]:
    """A stage and all stages that it needs."""
    found: set[str] = set()
    waiting = [refined]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            for wired in inputs.get(name, {}).values():
                several = wired.values() if isinstance(wired, Mapping) else wired
                waiting += [wired] if isinstance(wired, str) else several
    return found


def _same(one: Stages, two: Stages) -> bool:
    def meaning(stages: Stages) -> dict[str, Any]:
        return {name: (stage.use, stage.values) for name, stage in stages.items()}

    return meaning(one) == meaning(two)
