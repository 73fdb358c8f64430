"""Columns made of others of the same row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from headway.contracts.expressions.grammar import parse_expression
from headway.contracts.expressions.tables import as_polars
from headway.contracts.steps.joins import check_names

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

    def takes(self) -> tuple[str, ...]:
        """No column in particular."""
        return ()

    def gives(self) -> tuple[str, ...]:
        """No column in particular."""
        return ()

    def only(self, names: Collection[str]) -> Self:
        """Itself: it is for every column."""
        return self

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The frame with those strings null and all others trimmed."""
        import polars as pl
        import polars.selectors as cs

        missing = ["", *self.values]
        trimmed = cs.string().str.strip_chars()
        return frame.with_columns(pl.when(trimmed.is_in(missing)).then(None).otherwise(trimmed).name.keep())


@dataclass(frozen=True)
class Derive:
    """A column by an expression of the closed language (see `headway.contracts.expressions.grammar`).

    Attributes:
        name: The column's name.
        expression: Over numbers and booleans. A comparison or logic gives a boolean column, arithmetic one of
            float64; missing in, missing out.
        op: The operation's name in JSON.
    """

    name: str
    expression: str
    op: Literal["derive"] = "derive"

    def __post_init__(self) -> None:
        check_names(self.gives(), self.takes(), f"derive.{self.name}")

    def takes(self) -> tuple[str, ...]:
        """The columns of a row that the step reads."""
        return tuple(sorted(parse_expression(self.expression, f"derive.{self.name}").columns))

    def gives(self) -> tuple[str, ...]:
        """The column it makes."""
        return (self.name,)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The frame with the column; raises `DataError` with the position of a name that is no number's."""
        import polars as pl

        schema = frame.collect_schema()
        numbers = [name for name, dtype in schema.items() if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)]
        expression = parse_expression(
            self.expression, f"derive.{self.name}", numbers, [name for name in schema if name not in numbers]
        )
        return frame.with_columns(as_polars(expression).alias(self.name))
