"""Derived columns in a graph: expressions of the closed language as torch operations.

Values are float64 with NaN for missing. Every operator gives missing for a missing operand; comparisons and
logic give 1.0 or 0.0 otherwise. ``//`` and ``%`` round down, as Python's.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.contracts import Expression

if TYPE_CHECKING:
    import torch

BINARY = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: (a / b).floor(),
    ast.Mod: lambda a, b: a - b * (a / b).floor(),
}
COMPARE = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


def evaluate(expression: Expression, columns: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The derived column, float64 of shape (rows,), from columns of the same kind; at least one."""
    return _Evaluator(columns, expression).value(expression.tree)


@dataclass(frozen=True)
class _Evaluator:
    columns: Mapping[str, torch.Tensor]
    expression: Expression

    def value(self, node: ast.expr) -> torch.Tensor:
        if isinstance(node, ast.Name):
            return self.columns[self.expression.column(node)]
        if isinstance(node, ast.Constant):
            return self._constant(float(node.value))  # type: ignore[arg-type]  # the checker let only numbers pass
        if isinstance(node, ast.BinOp):
            return BINARY[type(node.op)](self.value(node.left), self.value(node.right))  # type: ignore[index]
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BoolOp):
            return self._logic(node)
        return self._compare(node)  # type: ignore[arg-type]

    def _constant(self, number: float) -> torch.Tensor:
        import torch

        # As a tensor: the exporter rounds numbers that stand in an expression, or in full_like, to float32.
        return torch.tensor(number, dtype=torch.float64).expand_as(next(iter(self.columns.values())))

    def _unary(self, node: ast.UnaryOp) -> torch.Tensor:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return _truth(lambda a: a == 0, value)
        return -value if isinstance(node.op, ast.USub) else value

    def _logic(self, node: ast.BoolOp) -> torch.Tensor:
        values = [self.value(item) for item in node.values]
        every = isinstance(node.op, ast.And)
        return _truth(lambda *parts: _combine([part != 0 for part in parts], every=every), *values)

    def _compare(self, node: ast.Compare) -> torch.Tensor:
        values = [self.value(item) for item in (node.left, *node.comparators)]

        def holds(*parts: torch.Tensor) -> torch.Tensor:
            pairs = zip(node.ops, parts, parts[1:], strict=False)
            return _combine([COMPARE[type(op)](a, b) for op, a, b in pairs], every=True)  # type: ignore[index]

        return _truth(holds, *values)


def _combine(parts: list[Any], *, every: bool) -> Any:
    result = parts[0]
    for part in parts[1:]:
        result = result & part if every else result | part
    return result


def _truth(function: Callable[..., torch.Tensor], *values: torch.Tensor) -> torch.Tensor:
    """1.0 or 0.0 by a predicate; missing where any operand is."""
    import torch

    missing = _combine([value.isnan() for value in values], every=False)
    return torch.where(missing, torch.full_like(values[0], float("nan")), function(*values).to(values[0].dtype))
