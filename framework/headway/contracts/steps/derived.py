"""Columns made of others of the same row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from headway.contracts.expressions.grammar import parse_expression
from headway.contracts.expressions.tables import as_polars
from headway.contracts.schema import ROW
from headway.contracts.steps.joins import check_names

if TYPE_CHECKING:
    import polars as pl


EXACT = 2**53
"""Whole numbers below it are the same as floats."""


@dataclass(frozen=True)
class NullValues:
    """Reads the given strings (after trimming spaces) as missing in every string column, and as numbers in those.

    A file that has numbers as texts and one that has them as numbers thus lack the same values.

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
        """The frame with those values null and all other strings trimmed."""
        import polars as pl
        import polars.selectors as cs

        missing = ["", *self._spelled()]
        trimmed = cs.string().str.strip_chars()
        texts = pl.when(trimmed.is_in(missing)).then(None).otherwise(trimmed).name.keep()
        return frame.with_columns(texts, *self._numbers(frame))

    def _spelled(self) -> list[str]:
        """The strings, whole numbers among them also as those and as floats are written: -999 and -999.0."""
        import polars as pl

        numbers = pl.Series(self.values, dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
        whole = [number for number in numbers if number.is_integer() and abs(number) < EXACT]
        return [*self.values, *(f"{number:.{places}f}" for number in whole for places in (0, 1))]

    def _numbers(self, frame: pl.LazyFrame) -> Iterator[pl.Expr]:
        """The columns of numbers without those that the strings are."""
        import polars as pl

        texts = pl.Series(self._spelled(), dtype=pl.String)
        schema = frame.collect_schema() if self.values else {}
        if ROW in schema:
            return  # such rows were read before: what rules made of a number is none that stood in a file
        for name, dtype in schema.items():
            missing = texts.cast(dtype, strict=False).drop_nulls() if dtype.is_numeric() else texts.clear()
            if len(missing):
                yield pl.when(~pl.col(name).is_in(missing.implode())).then(name).alias(name)


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
