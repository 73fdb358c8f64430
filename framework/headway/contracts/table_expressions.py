"""Derived columns in tables: expressions of the closed language as polars expressions.

They mean what they mean in a graph: values are float64, null and NaN are missing, every operator gives missing for
a missing operand, and ``//`` and ``%`` round down.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from headway.contracts.expressions import Expression

if TYPE_CHECKING:
    import polars as pl

BINARY: dict[type, Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: (a / b).floor(),
    ast.Mod: lambda a, b: a - b * (a / b).floor(),
}
COMPARE: dict[type, Any] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


def as_polars(expression: Expression) -> pl.Expr:
    """The column as a polars expression: Float64, or Boolean if it is a comparison or logic; null for missing."""
    import polars as pl

    value = _value(expression.tree, expression)
    return value.cast(pl.Boolean) if is_truth(expression) else value


def is_truth(expression: Expression) -> bool:
    """Whether an expression says yes or no."""
    tree = expression.tree
    return isinstance(tree, ast.Compare | ast.BoolOp) or (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    )


def _value(node: ast.expr, expression: Expression) -> pl.Expr:
    """Float64 with null, never NaN, for missing."""
    import polars as pl

    if isinstance(node, ast.Name):
        return _known(pl.col(expression.column(node)).cast(pl.Float64))
    if isinstance(node, ast.Constant):
        return pl.lit(float(node.value), dtype=pl.Float64)  # type: ignore[arg-type]  # the checker lets only numbers by
    if isinstance(node, ast.BinOp):
        return _known(BINARY[type(node.op)](_value(node.left, expression), _value(node.right, expression)))
    if isinstance(node, ast.UnaryOp):
        return _unary(node, _value(node.operand, expression))
    if isinstance(node, ast.BoolOp):
        values = [_value(item, expression) for item in node.values]
        return _truth([value != 0 for value in values], every=isinstance(node.op, ast.And))
    return _compare(node, expression)  # type: ignore[arg-type]


def _unary(node: ast.UnaryOp, value: pl.Expr) -> pl.Expr:
    if isinstance(node.op, ast.Not):
        return _truth([value == 0], every=True)
    return -value if isinstance(node.op, ast.USub) else value


def _compare(node: ast.Compare, expression: Expression) -> pl.Expr:
    values = [_value(item, expression) for item in (node.left, *node.comparators)]
    pairs = zip(node.ops, values, values[1:], strict=False)
    return _truth([COMPARE[type(op)](a, b) for op, a, b in pairs], every=True)


def _truth(parts: Sequence[pl.Expr], *, every: bool) -> pl.Expr:
    """1.0 or 0.0; missing where any part is, although ``false and missing`` could be decided."""
    import polars as pl

    missing = reduce(lambda a, b: a | b, [part.is_null() for part in parts])
    holds = reduce(lambda a, b: a & b if every else a | b, parts)
    return pl.when(~missing).then(holds).otherwise(None).cast(pl.Float64)


def _known(value: pl.Expr) -> pl.Expr:
    return value.fill_nan(None)
