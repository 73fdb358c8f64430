"""How a source is read, as the config says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headway.contracts.values import UNIX
from headway.errors import DataError, Place

Format = Literal["auto", "csv", "tsv", "parquet", "jsonl", "arrow"]

Kind = Literal["numeric", "integer", "boolean", "categorical", "text", "timestamp", "identifier"]
"""What a column holds."""


@dataclass(frozen=True)
class ReadOptions:
    """What a file's name does not say about how to read it."""

    format: Format = "auto"
    """The format; by default what the file's name ends with."""
    separator: str | None = None
    """What stands between two fields of a text: one ASCII character, by default a comma (a tab in TSV)."""
    quote: str = '"'
    """What encloses a field that holds a separator or a line end; empty where quotes mean nothing."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of numbers in texts."""
    encoding: str = "utf-8"
    """The encoding of a text, by Python's name: utf-8, latin-1, cp1252, utf-16 and so on."""
    header: bool = True
    """Whether the first line of a text names the columns."""
    names: tuple[str, ...] = ()
    """Names for the columns of a text, in order, instead of the header's or of column_1, column_2 and so on."""
    skip: int = 0
    """Lines of a text to skip before the header."""
    comment: str | None = None
    """Lines of a text that begin with this are left out."""
    dates: tuple[str, ...] = ()
    """How dates and times are written where it is not ISO 8601: codes of strptime, such as ``%d.%m.%Y``. What numbers
    count since 1970, in columns of the kind timestamp: unix_s, unix_ms, unix_us or unix_ns."""
    member: str | None = None
    """Which file of a .zip that holds several."""

    def __post_init__(self) -> None:
        """Raises `DataError` if a field of one character is not that, or a format of dates is none."""
        for name, text in (("separator", self.separator), ("quote", self.quote or None)):
            if text is not None and not (len(text) == 1 and text.isascii() and text not in "\r\n"):
                hint = "give one ASCII character (a tab is '\\t')"
                raise DataError(f"{name} is {text!r}", where=Place(name), hint=hint, code="read-options")
        for written in self.dates:
            if "%" not in written and written not in UNIX:
                hint = f"codes of strptime, such as %d.%m.%Y, or {', '.join(UNIX)}"
                what = f"dates has '{written}', which says nothing of a date"
                raise DataError(what, where=Place("dates"), hint=hint, code="read-options")
