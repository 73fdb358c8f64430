"""Under which condition a parameter is searched."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headway.naming import unknown

from headway_optuna.space.distributions import Choice, Distribution, Float, Int
from headway_optuna.space.expressions import (
    Expression,
    comparisons,
    constants,
    dotted,
    evaluated,
    fault,
    names_in,
    read,
    span,
)

FEW = 1000
"""Values that are all tried."""
MOST = 20_000
"""Combinations of values that a condition is tried with."""


@dataclass(frozen=True)
class Condition:
    """Under which condition a parameter is searched.

    Attributes:
        expression: The text, read.
    """

    expression: Expression

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters it depends on."""
        return tuple(dict.fromkeys(name.name for name in self.expression.names))

    def holds(self, params: Mapping[str, Any]) -> bool:
        """Whether it holds; not if a parameter of it is not searched, or if its values cannot be compared.

        Args:
            params: Parameter to value, without those that are not searched.
        """
        if not all(name in params for name in self.names):
            return False
        try:
            return bool(self.expression.value(params))
        except TypeError:  # null is neither more nor less than a number
            return False

    def samples(self, distribution: Distribution) -> Iterator[Any]:
        """Values of one of its parameters among which it changes, if it does."""
        return samples(distribution, self.expression.tree)

    def __str__(self) -> str:
        return " ".join(self.expression.text.split())


def condition(text: str, distributions: Mapping[str, Distribution | None]) -> Condition:
    """Reads a condition.

    Args:
        text: What was written.
        distributions: The parameters; None for one that is a fault itself.

    Raises:
        HeadwayError: It is none, names what is no parameter, or can never hold; its place is a column of the text.
    """
    expression = read(text, arithmetic=False)
    for name in expression.names:
        if name.name not in distributions:
            hint = _unquoted(name.name, distributions)
            what = unknown("parameter", name.name, distributions)
            raise fault(text, what, hint, name.start, len(name.name), "unknown-parameter")
    if not expression.names:
        raise fault(text, f"{text} depends on no parameter", "compare one: model == 'mlp'", 0, len(text))
    if not _is_truth(expression.tree, distributions):
        raise fault(text, f"{text} is neither true nor false", "write a comparison: model == 'mlp'", 0, len(text))
    _possible(expression, distributions)
    return Condition(expression)


def _unquoted(name: str, distributions: Mapping[str, Distribution | None]) -> str:
    options = (option for each in distributions.values() if isinstance(each, Choice) for option in each.options)
    if name in options:
        return f"a text is written in quotes: '{name}'"
    return "a condition depends on parameters that are searched, not on other keys of the config"


def _is_truth(node: ast.expr, distributions: Mapping[str, Distribution | None]) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(_is_truth(each, distributions) for each in node.values)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _is_truth(node.operand, distributions)
    found = distributions.get(dotted(node) or "", 0)
    truths = found is None or (isinstance(found, Choice) and all(isinstance(each, bool) for each in found.options))
    return isinstance(node, ast.Compare) or truths


def _possible(expression: Expression, distributions: Mapping[str, Distribution | None]) -> None:
    """Raises if a condition holds for no values, each comparison with a constant tried by itself first."""
    text = expression.text
    for part in comparisons(expression.tree):
        _options(part, text, distributions)
        _check(part, text, distributions)
    _check(expression.tree, text, distributions)


def _options(part: ast.Compare, text: str, distributions: Mapping[str, Distribution | None]) -> None:
    """Raises if a choice of texts is compared with a text that is none of them, be it for being unequal."""
    sides = [part.left, *part.comparators]
    names = [name for side in sides if (name := dotted(side)) in distributions and name is not None]
    found = distributions[names[0]] if len(names) == 1 else None
    if not isinstance(found, Choice) or any(isinstance(option, list | dict) for option in found.options):
        return
    for node in constants(part):
        if isinstance(node.value, str) and node.value not in found.options:
            texts = [option for option in found.options if isinstance(option, str)]
            what = unknown(f"option of {names[0]}", node.value, texts)
            start, width = span(text, node)
            raise fault(text, what, f"it is {found}", start, width, "never")


def _check(tree: ast.expr, text: str, distributions: Mapping[str, Distribution | None]) -> None:
    names = list(dict.fromkeys(names_in(tree)))
    known = [distributions[name] for name in names]
    if any(isinstance(each, Float | Int) for each in known) and len(known) > 1:
        return  # two numbers may be equal anywhere
    tried = [list(samples(each, tree)) for each in known if each is not None]
    if len(tried) < len(names) or math.prod(map(len, tried)) > MOST:
        return
    if not any(_holds(tree, dict(zip(names, values, strict=True))) for values in itertools.product(*tried)):
        start, width = span(text, tree)
        raise fault(text, f"{text[start : start + width]} never holds", _advice(known), start, width, "never")


def _holds(tree: ast.expr, values: Mapping[Any, Any]) -> bool:
    try:
        return bool(evaluated(tree, values))
    except TypeError:
        return False


def samples(distribution: Distribution, tree: ast.expr) -> Iterator[Any]:
    """Values between which a comparison with the numbers of an expression can change: all of them if they are few."""
    if distribution.size is not None and distribution.size <= FEW:
        yield from distribution.values()
        return
    yield from distribution.probes()
    for node in constants(tree):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            near = (*_around(distribution, node.value), *_around(distribution, -node.value))
            yield from (each for each in near if distribution.misfit(each) is None)


def _around(distribution: Distribution, value: float) -> Iterator[float]:
    """The value next to a number and those beside it, of a distribution or not."""
    if isinstance(distribution, Choice):
        return
    if distribution.step is None:
        yield from (math.nextafter(value, -math.inf), float(value), math.nextafter(value, math.inf))
        return
    index = round((value - distribution.low) / distribution.step)
    for each in range(index - 2, index + 3):
        yield distribution.exact(distribution.low + each * distribution.step)


def _advice(known: list[Distribution | None]) -> str | None:
    """What there is."""
    return next((f"it is {each}" for each in known if each is not None), None)
