"""Baselines: further models, checked as variants of the model stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headway.config.defaults import RESERVED
from headway.config.hints import dataclasses_of, hints_of
from headway.config.model import StageConfig
from headway.config.nodes import Built, Nodes
from headway.config.origins import Key
from headway.config.report import Report
from headway.config.schema import Problem
from headway.config.tree import Tree
from headway.naming import unknown

if TYPE_CHECKING:
    from headway.config.model import Wiring

Variant = tuple[str, Built]
"""The registered name of a baseline, and what it configures."""


class Baselines:
    """Checks the baselines of one config.

    Args:
        report: Where faults are noted.
        nodes: What builds stages.
    """

    def __init__(self, report: Report, nodes: Nodes) -> None:
        self._report = report
        self._config = report.config
        self._nodes = nodes

    def check(self, inputs: Mapping[str, Wiring], *, with_model: bool) -> dict[str, StageConfig]:
        """Name to the variant of the model stage.

        Args:
            inputs: What the model stage takes, and so each baseline.
            with_model: Whether the pipeline has a model stage.
        """
        written = self._config.tree.root.get("baselines")
        found: dict[str, StageConfig] = {}
        seen: set[str] = set()
        for index, item in enumerate(written if isinstance(written, list) else ()):
            at: Key = ("baselines", index)
            name, values = _split(item)
            if name is None:
                hint = "write a model's name, or one name with its fields: {linear: {C: 0.1}}"
                self._report.add(at, f"baselines.{index} names no model", hint, "baseline")
            elif name in seen:
                hint = "give the second one an option of its own: configs/model/NAME.yaml"
                self._report.add(at, f"the baseline '{name}' is there twice", hint, "baseline")
            elif not with_model:
                what = "baselines are models, but the pipeline has no 'model'"
                self._report.add(at, what, "add the stage to the pipeline, or write baselines: []", "baseline")
            elif variant := self._variant((*at, name), name, values):
                use, made = variant
                at = (*at, name)
                found[name] = StageConfig("model", "model", use, made.stage, made.values, inputs, at, made.parts)
            seen.add(name or "")
        return found

    def _variant(self, at: Key, name: str, values: Mapping[str, Any]) -> Variant | None:
        option = self._config.options.get(name)
        node = option.get(("model",)) if option else None
        cls = self._nodes.registered("model", node)
        if option is None or cls is None:
            if not self._config.incomplete:
                names = {*self._nodes.names("model"), *self._config.options} - {name}
                self._report.add(at[:2], unknown("model", name, names), self._nodes.broken_hint(), "unknown-baseline")
            return None
        for key in values.keys() & RESERVED:
            what = f"a baseline sets fields; '{key}' is none"
            self._report.add((*at, key), what, None, "baseline", of_key=True)
        node = _over(option, cls, values, ("model",))
        made, found = self._nodes.made(cls, node)
        for problem in found:
            self._problem(at, option, values, problem)
        return None if made is None else (str(node["use"]), made)

    def _problem(self, at: Key, option: Tree, values: Mapping[str, Any], problem: Problem) -> None:
        """Tells of a baseline's fault where it was written: in the list, or in the option's own file."""
        origin = option.origin(("model", *problem.path))
        if (problem.path[:1] and problem.path[0] in values) or origin is None or origin.file is None:
            where = self._config.place((*at, *problem.path), of_key=problem.of_key)
        else:
            where = origin.place(self._config.project, of_key=problem.of_key)
        self._report.at(where, ("baselines", at[-1]), problem, problem.hint)


def _split(item: Any) -> tuple[str | None, Mapping[str, Any]]:
    """The name and the fields of a baseline; no name if it is neither a name nor one name with fields."""
    if isinstance(item, str):
        return item, {}
    if isinstance(item, Mapping) and len(item) == 1:
        ((name, values),) = item.items()
        if isinstance(name, str) and isinstance(values, Mapping | None):
            return name, values or {}
    return None, {}


def _over(option: Tree, cls: type | None, values: Mapping[str, Any], at: Key) -> dict[str, Any]:
    """The values laid over those of an option; mappings merge, but values replace mappings that are defaults.

    Args:
        option: The option's values, with defaults.
        cls: The dataclass that the values are fields of, if they are.
        values: What is laid over them.
        at: Their path in the option.
    """
    merged = dict(option.get(at) or {})
    for key, value in values.items():
        inner = (*at, key)
        held = dataclasses_of(hints_of(cls).get(key)) if cls is not None else []
        is_written = any(path[: len(inner)] == inner for path in option.origins)
        if isinstance(merged.get(key), Mapping) and isinstance(value, Mapping) and (held or is_written):
            value = _over(option, held[0] if len(held) == 1 else None, value, inner)
        merged[key] = value
    return merged
