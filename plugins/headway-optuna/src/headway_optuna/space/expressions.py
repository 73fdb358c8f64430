"""A small language of comparisons over parameters and metrics; nothing else can be said in it."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headway.errors import HeadwayError, Place

WORDS = {"true": True, "false": False, "null": None}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda item, items: item in items, ast.NotIn: lambda item, items: item not in items,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
MENDED = {r"&&": "and", r"\|\|": "or", r"!(?!=)": "not", r"=>": ">=", r"=<": "<=", r"(?<![=!<>])=(?!=)": "=="}
"""What other languages write, and what is written here."""


@dataclass(frozen=True)
class Name:
    """A dotted name in a text, and where it begins, from 0."""

    name: str
    start: int


@dataclass(frozen=True)
class Expression:
    """A text that was read.

    Attributes:
        text: The text.
        tree: What it says.
        names: The names in it, in their order.
    """

    text: str
    tree: ast.expr
    names: tuple[Name, ...]

    def value(self, values: Mapping[str, Any]) -> Any:
        """What it comes to.

        Args:
            values: Name to value.

        Raises:
            KeyError: A name has no value.
            TypeError: Values cannot be compared, or are no numbers.
        """
        return evaluated(self.tree, values)


def read(text: str, *, arithmetic: bool) -> Expression:
    """Reads a text.

    Args:
        text: What was written.
        arithmetic: Whether numbers may be reckoned with.

    Raises:
        HeadwayError: It is not of the language; its place is a column of the text.
    """
    line = re.sub(r"[\r\n\t]", " ", text)
    skipped = len(line) - len(line.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(line.strip(), mode="eval").body
    except SyntaxError as error:
        at = error.offset or len(line.strip())  # 0 where something is missing at the end
        raise _unreadable(text, at - 1 + skipped) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise _unreadable(text, 0) from error
    reader = _Reader(text, arithmetic)
    try:
        reader.check(tree)
    except RecursionError as error:
        raise _unreadable(text, 0) from error
    return Expression(text, tree, tuple(reader.names))


def _unreadable(text: str, start: int) -> HeadwayError:
    start = max(0, min(start, len(text) - 1))
    for pattern, word in MENDED.items():
        if found := re.search(pattern, re.sub(r"'[^']*'|\"[^\"]*\"", lambda m: "_" * len(m[0]), text)):
            hint = f"write {word} for {found[0]}"
            return fault(text, f"{text} cannot be read", hint, found.start(), len(found[0]))
    return fault(text, f"{text} cannot be read", "write a comparison, such as model == 'mlp'", start, 1)


def fault(text: str, what: str, hint: str | None, start: int, width: int, code: str = "expression") -> HeadwayError:
    """An error in a part of a text."""
    return HeadwayError(what, where=Place("", None, start + 1, text, max(1, width)), hint=hint, code=code)


class _Reader:
    """Lets pass what belongs to the language, and collects its names."""

    def __init__(self, text: str, arithmetic: bool) -> None:
        self._text = text
        self._arithmetic = arithmetic
        self.names: list[Name] = []

    def check(self, node: ast.expr) -> None:
        """Raises a HeadwayError for what does not belong to the language."""
        name = dotted(node)
        if name is not None and not (self._arithmetic and name in WORDS):
            if name not in WORDS:
                self.names.append(Name(name, span(self._text, node)[0]))
        elif self._is_allowed(node):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.check(child)
        else:
            raise self._refused(node)

    def _is_allowed(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int | float) or (not self._arithmetic and isinstance(node.value, str | None))
        if isinstance(node, ast.Compare):
            return all(type(each) in COMPARISONS for each in node.ops)
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.USub | ast.UAdd) or (not self._arithmetic and isinstance(node.op, ast.Not))
        if isinstance(node, ast.BinOp):
            return self._arithmetic and type(node.op) in ARITHMETIC
        return not self._arithmetic and isinstance(node, ast.BoolOp | ast.List | ast.Tuple)

    def _refused(self, node: ast.expr) -> HeadwayError:
        start, width = span(self._text, node)
        part = self._text[start : start + width]
        hint = "there are names, numbers, texts in quotes, lists, comparisons, in, and, or, not"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and self._arithmetic:
            hint = "write a product: a * a"
        elif isinstance(node, ast.Compare):
            hint = "write == for is"
        elif self._arithmetic:
            hint = "there are names, numbers, + - * / and brackets"
        return fault(self._text, f"{part} is not understood here", hint, start, width)


def span(text: str, node: ast.expr) -> tuple[int, int]:
    """Where a part of a text begins, from 0, and its length."""
    line = text.strip().encode()  # positions are of bytes, and there is one line only
    before, upto = (len(line[:end].decode()) for end in (node.col_offset, node.end_col_offset))
    return len(text) - len(text.lstrip()) + before, upto - before


def dotted(node: ast.expr) -> str | None:
    """The dotted name that a node is; None if it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return before and f"{before}.{node.attr}"
    return None


def evaluated(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """What a part of an expression comes to; see `Expression.value`."""
    name = dotted(node)
    if name is not None:
        return WORDS[name] if name in WORDS else values[name]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [evaluated(each, values) for each in node.elts]
    if isinstance(node, ast.BoolOp):
        parts = (bool(evaluated(each, values)) for each in node.values)
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.Compare):
        return _compared(node, values)
    if isinstance(node, ast.UnaryOp):
        value = evaluated(node.operand, values)
        return not value if isinstance(node.op, ast.Not) else -value if isinstance(node.op, ast.USub) else +value
    if isinstance(node, ast.BinOp):
        return ARITHMETIC[type(node.op)](evaluated(node.left, values), evaluated(node.right, values))
    raise TypeError(ast.dump(node))  # nothing else passes `_Reader`


def _compared(node: ast.Compare, values: Mapping[str, Any]) -> bool:
    sides = [evaluated(each, values) for each in (node.left, *node.comparators)]
    return all(COMPARISONS[type(op)](sides[at], sides[at + 1]) for at, op in enumerate(node.ops))


def names_in(node: ast.expr) -> Iterator[str]:
    """All names in an expression."""
    name = dotted(node)
    if name is None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from names_in(child)
    elif name not in WORDS:
        yield name


def comparisons(node: ast.expr) -> Iterator[ast.Compare]:
    """All comparisons in an expression."""
    return (each for each in ast.walk(node) if isinstance(each, ast.Compare))


def constants(node: ast.expr) -> Iterator[ast.Constant]:
    """All numbers and texts in an expression."""
    return (each for each in ast.walk(node) if isinstance(each, ast.Constant))
