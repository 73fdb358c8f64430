"""Which columns go which way: decided from the config and the schema, before any row is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headway import Context
from headway.contracts import NUMBERS, Column, Expression, Lookup, Schema, parse_expression
from headway.errors import HeadwayError
from headway.stage import build_used

from headway_tabular.features.left_out import no_features
from headway_tabular.features.selectors import Candidates, fault
from headway_tabular.transforms import Transform, Vocabulary

if TYPE_CHECKING:
    from headway_tabular.tabular import Tabular

WORDS = ("categorical", "text")
"""Kinds of strings that can be features."""

DEFAULTS: Mapping[str, tuple[str, ...]] = {"number": ("impute", "scale"), "code": ("vocabulary",)}
"""Transforms of columns that no selector matches, by what they hold; timestamps have none, nor have texts."""


@dataclass(frozen=True)
class Step:
    """A transform of a chain.

    Attributes:
        name: Its registered name.
        transform: What it is.
    """

    name: str
    transform: Transform


@dataclass(frozen=True)
class Branch:
    """Columns that go through the same transforms side by side.

    Attributes:
        at: The config key that says so, for errors.
        kind: What they hold at first: ``number``, ``code`` or ``time``.
        columns: Their names.
        steps: The transforms; of codes without the vocabulary.
        vocabulary: For codes: which values get one.
    """

    at: str
    kind: str
    columns: tuple[str, ...]
    steps: tuple[Step, ...]
    vocabulary: Vocabulary = field(default_factory=Vocabulary)


@dataclass(frozen=True)
class Layout:
    """What the graph takes, and what becomes of it.

    Attributes:
        columns: The raw columns it takes.
        expressions: Derived columns.
        crosses: Crossed columns, and of which columns.
        branches: All features, in the order in which the arrays have them.
    """

    columns: tuple[Column, ...]
    expressions: Mapping[str, Expression]
    crosses: Mapping[str, tuple[str, ...]]
    branches: tuple[Branch, ...]

    def of(self, *kinds: str) -> list[Column]:
        """The raw columns of some kinds."""
        return [column for column in self.columns if column.kind in kinds]


def plan_layout(stage: Tabular, schema: Schema, context: Context) -> Layout:
    """Decides what becomes of each column; raises `DataError` for whatever does not fit."""
    planner = _Planner(stage, schema, context.registry)
    branches = planner.branches()
    if planner.left:
        names = ", ".join(f"{name} ({planner.candidates.kinds[name]})" for name in planner.left)
        context.log.info("left out: %s; features.columns can give them transforms", names)
    if not branches:
        raise no_features(schema, planner.candidates, planner.features)
    used = planner.used(branches)
    columns = tuple(column for column in schema.inputs if column.name in used)
    return Layout(columns, planner.expressions, dict(planner.stage.cross), branches)


@dataclass
class _Planner:
    stage: Tabular
    schema: Schema
    registry: Lookup
    left: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inputs = {column.name: column.kind for column in self.schema.inputs}
        self.numbers = [name for name, kind in self.inputs.items() if kind in NUMBERS]
        self.expressions = dict(self._expressions())
        self._check_crosses()
        derived = dict.fromkeys(self.expressions, "numeric") | dict.fromkeys(self.stage.cross, "categorical")
        self.candidates = Candidates(self.inputs | derived, hidden_of(self.schema), frozenset(derived))
        self.features = self._features()

    def _expressions(self) -> Iterator[tuple[str, Expression]]:
        known, hidden = set(self.numbers), hidden_of(self.schema)
        for name, text in self.stage.derive.items():
            at = f"features.derive.{name}"
            self._check_new(name, at)
            yield name, _parsed(text, at, known, set(self.inputs) - known, hidden)
            known.add(name)

    def _check_new(self, name: str, at: str) -> None:
        if name in self.schema.by_name:
            raise fault(at, "the data have a column of that name", hint="choose another", code="derive")

    def _check_crosses(self) -> None:
        known = Candidates(self.inputs, hidden_of(self.schema), frozenset())
        for name, parts in self.stage.cross.items():
            at = f"features.cross.{name}"
            self._check_new(name, at)
            for part in parts:
                known.require(part, at)
                if self.inputs[part] not in WORDS:
                    raise fault(
                        at, f"'{part}' is {self.inputs[part]}, a cross is of categories",
                        hint=f"declare it: data.kinds.{part}=categorical", code="cross",
                    )  # fmt: skip

    def _features(self) -> list[str]:
        dropped = self._matched(self.stage.drop, "features.drop")
        names = [name for name in self.candidates.kinds if name not in dropped]
        if not self.stage.only:
            return names
        wanted = self._matched(self.stage.only, "features.only") | self.candidates.extra
        return [name for name in names if name in wanted]

    def _matched(self, selectors: tuple[str, ...], at: str) -> set[str]:
        return {name for selector in selectors for name in self.candidates.chosen(selector, at)}

    def branches(self) -> tuple[Branch, ...]:
        """One for each selector and what its columns hold, in the order of their first columns."""
        rules, grouped = self._rules(), dict[tuple[str, str], list[str]]()
        for name in self.features:
            kind = _holds(self.candidates.kinds[name])
            if name in rules:
                grouped.setdefault((rules[name], kind), []).append(name)
            elif kind in DEFAULTS and self.candidates.kinds[name] != "text":
                grouped.setdefault(("", kind), []).append(name)
            else:
                self.left.append(name)
        return tuple(self._branch(selector, kind, tuple(names)) for (selector, kind), names in grouped.items())

    def _rules(self) -> dict[str, str]:
        """The selector that each column follows."""
        found: dict[str, tuple[int, str]] = {}
        for selector in self.stage.columns:
            at = f"features.columns.{selector}"
            rank = self.candidates.rank(selector)
            for name in self.candidates.chosen(selector, at):
                if rank == 2 and name not in self.features:
                    raise fault(at, f"'{name}' is left out by features.drop or features.only", code="dropped-column")
                if rank >= found.get(name, (0, ""))[0]:
                    found[name] = (rank, selector)
        return {name: selector for name, (_, selector) in found.items()}

    def _branch(self, selector: str, kind: str, names: tuple[str, ...]) -> Branch:
        at = f"features.columns.{selector}" if selector else "features.columns"
        chain = self.stage.columns[selector] if selector else DEFAULTS[kind]
        steps = [self._step(value, at) for value in chain]
        if kind == "":
            raise fault(at, f"'{names[0]}' is {self.candidates.kinds[names[0]]}, which has no transforms", code="kind")
        if kind != "code":
            return Branch(at, kind, names, _checked(steps, kind, names, at))
        if steps and isinstance(steps[0].transform, Vocabulary):
            return Branch(at, kind, names, _checked(steps[1:], kind, names, at), steps[0].transform)
        return Branch(at, kind, names, _checked(steps, kind, names, at))

    def _step(self, value: Any, at: str) -> Step:
        try:
            transform: Transform = build_used(value, "transform", self.registry)
        except HeadwayError as error:
            raise fault(at, error.what, hint=error.hint, code=error.code) from error
        return Step(value if isinstance(value, str) else next(iter(value)), transform)

    def used(self, branches: tuple[Branch, ...]) -> set[str]:
        """The names that the features need, whether features themselves or not."""
        waiting, found = [name for branch in branches for name in branch.columns], set[str]()
        while waiting:
            name = waiting.pop()
            found.add(name)
            parts = self.stage.cross.get(name, ())
            waiting += [*parts, *(self.expressions[name].columns if name in self.expressions else ())]
        return found


def _holds(kind: str) -> str:
    if kind in NUMBERS:
        return "number"
    return "code" if kind in WORDS else "time" if kind == "timestamp" else ""


def _checked(steps: list[Step], kind: str, names: tuple[str, ...], at: str) -> tuple[Step, ...]:
    if any(isinstance(step.transform, Vocabulary) for step in steps):
        raise fault(
            at, f"'{names[0]}' has a vocabulary where it holds no strings",
            hint=f"it comes first, and of numbers declare data.kinds.{names[0]}=categorical", code="vocabulary",
        )  # fmt: skip
    if steps:
        check_takes(steps[0], kind, names, at)
    return tuple(steps)


def check_takes(step: Step, kind: str, names: tuple[str, ...], at: str) -> None:
    """Raises `DataError` if a transform is given what it does not take."""
    if kind not in step.transform.takes:
        takes = " or ".join(f"{each}s" for each in step.transform.takes)
        raise fault(
            at, f"{step.name} takes {takes}, it is given {kind}s: {', '.join(names[:5])}",
            hint="change the order of the transforms, or data.kinds", code="transform-kind",
        )  # fmt: skip


def _parsed(text: str, at: str, known: set[str], others: set[str], hidden: Mapping[str, str]) -> Expression:
    free = parse_expression(text, at)
    if not free.columns:
        raise fault(
            at, f"'{text}' uses no column", hint="a column that is always the same teaches nothing", code="derive"
        )
    secret = sorted(free.columns & hidden.keys() - known)
    if secret:
        raise fault(at, f"'{secret[0]}' {hidden[secret[0]]}, so it is never a feature", code="hidden-column")
    return parse_expression(text, at, known, others)


def hidden_of(schema: Schema) -> dict[str, str]:
    """Columns that are never inputs, and why."""
    hidden = {c.name: "identifies its row" for c in schema.columns if c.kind == "identifier"}
    hidden |= dict.fromkeys(schema.late, "is known only after the moment of prediction (data.available_at)")
    hidden |= {name: f"is data.{role}" for role, name in (("group", schema.group), ("weight", schema.weight)) if name}
    return hidden | {target.column: "is the target" for target in schema.targets if target.horizon is None}
