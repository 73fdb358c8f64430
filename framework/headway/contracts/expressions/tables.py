"""Derived columns in tables: expressions of the closed language as polars expressions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from headway.contracts.expressions.algebra import Algebra
from headway.contracts.expressions.grammar import Expression

if TYPE_CHECKING:
    import polars as pl


def as_polars(expression: Expression) -> pl.Expr:
    """The column as a polars expression: Float64, or Boolean if it is a comparison or logic; null for missing."""
    import polars as pl

    value = _Polars().value(expression)
    return value.cast(pl.Boolean) if is_truth(expression) else value


def is_truth(expression: Expression) -> bool:
    """Whether an expression says yes or no."""
    tree = expression.tree
    return isinstance(tree, ast.Compare | ast.BoolOp) or (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    )


class _Polars(Algebra["pl.Expr"]):
    """Float64 with null, never NaN, for missing."""

    def column(self, name: str) -> pl.Expr:
        import polars as pl

        return self.known(pl.col(name).cast(pl.Float64))

    def constant(self, number: float) -> pl.Expr:
        import polars as pl

        return pl.lit(number, dtype=pl.Float64)

    def known(self, value: pl.Expr) -> pl.Expr:
        return value.fill_nan(None)

    def truth(self, holds: Any, of: Sequence[pl.Expr]) -> pl.Expr:
        import polars as pl

        missing = reduce(operator.or_, [value.is_null() for value in of])
        return pl.when(~missing).then(holds).otherwise(None).cast(pl.Float64)
