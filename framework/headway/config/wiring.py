"""Which stage each input comes from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headway.config.drawing import Edge, draw
from headway.config.model import Wiring
from headway.config.origins import Key
from headway.config.schema import Problem
from headway.naming import unknown
from headway.stage import FanIn, Parameter, Signature

BASELINES = "baselines"
"""A mapping parameter of this name is filled by the planner."""

MEMBERS = "members"
"""A mapping parameter of this name takes, of a stage that refines another, the variants of that one (see
`headway.config.members`), unless it is redirected."""

OWN = "model"
"""The stage whose variants the members of an ensemble are; as a member, the pipeline's own model."""

SHAPES: Mapping[FanIn, tuple[tuple[type, ...], str]] = {
    "one": ((str,), "one stage"),
    "tuple": ((list,), "a list of stages"),
    "mapping": ((list, Mapping), "a list of stages, or names with a stage each"),
}
"""What may be written for an input, and how to say so."""


@dataclass(frozen=True)
class Wired:
    """The inputs of one stage.

    Attributes:
        inputs: Parameter name to the stage or stages it takes, for the inputs that are right.
        problems: What is wrong with the others.
        edges: All of them, to be drawn.
    """

    inputs: dict[str, Wiring]
    problems: list[Problem]
    edges: list[Edge]


@dataclass(frozen=True)
class Wire:
    """The inputs of the stages of one pipeline.

    Attributes:
        signatures: Stage name to what it takes and gives.
        refines: Stage name to the stage whose result it makes better, in the order of the pipeline.
    """

    signatures: Mapping[str, Signature]
    refines: Mapping[str, str] = field(default_factory=dict)

    def stage(self, name: str, redirects: Any) -> Wired:
        """The inputs of a stage, and what is wrong with them.

        Args:
            name: The stage.
            redirects: What the config's ``inputs`` says: parameter name to a stage, or several.
        """
        parameters = {p.name: p for p in self.signatures[name].parameters if not is_baselines(p)}
        wired = Wired({}, [], [])
        if not isinstance(redirects, Mapping | None):
            hint = f"write {name}.inputs.PARAMETER=STAGE"
            wired.problems.append(Problem(("inputs",), "'inputs' maps parameters to stages", hint, "wiring"))
            wired.edges.append(Edge(name, "inputs", "", "no mapping"))
            return wired
        for key in redirects or {}:
            if key not in parameters:
                what = unknown("input", key, parameters)
                wired.problems.append(Problem(("inputs", key), what, None, "wiring", True))
                wired.edges.append(Edge(name, str(key), "", "no such input"))
        for parameter in parameters.values():
            self._one(name, parameter, redirects or {}, wired)
        return wired

    def draw(self, edges: list[Edge]) -> str:
        """The stages and these inputs of theirs."""
        return draw({name: signature.returns.__name__ for name, signature in self.signatures.items()}, edges)

    def _one(self, name: str, parameter: Parameter, redirects: Mapping[str, Any], wired: Wired) -> None:
        at: Key = ("use",)
        if parameter.name in redirects:
            written = redirects[parameter.name]
            at = ("inputs", parameter.name)
        elif takes_members(parameter) and name in self.refines:
            written = [self._refined(name, self.refines[name])]
        elif parameter.name == OWN and not parameter.required and self._has_members():
            return  # behind an ensemble one model is no more the model than another, and may be no member at all
        elif parameter.name in self.signatures and parameter.name != name:
            written = self._refined(name, parameter.name)
        else:
            if parameter.required:
                wired.problems.append(self._absent(name, parameter))
                wired.edges.append(Edge(name, parameter.name, "", "no stage of that name"))
            return
        shapes, wanted = SHAPES[parameter.fan_in]
        if not isinstance(written, shapes) or not all(isinstance(stage, str) for _, stage in _items(written)):
            what = f"input '{parameter.name}' takes {wanted}, not {written!r}"
            wired.problems.append(Problem(at, what, self._shape_hint(name, parameter), "wiring"))
            wired.edges.append(Edge(name, parameter.name, "", f"takes {wanted}"))
            return
        problems = list(self._check(name, parameter, written, at, wired.edges))
        wired.problems.extend(problems)
        if not problems:
            wired.inputs[parameter.name] = _shaped(parameter, written)

    def _refined(self, name: str, taken: str) -> str:
        """The stage that has made the result of another better last; of those that do so themselves, the one before."""
        chain = [taken, *(stage for stage, refined in self.refines.items() if refined == taken)]
        return chain[chain.index(name) - 1] if name in chain else chain[-1]

    def _has_members(self) -> bool:
        return any(takes_members(parameter) for name in self.refines for parameter in self.signatures[name].parameters)

    def _fitting(self, parameter: Parameter) -> list[str]:
        """The stages that give what a parameter takes."""
        return [name for name, s in self.signatures.items() if issubclass(s.returns, parameter.type)]

    def _shape_hint(self, name: str, parameter: Parameter) -> str:
        fitting = [stage for stage in self._fitting(parameter) if stage != name]
        if parameter.fan_in != "one":
            return f"write {parameter.name}: [{', '.join(fitting[:2]) or 'STAGE'}]"
        return f"write {parameter.name}: {fitting[0] if fitting else 'STAGE'}"

    def _absent(self, name: str, parameter: Parameter) -> Problem:
        what = f"'{name}' takes an input '{parameter.name}', but the pipeline has no stage of that name"
        if parameter.name == name:
            what = f"'{name}' takes an input of its own name, and a stage cannot wait for itself"
        fitting = [stage for stage in self._fitting(parameter) if stage != name]
        value = fitting[0] if fitting else "STAGE"
        value = value if parameter.fan_in == "one" else f"[{','.join(fitting) or 'STAGE'}]"
        hint = f"redirect it: {name}.inputs.{parameter.name}={value}"
        if parameter.name != name:
            hint = f"add the stage to the pipeline, or {hint}"
        return Problem(("use",), what, hint, "wiring")

    def _check(self, name: str, parameter: Parameter, written: Any, at: Key, edges: list[Edge]) -> Iterator[Problem]:
        seen: set[str] = set()
        for key, stage in _items(written):
            path = (*at, key) if at[0] == "inputs" and key is not None else at
            wrong, what, hint = self._wrong(parameter, stage)
            if stage in seen and not wrong and isinstance(written, list):
                wrong, what = "is there twice", f"input '{parameter.name}' takes '{stage}' twice"
                hint = "write it once"
            seen.add(stage)
            edges.append(Edge(name, parameter.name, stage, wrong))
            if wrong:
                yield Problem(path, what, hint, "wiring")

    def _wrong(self, parameter: Parameter, stage: str) -> tuple[str, str, str | None]:
        """What is wrong with taking this stage, in the drawing and in a sentence, and a hint; empty if nothing is."""
        if stage not in self.signatures:
            return "no such stage", unknown("stage", stage, self.signatures), None
        given = self.signatures[stage].returns
        if not issubclass(given, parameter.type):
            wants = parameter.type.__name__
            what = f"input '{parameter.name}' takes a {wants}, but '{stage}' gives a {given.__name__}"
            fitting = ", ".join(self._fitting(parameter)) or "no stage of this pipeline"
            return f"gives a {given.__name__}, not a {wants}", what, f"a {wants} comes from: {fitting}"
        return "", "", None


def is_baselines(parameter: Parameter) -> bool:
    """Whether the planner fills a parameter with the baselines."""
    return parameter.name == BASELINES and parameter.fan_in == "mapping"


def takes_members(parameter: Parameter) -> bool:
    """Whether a parameter takes the members of an ensemble."""
    return parameter.name == MEMBERS and parameter.fan_in == "mapping"


def _items(written: Any) -> list[tuple[str | int | None, Any]]:
    """The stages that an input names, each with its key below the input's own; no key for the one stage of one."""
    if isinstance(written, Mapping):
        return list(written.items())
    return list(enumerate(written)) if isinstance(written, list) else [(None, written)]


def _shaped(parameter: Parameter, written: Any) -> Wiring:
    if parameter.fan_in == "mapping" and isinstance(written, list):
        return {stage: stage for stage in written}
    return tuple(written) if isinstance(written, list) else written


def cycle(edges: list[Edge]) -> list[str]:
    """The stages of a circle, first and last the same; empty if there is none."""
    inputs: dict[str, list[str]] = {}
    for edge in edges:
        inputs.setdefault(edge.stage, []).append(edge.source)
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for stage in inputs.get(name, ()):
            if found := visit(stage, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in inputs if (found := visit(name, []))), [])


def marked_circle(edges: list[Edge], circle: list[str]) -> list[Edge]:
    """The edges, those of a circle marked."""
    steps = set(itertools.pairwise(circle))
    wrong = "waits in the circle"
    return [replace(e, wrong=e.wrong or wrong) if (e.stage, e.source) in steps else e for e in edges]
