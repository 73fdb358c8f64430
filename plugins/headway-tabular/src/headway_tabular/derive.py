"""The language of derived columns: parsed by a closed grammar, never evaluated as code.

Values are float64 with NaN for missing. Every operator gives missing for a missing operand; comparisons and
logic give 1.0 or 0.0 otherwise. ``//`` and ``%`` round down, as Python's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway import DataError
from headway.errors import Place
from headway.naming import unknown

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
QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        name: The derived column.
        text: The expression as written.
        columns: The columns it uses.
    """

    name: str
    text: str
    columns: frozenset[str]
    _tree: ast.expr
    _quoted: Mapping[int, str]

    def __call__(self, columns: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The derived column, float64 of shape (rows,), from columns of the same kind."""
        return _Evaluator(columns, self._quoted).value(self._tree)


def parse(name: str, text: str, numbers: Collection[str], others: Collection[str] = ()) -> Expression:
    """Parses an expression.

    Args:
        name: The derived column's name.
        text: The expression.
        numbers: Columns it may use.
        others: Columns that exist but are no numbers.

    Raises:
        DataError: It is no expression of the grammar, or uses a column that is not there or no number; with
            the position in the expression.
    """
    quoted: dict[int, str] = {}
    plain = QUOTED.sub(lambda match: _placeholder(match, quoted), text)
    try:
        tree = ast.parse(plain, mode="eval").body
    except SyntaxError as error:
        end = max(len(text) - 1, 0)
        column = min(error.offset - 1, end) if error.offset else end
        raise _fault(name, text, f"is no expression: {error.msg}", column) from error
    checker = _Checker(name, text, numbers, others, quoted)
    checker.check(tree)
    return Expression(name, text, frozenset(checker.used), tree, quoted)


def _placeholder(match: re.Match[str], quoted: dict[int, str]) -> str:
    """A name of the same length, so that positions stay; what it stands for is kept by position."""
    quoted[match.start()] = match[1]
    return "_" * len(match[0])


def _fault(name: str, text: str, what: str, column: int, width: int = 1) -> DataError:
    place = Place(f"features.derive.{name}", None, column + 1, text, width)
    hint = "numbers, columns, + - * / // %, comparisons, and, or, not, parentheses"
    return DataError(f"features.derive.{name} {what}", where=place, hint=hint, code="derive")


@dataclass
class _Checker:
    name: str
    text: str
    numbers: Collection[str]
    others: Collection[str]
    quoted: Mapping[int, str]

    def __post_init__(self) -> None:
        self.used: set[str] = set()

    def check(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self._column(node)
        elif isinstance(node, ast.Constant):
            self._number(node)
        elif isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            self._all(node.left, node.right)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
            self.check(node.operand)
        elif isinstance(node, ast.BoolOp):
            self._all(*node.values)
        elif isinstance(node, ast.Compare) and all(type(op) in COMPARE for op in node.ops):
            self._all(node.left, *node.comparators)
        else:
            self._refuse(node, f"uses {type(node).__name__}, which is not in its language")

    def _all(self, *nodes: ast.expr) -> None:
        for node in nodes:
            self.check(node)

    def _number(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self._refuse(node, f"uses {node.value!r}, which is no number")

    def _column(self, node: ast.Name) -> None:
        column = self.quoted.get(self._offset(node), node.id)
        if column in self.others:
            self._refuse(node, f"uses '{column}', which holds no numbers")
        if column not in self.numbers:
            self._refuse(node, f"uses an {unknown('column', column, self.numbers)}")
        self.used.add(column)

    def _offset(self, node: ast.expr) -> int:
        return len(self.text.encode()[: node.col_offset].decode(errors="ignore"))

    def _refuse(self, node: ast.expr, what: str) -> None:
        width = (node.end_col_offset or node.col_offset + 1) - node.col_offset
        raise _fault(self.name, self.text, what, self._offset(node), width)


@dataclass(frozen=True)
class _Evaluator:
    columns: Mapping[str, torch.Tensor]
    quoted: Mapping[int, str]

    def value(self, node: ast.expr) -> torch.Tensor:
        if isinstance(node, ast.Name):
            return self.columns[self.quoted.get(node.col_offset, node.id)]
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

        return torch.full_like(next(iter(self.columns.values())), number)

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
