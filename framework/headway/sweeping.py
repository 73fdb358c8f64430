"""What words of the command line and texts of configs say in Hydra's override grammar, for plugins that sweep.

A text is read as a tree with positions, nothing is called: what ``interval(1, 8)`` means is for the sweep to say.
"""

from __future__ import annotations

from headway.config import overrides as told
from headway.config import syntax
from headway.config.origins import within
from headway.config.syntax import Call, Node, Several, Value, Word, written
from headway.errors import HeadwayError, Place

__all__ = ["Call", "Node", "Several", "Value", "Word", "read_text", "read_word", "within", "written"]

BEFORE = "text="


def read_word(text: str) -> Word:
    """Reads one word, such as ``model.dropout=interval(0, 0.5)``; positions are those in the word.

    Raises:
        HeadwayError: It is not of the grammar; the place is the whole word.
    """
    try:
        return syntax.read(text)
    except syntax.Unreadable as error:
        raise told.bad_override(text, str(error), _is_readable) from error


def read_text(text: str) -> Node:
    """Reads what may stand behind the ``=`` of a word, such as ``interval(0, 0.5)``; positions are those in the text.

    Raises:
        HeadwayError: It is not of the grammar; its place is a column of the text.
    """
    try:
        value = syntax.read(BEFORE + text.rstrip(), skipped=len(BEFORE)).value
    except syntax.Unreadable as error:
        column = min(max(error.position, 0), max(len(text) - 1, 0))
        where = Place("", None, column + 1, text, max(1, len(text) - column))
        what = f"{text} is no value: {told.plainly(str(error))}"
        hint = told.closed(text, lambda closed: _is_readable(BEFORE + closed))
        raise HeadwayError(what, where=where, hint=hint, code="grammar") from error
    return value if value is not None else Value("", 0, 0)


def _is_readable(text: str) -> bool:
    try:
        syntax.read(text)
    except syntax.Unreadable:
        return False
    return True
