"""Variants of the model stage: further models by the names of options, such as baselines and members of ensembles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
"""The registered name of a model, and what it configures."""


class Variants:
    """Checks the models of one list.

    Args:
        report: Where faults are noted.
        nodes: What builds stages.
        at: The path of the list.
        noun: What its items are: ``baseline`` or ``member``.
    """

    def __init__(self, report: Report, nodes: Nodes, at: Key, noun: str) -> None:
        self._report = report
        self._config = report.config
        self._nodes = nodes
        self._at = at
        self._noun = noun

    def items(self, *, with_model: bool) -> Iterator[tuple[Key, str]]:
        """The path and the name of each model that the list names; what is wrong with others is told.

        Args:
            with_model: Whether the pipeline has a model stage.
        """
        written = self._config.tree.get(self._at)
        seen: set[str] = set()
        for index, item in enumerate(written if isinstance(written, list) else ()):
            at: Key = (*self._at, index)
            name, _ = split(item)
            if name is None:
                hint = "write a model's name, or one name with its fields: {linear: {C: 0.1}}"
                self._report.add(at, f"{'.'.join(map(str, at))} names no model", hint, self._noun)
            elif name in seen:
                hint = "give the second one an option of its own: configs/model/NAME.yaml"
                self._report.add(at, f"the {self._noun} '{name}' is there twice", hint, self._noun)
            elif not with_model:
                what = f"{self._noun}s are models, but the pipeline has no 'model'"
                hint = f"add the stage to the pipeline, or write {'.'.join(map(str, self._at))}: []"
                self._report.add(at, what, hint, self._noun)
            else:
                yield at, name
            seen.add(name or "")

    def stage(self, at: Key, name: str, inputs: Mapping[str, Wiring]) -> StageConfig | None:
        """The variant that an item of the list is; None if something is wrong with it.

        Args:
            at: The item's path.
            name: The model that it names.
            inputs: What the model stage takes.
        """
        _, values = split(self._config.tree.get(at))
        at = (*at, name)
        variant = self._variant(at, name, values)
        if variant is None:
            return None
        use, made = variant
        return StageConfig("model", "model", use, made.stage, made.values, inputs, at, made.parts)

    def _variant(self, at: Key, name: str, values: Mapping[str, Any]) -> Variant | None:
        option = self._config.options.get(name)
        node = option.get(("model",)) if option else None
        cls = self._nodes.registered("model", node)
        if option is None or cls is None:
            if not self._config.incomplete:
                names = {*self._nodes.names("model"), *self._config.options} - {name}
                what = unknown("model", name, names)
                self._report.add(at[:-1], what, self._nodes.broken_hint(), f"unknown-{self._noun}")
            return None
        for key in values.keys() & RESERVED:
            what = f"a {self._noun} sets fields; '{key}' is none"
            self._report.add((*at, key), what, None, self._noun, of_key=True)
        node = _over(option, cls, values, ("model",))
        made, found = self._nodes.made(cls, node)
        for problem in found:
            self._problem(at, option, values, problem)
        return None if made is None else (str(node["use"]), made)

    def _problem(self, at: Key, option: Tree, values: Mapping[str, Any], problem: Problem) -> None:
        """Tells of a fault where it was written: in the list, or in the option's own file."""
        origin = option.origin(("model", *problem.path))
        if (problem.path[:1] and problem.path[0] in values) or origin is None or origin.file is None:
            where = self._config.place((*at, *problem.path), of_key=problem.of_key)
        else:
            where = origin.place(self._config.project, of_key=problem.of_key)
        self._report.at(where, (*self._at, at[-1]), problem, problem.hint)


def split(item: Any) -> tuple[str | None, Mapping[str, Any]]:
    """The name and the fields of a model in a list; no name if it is neither a name nor one name with fields."""
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
