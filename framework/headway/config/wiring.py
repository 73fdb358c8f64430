"""Which stage each input comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headway.config.model import Wiring
from headway.config.schema import Problem
from headway.naming import unknown
from headway.stage import FanIn, Parameter, Signature

BASELINES = "baselines"
"""A mapping parameter of this name is filled by the planner."""

SHAPES: Mapping[FanIn, tuple[tuple[type, ...], str]] = {
    "one": ((str,), "one stage"),
    "tuple": ((list,), "a list of stages"),
    "mapping": ((list, Mapping), "a list of stages, or names with a stage each"),
}
"""What may be written for an input, and how to say so."""


@dataclass(frozen=True)
class Wire:
    """The inputs of the stages of one pipeline.

    Attributes:
        signatures: Stage name to what it takes and gives.
    """

    signatures: Mapping[str, Signature]

    def inputs(self, name: str, redirects: Any) -> tuple[dict[str, Wiring], list[Problem]]:
        """The inputs of a stage, and what is wrong with them.

        Args:
            name: The stage.
            redirects: What the config's ``inputs`` says: parameter name to a stage, or several.
        """
        parameters = {p.name: p for p in self.signatures[name].parameters if not _is_baselines(p)}
        found: dict[str, Wiring] = {}
        if not isinstance(redirects, Mapping | None):
            hint = f"write {name}.inputs.PARAMETER=STAGE"
            return found, [Problem(("inputs",), "'inputs' maps parameters to stages", hint, "wiring")]
        redirects = redirects or {}
        faults = [
            Problem(("inputs", key), unknown("input", key, parameters), None, "wiring", True)
            for key in redirects
            if key not in parameters
        ]
        for parameter in parameters.values():
            wired, problems = self._one(name, parameter, redirects)
            faults += problems
            if wired is not None:
                found[parameter.name] = wired
        return found, faults

    def _one(self, name: str, parameter: Parameter, redirects: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
        if parameter.name in redirects:
            wired = redirects[parameter.name]
            at: tuple[str | int, ...] = ("inputs", parameter.name)
        elif parameter.name in self.signatures and parameter.name != name:
            wired, at = parameter.name, ("use",)
        else:
            return None, list(self._absent(name, parameter))
        problems = list(self._check(name, parameter, wired, at))
        return None if problems else _shaped(parameter, wired), problems

    def _absent(self, name: str, parameter: Parameter) -> Iterator[Problem]:
        if parameter.required:
            yield Problem(
                ("use",),
                f"'{name}' takes an input '{parameter.name}', but the pipeline has no stage of that name",
                f"add it to the pipeline, or redirect: {name}.inputs.{parameter.name}=STAGE",
                "wiring",
            )

    def _check(self, name: str, parameter: Parameter, wired: Any, at: Any) -> Iterator[Problem]:
        shapes, wanted = SHAPES[parameter.fan_in]
        if not isinstance(wired, shapes) or not all(isinstance(stage, str) for stage in _stages(wired)):
            yield Problem(at, f"input '{parameter.name}' takes {wanted}, not {wired!r}", None, "wiring")
            return
        for stage in _stages(wired):
            if stage not in self.signatures:
                yield Problem(at, unknown("stage", str(stage), self.signatures), None, "wiring")
            elif not issubclass(self.signatures[stage].returns, parameter.type):
                given, wants = self.signatures[stage].returns.__name__, parameter.type.__name__
                yield Problem(
                    at, f"input '{parameter.name}' takes a {wants}, but '{stage}' gives a {given}", None, "wiring"
                )


def _is_baselines(parameter: Parameter) -> bool:
    return parameter.name == BASELINES and parameter.fan_in == "mapping"


def _stages(wired: Any) -> list[Any]:
    if isinstance(wired, Mapping):
        return list(wired.values())
    return wired if isinstance(wired, list) else [wired]


def _shaped(parameter: Parameter, wired: Any) -> Wiring:
    if parameter.fan_in == "mapping" and isinstance(wired, list):
        return {stage: stage for stage in wired}
    return tuple(wired) if isinstance(wired, list) else wired


def cycle(inputs: Mapping[str, Mapping[str, Wiring]]) -> list[str]:
    """The stages of a circle, first and last the same; empty if there is none."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for wired in inputs.get(name, {}).values():
            for stage in _stages(list(wired) if isinstance(wired, tuple) else wired):
                if found := visit(stage, [*path, name]):
                    return found
        done.add(name)
        return []

    return next((found for name in inputs if (found := visit(name, []))), [])
