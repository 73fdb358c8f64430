"""Hydra's override grammar as a tree with positions: what a word says, before anything is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from antlr4 import CommonTokenStream, InputStream, ParserRuleContext
from hydra._internal.grammar.functions import Functions
from hydra._internal.grammar.utils import escape_special_characters
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import ChoiceSweep, Override, Quote, QuotedString
from hydra.errors import HydraException
from hydra.grammar.gen.OverrideLexer import OverrideLexer
from hydra.grammar.gen.OverrideParser import OverrideParser


@dataclass(frozen=True)
class Value:
    """A value that is no call, in JSON types; quoted text is text.

    Attributes:
        value: None, a bool, an int, a float, a str, a list or a dict, whose items are nodes themselves.
        start: Where it begins in the text, from 0.
        end: The position behind it.
    """

    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class Call:
    """A function with its arguments, such as ``interval(1, 8)``.

    Attributes:
        name: The function's name, known or not.
        positional: The arguments without a name.
        named: Name to argument.
        start: Where it begins in the text, from 0.
        end: The position behind it.
    """

    name: str
    positional: tuple[Node, ...]
    named: dict[str, Node]
    start: int
    end: int


@dataclass(frozen=True)
class Several:
    """Values between bare commas, such as ``mlp,resnet``; only a whole text is."""

    items: tuple[Node, ...]
    start: int
    end: int


Node = Value | Call | Several
PREFIXES = {1: "", 2: "+", 3: "++", 4: "~"}
"""Hydra's type of an override to how it is written."""


@dataclass(frozen=True)
class Word:
    """One word of the command line.

    Attributes:
        prefix: ``+``, ``++``, ``~`` or nothing.
        key: The key or group, with its package, such as ``model@teacher``.
        value: What stands behind the ``=``; None if nothing does.
    """

    prefix: str
    key: str
    value: Node | None


class Unreadable(ValueError):  # noqa: N818 - becomes a fault
    """A text that is not of the grammar, and from which position on, from 0."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.position = position


class _Listener(HydraErrorListener):
    def __init__(self, skipped: int) -> None:
        super().__init__()
        self._skipped = skipped

    def syntaxError(self, *given: Any) -> None:  # noqa: N802
        """Keeps the column; the arguments are ANTLR's: recognizer, symbol, line, column, message, cause."""
        raise Unreadable(given[4], given[3] - self._skipped)


class _Visitor(HydraOverrideVisitor):
    """Hydra's, but nothing is called, and all keeps its place."""

    def __init__(self, skipped: int) -> None:
        super().__init__(Functions())
        self._skipped = skipped

    def _span(self, ctx: ParserRuleContext) -> tuple[int, int]:
        return ctx.start.start - self._skipped, ctx.stop.stop + 1 - self._skipped

    def visitElement(self, ctx: ParserRuleContext) -> Any:  # noqa: N802
        value: Any = super().visitElement(ctx)
        if isinstance(value, Call):
            return value
        start, end = self._span(ctx)
        text = ctx.start.getInputStream().getText(ctx.start.start, ctx.stop.stop)
        start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
        return Value(value.text if isinstance(value, QuotedString) else value, start, end)

    def visitDictKeyValuePair(self, ctx: ParserRuleContext) -> tuple[str, Any]:  # noqa: N802
        key, value = super().visitDictKeyValuePair(ctx)
        return str(key), value

    def visitFunction(self, ctx: ParserRuleContext) -> Call:  # noqa: N802
        positional: list[Node] = []
        named: dict[str, Node] = {}
        name = ""
        children = list(ctx.getChildren())
        for child in children[2:-1]:
            if isinstance(child, OverrideParser.ArgNameContext):
                name = child.getChild(0).getText()
            elif isinstance(child, OverrideParser.ElementContext):
                if name in named or (named and not name):
                    reason = f"argument {name} is given twice" if name else "this argument needs a name"
                    raise Unreadable(reason, self._span(child)[0])
                if name:
                    named[name] = self.visitElement(child)
                else:
                    positional.append(self.visitElement(child))
                name = ""
        return Call(children[0].getText(), tuple(positional), named, *self._span(ctx))


def read(text: str, skipped: int = 0) -> Word:
    """Reads one word.

    Args:
        text: The word.
        skipped: Where positions are counted from.

    Raises:
        Unreadable: It is not of the grammar.
    """
    try:
        return _word(text, skipped)
    except HydraException as error:  # a value of spaces alone, which has no position
        raise Unreadable(str(error), 0) from error


def _word(text: str, skipped: int) -> Word:
    listener = _Listener(skipped)
    lexer = OverrideLexer(InputStream(text))
    lexer.removeErrorListeners()
    lexer.addErrorListener(listener)
    parser: Any = OverrideParser(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    found: Override = _Visitor(skipped).visit(parser.override())
    value: Any = found._value
    if isinstance(value, ChoiceSweep):
        items: Any = tuple(value.list)
        value = Several(items, items[0].start, items[-1].end)
    elif value == "":
        value = Value("", len(text) - skipped, len(text) - skipped)
    prefix = PREFIXES[found.type.value]
    return Word(prefix, found.get_key_element().removeprefix(prefix), value)


def written(value: Any) -> str:
    """A value of JSON types as text that reads back as just this value."""
    if isinstance(value, list | tuple):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{escape_special_characters(key)}:{written(item)}' for key, item in value.items())}}}"
    if isinstance(value, str):
        return value if _is_bare(value) else str(QuotedString(value, Quote.single).with_quotes())
    return {None: "null", True: "true", False: "false"}[value] if isinstance(value, bool | None) else repr(value)


def _is_bare(text: str) -> bool:
    """Whether a text reads as itself without quotes."""
    plain = text.replace("_", "").replace("-", "")
    return plain.isascii() and plain.isalpha() and text[0] != "-" and text.lower() not in _RESERVED


_RESERVED = ("null", "true", "false", "nan", "inf")
