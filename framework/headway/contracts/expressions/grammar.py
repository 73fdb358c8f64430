"""The language of derived columns: parsed by a closed grammar, never evaluated as code.

Numbers, columns, ``+ - * / // %``, comparisons (also chained), ``and``, ``or``, ``not`` and parentheses. Every
operator gives missing for a missing operand; comparisons and logic give 1.0 or 0.0 otherwise. ``//`` and ``%``
round down, as Python's. What a tree means is for those who run it: on tables here, in a graph elsewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from headway.errors import DataError, Place
from headway.naming import unknown

BINARY = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
COMPARE = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
UNARY = (ast.USub, ast.UAdd, ast.Not)
QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        text: The expression as written.
        tree: Its syntax, of the closed grammar only.
        columns: The columns it uses.
    """

    text: str
    tree: ast.expr
    columns: frozenset[str]
    _quoted: Mapping[int, str]

    def column(self, node: ast.Name) -> str:
        """The column that a name of the tree stands for."""
        return self._quoted.get(node.col_offset, node.id)


def parse_expression(
    text: str, at: str, numbers: Collection[str] | None = None, others: Collection[str] = ()
) -> Expression:
    """Parses an expression.

    Args:
        text: The expression; names that are no Python names stand in backticks.
        at: The config key that holds it, such as ``features.derive.ratio``, for errors.
        numbers: Columns it may use; None for any, when only the grammar is to be checked.
        others: Columns that exist but are no numbers.

    Raises:
        DataError: It is no expression of the grammar, or uses a column that is not there or no number; with
            the position in the expression.
    """
    quoted: dict[int, str] = {}
    plain = QUOTED.sub(lambda match: _placeholder(match, quoted), text)
    try:
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _no_syntax(at, text, error) from error
    checker = _Checker(at, text, numbers, others, quoted)
    checker.check(tree)
    return Expression(text, tree, frozenset(checker.used), quoted)


def check_grammar(text: str) -> None:
    """Raises `DataError` with the position if a text is no expression of the grammar, whatever columns there are."""
    parse_expression(text, "")


def _no_syntax(at: str, text: str, error: BaseException) -> DataError:
    end = max(len(text) - 1, 0)
    offset = getattr(error, "offset", None)
    column = min(offset - 1, end) if offset else end
    return _fault(at, text, f"is no expression: {getattr(error, 'msg', error)}", column)


def _placeholder(match: re.Match[str], quoted: dict[int, str]) -> str:
    """A name of the same length, so that positions stay; what it stands for is kept by position."""
    quoted[len(match.string[: match.start()].encode())] = match[1]
    return "_" * len(match[0].encode())


def _fault(at: str, text: str, what: str, column: int, width: int = 1) -> DataError:
    place = Place(at, None, column + 1, text, width)
    hint = "numbers, columns (odd names in `backticks`), + - * / // %, comparisons, and, or, not, parentheses"
    return DataError(f"{at} {what}".lstrip(), where=place, hint=hint, code="derive")


@dataclass
class _Checker:
    at: str
    text: str
    numbers: Collection[str] | None
    others: Collection[str]
    quoted: Mapping[int, str]

    def __post_init__(self) -> None:
        self.used: set[str] = set()

    def check(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self._column(node)
        elif isinstance(node, ast.Constant):
            self._number(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, BINARY):
            self._all(node.left, node.right)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, UNARY):
            self.check(node.operand)
        elif isinstance(node, ast.BoolOp):
            self._all(*node.values)
        elif isinstance(node, ast.Compare) and all(isinstance(op, COMPARE) for op in node.ops):
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
        column = self.quoted.get(node.col_offset, node.id)
        if column in self.others:
            self._refuse(node, f"uses '{column}', which holds no numbers")
        if self.numbers is not None and column not in self.numbers:
            self._refuse(node, f"uses an {unknown('column', column, self.numbers)}")
        self.used.add(column)

    def _offset(self, node: ast.expr) -> int:
        return len(self.text.encode()[: node.col_offset].decode(errors="ignore"))

    def _refuse(self, node: ast.expr, what: str) -> None:
        width = (node.end_col_offset or node.col_offset + 1) - node.col_offset
        raise _fault(self.at, self.text, what, self._offset(node), width)
