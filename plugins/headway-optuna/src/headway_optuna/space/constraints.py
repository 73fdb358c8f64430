"""What must hold of the parameters and metrics of a trial."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from headway.errors import DataError
from headway.naming import unknown

from headway_optuna.space.distributions import Choice, Distribution
from headway_optuna.space.expressions import Expression, evaluated, fault, read

SEEN = ("validation", "train")
"""Splits whose metrics a search may look at."""
MOST = 1e300
"""A violation without bound, as a number that journals can hold."""


@dataclass(frozen=True)
class Constraint:
    """What must hold of the parameters and metrics of a trial.

    Attributes:
        expression: The text, read.
        parameters: The parameters in it.
        metrics: The metrics in it.
    """

    expression: Expression
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]

    @property
    def needs_metrics(self) -> bool:
        """Whether it can only be told once the trial has run."""
        return bool(self.metrics)

    def violation(self, params: Mapping[str, Any], metrics: Mapping[str, float]) -> float:
        """How far it is from holding; at most 0 if it holds, as it does if a parameter of it is not searched.

        Args:
            params: Parameter to value.
            metrics: Metric to value; more than the constraint's are ignored.

        Raises:
            DataError: A metric of it is not there.
        """
        if not all(name in params for name in self.parameters):
            return 0.0
        missing = [name for name in self.metrics if name not in metrics]
        if missing:
            what = f"the constraint {self} cannot be told: {unknown('metric', missing[0], metrics)}"
            raise DataError(what, code="unknown-metric")
        values = {name: float((params if name in params else metrics)[name]) for name in self._names}
        try:
            left, right = (float(evaluated(side, values)) for side in (self._tree.left, self._tree.comparators[0]))
        except (ZeroDivisionError, OverflowError):
            return MOST
        return min(_distance(left, right, self._tree.ops[0]), MOST)

    @property
    def _tree(self) -> ast.Compare:
        """What it says; `constraint` has seen to it that this is one comparison."""
        return cast("ast.Compare", self.expression.tree)

    @property
    def _names(self) -> tuple[str, ...]:
        return (*self.parameters, *self.metrics)

    def __str__(self) -> str:
        return " ".join(self.expression.text.split())


def _distance(left: float, right: float, sign: ast.cmpop) -> float:
    """How far the sides are from the comparison."""
    low, high = (left, right) if isinstance(sign, ast.Lt | ast.LtE) else (right, left)
    distance = 0.0 if low == high else low - high
    if math.isnan(distance):
        return math.inf
    is_strict = isinstance(sign, ast.Lt | ast.Gt)
    return sys.float_info.min if is_strict and distance == 0 else distance


def constraint(text: str, distributions: Mapping[str, Distribution | None]) -> Constraint:
    """Reads a constraint.

    Args:
        text: What was written.
        distributions: The parameters; None for one that is a fault itself.

    Raises:
        HeadwayError: It is none, or names what a search may not look at; its place is a column of the text.
    """
    expression = read(text, arithmetic=True)
    _compares(expression)
    parameters, metrics = [], []
    for name in expression.names:
        if name.name in distributions:
            _numeric(text, name.name, name.start, distributions[name.name])
            parameters.append(name.name)
        else:
            _metric(text, name.name, name.start, distributions)
            metrics.append(name.name)
    if not expression.names:
        raise fault(text, f"{text} depends on nothing", "name parameters or metrics in it", 0, len(text))
    return Constraint(expression, tuple(dict.fromkeys(parameters)), tuple(dict.fromkeys(metrics)))


def _compares(expression: Expression) -> None:
    tree, text = expression.tree, expression.text
    hint = "write A <= B or A >= B"
    if not isinstance(tree, ast.Compare):
        raise fault(text, f"{text} compares nothing", hint, 0, len(text))
    if len(tree.ops) > 1:
        raise fault(text, f"{text} compares several things", "write a constraint for each", 0, len(text))
    if isinstance(tree.ops[0], ast.Eq | ast.NotEq):
        what = "equality is a constraint that samples do not meet, and cannot be approached step by step"
        raise fault(text, what, f"{hint}, with some room", 0, len(text))
    if not isinstance(tree.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE) or any(
        isinstance(each, ast.Compare) for side in (tree.left, *tree.comparators) for each in ast.walk(side)
    ):
        raise fault(text, f"{text} is no comparison of numbers", hint, 0, len(text))


def _numeric(text: str, name: str, start: int, distribution: Distribution | None) -> None:
    if isinstance(distribution, Choice):
        wrong = [o for o in distribution.options if isinstance(o, bool) or not isinstance(o, int | float)]
        if wrong:
            what = f"{name} is no number: {distribution}"
            raise fault(text, what, "a condition under `when` may depend on it", start, len(name))


def _metric(text: str, name: str, start: int, known: Mapping[str, Distribution | None]) -> None:
    parts = name.split(".")
    splits = [part for part in parts[:-1][:2] if part in (*SEEN, "test")]
    if splits[:1] == ["test"]:
        what = f"{name} is measured on the test split, and a search that looks at it leaves nothing to test with"
        raise fault(text, what, f"write {name.replace('test', 'validation', 1)}", start, len(name), "test-split")
    if not splits:
        hint = "a constraint is of parameters that are searched, and of metrics such as validation.auroc"
        raise fault(text, unknown("parameter", name, known), hint, start, len(name), "unknown-parameter")
