"""The closed recipe from source rows to dataset rows, replayed on rows to be scored.

A step is one of the operations below, never code. Joins and lags will be further operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class NullValues:
    """Reads the given strings (after trimming spaces) as missing, in every string column.

    Attributes:
        values: Strings such as ``?`` or ``NA``; the empty string is always missing.
        op: The operation's name in JSON.
    """

    values: tuple[str, ...]
    op: Literal["null_values"] = "null_values"

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The frame with those strings null and all others trimmed."""
        import polars as pl
        import polars.selectors as cs

        missing = ["", *self.values]
        trimmed = cs.string().str.strip_chars()
        return frame.with_columns(pl.when(trimmed.is_in(missing)).then(None).otherwise(trimmed).name.keep())


Step = NullValues


@dataclass(frozen=True)
class Recipe:
    """Steps in their order.

    Attributes:
        steps: The operations; each maps a lazy frame to a lazy frame.
        version: The version of this format.
    """

    steps: tuple[Step, ...] = ()
    version: int = 1

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Replays the steps on rows in the form of the source."""
        for step in self.steps:
            frame = step.apply(frame)
        return frame
