"""What an expression of the closed language means, whatever library computes it."""

from __future__ import annotations

import ast
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, Generic, TypeVar

from headway.contracts.expressions.grammar import Expression

V = TypeVar("V")

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: (a / b).floor(),
    ast.Mod: lambda a, b: a - b * (a / b).floor(),
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Algebra(ABC, Generic[V]):
    """Computes expressions on the float64 values of one library.

    Every operator gives missing for a missing operand; comparisons and logic give 1.0 or 0.0 otherwise. ``//`` and
    ``%`` round down, as Python's. Values know Python's operators and ``floor()``; their comparisons know ``&``
    and ``|``.
    """

    @abstractmethod
    def column(self, name: str) -> V:
        """The values of a column."""

    @abstractmethod
    def constant(self, number: float) -> V:
        """The same number in every row."""

    @abstractmethod
    def known(self, value: V) -> V:
        """The result of arithmetic, with what is missing written as the library writes it."""

    @abstractmethod
    def truth(self, holds: Any, of: Sequence[V]) -> V:
        """1.0 where something said `of` these values holds, 0.0 where it does not; missing where one of them is."""

    def value(self, expression: Expression) -> V:
        """The values of an expression."""
        return self._value(expression.tree, expression)

    def _value(self, node: ast.expr, expression: Expression) -> V:
        if isinstance(node, ast.Name):
            return self.column(expression.column(node))
        if isinstance(node, ast.Constant):
            return self.constant(float(node.value))  # type: ignore[arg-type]  # the checker lets only numbers by
        parts: list[Any] = [self._value(part, expression) for part in _parts(node)]
        if isinstance(node, ast.BinOp):
            return self.known(BINARY[type(node.op)](*parts))
        if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            signed: V = -parts[0] if isinstance(node.op, ast.USub) else parts[0]
            return signed
        return self.truth(_holds(node, parts), parts)


def _parts(node: ast.expr) -> list[ast.expr]:
    """The operands of a node."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    return [node.operand] if isinstance(node, ast.UnaryOp) else node.values  # type: ignore[attr-defined]


def _holds(node: ast.expr, parts: Sequence[Any]) -> Any:
    """What a comparison or logic says of its operands."""
    if isinstance(node, ast.Compare):
        said = zip(node.ops, pairwise(parts), strict=True)
        return reduce(operator.and_, [COMPARE[type(op)](a, b) for op, (a, b) in said])
    if isinstance(node, ast.UnaryOp):
        return parts[0] == 0
    every = isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And)
    return reduce(operator.and_ if every else operator.or_, [part != 0 for part in parts])
