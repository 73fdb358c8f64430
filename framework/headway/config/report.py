"""The faults of one config, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from headway.config.fixes import QUOTES
from headway.config.hydraisms import INSTANTIATE
from headway.config.model import Config
from headway.config.origins import Key, within
from headway.config.public import mask_fault
from headway.config.references import came_from, reference
from headway.config.schema import Problem, dotted
from headway.errors import ConfigError, HeadwayError, Place


@dataclass
class Report:
    """What was found so far.

    Attributes:
        config: What is checked.
        faults: What was found, composing included.
        bad_seed: Whether the run's seed is wrong, so that stages that take it are not told of.
    """

    config: Config
    faults: list[HeadwayError] = field(default_factory=list)
    bad_seed: bool = False
    _taken: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.faults += self.config.faults

    def add(self, at: Key, what: str, hint: str | None, code: str, *, of_key: bool = False, note: str = "") -> None:
        """Notes a fault at a path of the config."""
        where = self.config.place(at, of_key=of_key)
        self.faults.append(HeadwayError(what, where=where, hint=hint, code=code, note=note))

    def at(self, place: Place | None, node: Key, problem: Problem, hint: str | None) -> None:
        """Notes a problem with the value of a node that was written at a place."""
        where = within(place, problem.text, *problem.span) if place and problem.span else place
        self.faults.append(HeadwayError(named(node, problem), where=where, hint=hint, code=problem.code))

    def problem(self, node: Key, problem: Problem) -> None:
        """Notes a problem with the value of a node, unless another fault says why it is wrong."""
        at = (*node, *problem.path)
        if self._is_told(at, problem):
            return
        taken = reference(self.config.tree, at[:-1]) if problem.of_key else None
        if taken is not None:  # the keys are another node's, so that one fault says it all
            if taken not in self._taken:
                self._taken.add(taken)
                what = f"{dotted(taken)} takes all of {self.config.tree.written[taken]}, but '{at[-1]}' is no key here"
                self.add(taken, what, came_from(self.config, taken), problem.code)
            return
        hints = [hint for hint in (self._quoted(at, problem.hint), self._source(at, problem)) if hint]
        self.at(self.config.place(at, of_key=problem.of_key), node, problem, "; ".join(hints) or None)

    def _source(self, at: Key, problem: Problem) -> str | None:
        return None if problem.of_key else came_from(self.config, at)

    def _quoted(self, at: Key, hint: str | None) -> str | None:
        """Advice about quotes, as the command line needs it: the shell takes the outer ones away."""
        origin, value = self.config.tree.origins.get(at), self.config.tree.get(at)
        if hint and origin is not None and origin.file is None and QUOTES in hint:
            return hint.replace(f"{QUOTES}: '{value}'", f"write \"{dotted(at)}='{value}'\"")
        return hint

    def _is_told(self, at: Key, problem: Problem) -> bool:
        """Whether another fault says why the value is wrong: an interpolation, a bad seed, or ``_target_``."""
        tree = self.config.tree
        lost = any(at[: len(u)] == u or u[: len(at)] == at for u in self.config.unresolved)
        copied = self.bad_seed and at not in tree.origins and tree.get(at) == tree.root.get("seed")
        return problem.path[-1:] in {(key,) for key in INSTANTIATE} or (not problem.of_key and (lost or copied))

    def error(self, secrets: Iterable[str]) -> ConfigError:
        """All faults in the order of their places, with no secret in them."""
        hidden = list(secrets)
        faults = sorted(self.faults, key=self.order)
        return ConfigError([mask_fault(fault, hidden) for fault in faults])

    def order(self, fault: HeadwayError) -> tuple[str, int, int]:
        """Where a fault stands in the report."""
        where, words = fault.where or Place(""), self.config.overrides
        line = words.index(where.text) if where.line is None and where.text in words else where.line
        return where.source, line or 0, where.column or 0


def named(node: Key, problem: Problem) -> str:
    """A problem with the node it is in: ``model.layers.1 is …`` or ``model: unknown key …``."""
    around = (*node, *(problem.path[:-1] if problem.code == "unknown-key" else problem.inner))
    path = problem.path[len(problem.inner) :]
    begins = any(problem.what.startswith(f"{dotted(path[:end])} ") for end in range(1, len(path) + 1))
    joint = "." if begins and not problem.code.startswith("unknown") else ": "
    return f"{dotted(around)}{joint}{problem.what}" if around else problem.what
