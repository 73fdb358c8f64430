"""Texts → the narrowest type that loses nothing, decided over all rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from headway import DataError
from headway.contracts import Column
from headway.contracts.values import UNIX
from headway.errors import Place

from headway_tabular.data.kinds import kind_of
from headway_tabular.sources.faults import readable
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.readings import NUMBER, Reading, as_kind, plain, readings, refuse_types

GLANCE = 1000
"""Rows that are looked at first: a reading that fails there needs no look at the others."""


@dataclass(frozen=True)
class Typed:
    """Rows in their types.

    Attributes:
        frame: The rows.
        columns: What must be known of the columns to read other rows as these were read.
    """

    frame: pl.LazyFrame
    columns: tuple[Column, ...]


def typed(
    frame: pl.LazyFrame, kinds: Mapping[str, str], options: ReadOptions | None = None, *, at: str = "data.kinds"
) -> Typed:
    """The same rows with text columns as numbers, booleans, dates or texts, and plain types throughout.

    One streaming aggregation over all rows decides; the casts are lazy. Types of the result: Int64, Float64, Boolean,
    Datetime("us") in UTC without a zone, String.

    Args:
        frame: Rows in which a missing value is null.
        kinds: Column to kind (numeric, integer, boolean, categorical, text, timestamp, identifier), where the values do
            not decide.
        options: The decimal mark, and how dates are written.
        at: The config key that gives the kinds, for errors.

    Raises:
        DataError: A column holds lists, structures or bytes, or values that are not of the kind it was given.
    """
    options = options or ReadOptions()
    schema = frame.collect_schema()
    refuse_types(schema)
    columns = [_Column.of(name, dtype, kinds.get(name), options) for name, dtype in schema.items()]
    with readable("the table"):
        glance = _told(frame.head(GLANCE), [fact for column in columns for fact in column.first_facts()])
        left = [column.left(glance) for column in columns]
        facts = _told(frame, [fact for column in left for fact in column.facts()])
    decided = {column.name: column.decided(facts, at) for column in left}
    result = frame.with_columns(reading.value.alias(name) for name, reading in decided.items())
    types = result.collect_schema()
    return Typed(result, tuple(_described(name, types[name], reading) for name, reading in decided.items()))


def _described(name: str, dtype: pl.DataType, reading: Reading) -> Column:
    kind = kind_of(name, dtype)
    return Column(name, kind, type(dtype).__name__, formats=reading.formats, spells=reading.spells)


def _told(frame: pl.LazyFrame, facts: list[pl.Expr]) -> dict[str, Any]:
    return frame.select(facts).collect(engine="streaming").row(0, named=True) if facts else {}


@dataclass(frozen=True)
class _Column:
    """A column and how its values could be read, the narrowest reading first.

    Attributes:
        name: The column.
        readings: Of a column without a kind all that could fit; of one with a kind, those of the kind.
        kind: The kind it was given.
    """

    name: str
    readings: tuple[Reading, ...]
    kind: str | None

    @classmethod
    def of(cls, name: str, dtype: pl.DataType, kind: str | None, options: ReadOptions) -> _Column:
        value, target = plain(name, dtype)
        return cls(
            name, readings(value, dtype, options) if kind is None else as_kind(value, target, kind, options), kind
        )

    @property
    def is_open(self) -> bool:
        """Whether the values say how it is read; otherwise there is one reading, and they may not fit it."""
        return self.readings[-1].is_last

    def first_facts(self) -> list[pl.Expr]:
        """What a look at some rows may rule out."""
        if not self.is_open:
            return []
        return [reading.none_odd.alias(self._of(reading.name)) for reading in self.readings if not reading.is_last]

    def left(self, facts: Mapping[str, Any]) -> _Column:
        """The column with the readings that were not ruled out; no values rule out nothing."""
        return replace(self, readings=tuple(r for r in self.readings if facts.get(self._of(r.name), True)))

    def facts(self) -> list[pl.Expr]:
        """What must be known of all rows: whether each reading fits; for a given kind, what does not."""
        if self.is_open:
            return [reading.all_fit.alias(self._of(reading.name)) for reading in self.readings if not reading.is_last]
        odd = ~self.readings[0].fits
        return [odd.sum().alias(self._of("odd")), pl.col(self.name).filter(odd).first().alias(self._of("example"))]

    def decided(self, facts: Mapping[str, Any], at: str) -> Reading:
        """The narrowest reading that fits.

        Raises:
            DataError: Some are not of the kind that was given.
        """
        if count := facts.get(self._of("odd")):
            example = facts[self._of("example")]
            raise DataError(
                f"{at}.{self.name} is {self.kind}, but {count} value(s) are not, such as {example!r}",
                where=Place(f"{at}.{self.name}"),
                hint=self._hint(example, at),
                code="kind",
            )
        return next(reading for reading in self.readings if facts.get(self._of(reading.name), True))

    def _hint(self, example: Any, at: str) -> str:
        """What mends a value that is not of the column's kind."""
        if self.kind == "timestamp" and re.fullmatch(NUMBER, str(example)):
            key = f"{at.removesuffix('kinds')}read.dates"
            return f"say what numbers count since 1970: {key}=[unix_s], or one of {', '.join(UNIX)}"
        return "list what means missing in data.null_values"

    def _of(self, fact: str) -> str:
        return f"{self.name}\0{fact}"
