"""Texts → the narrowest type that loses nothing, decided over all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from headway import DataError

from headway_tabular.sources.faults import readable
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.readings import KINDS, Reading, plain, readings

GLANCE = 1000
"""Rows that are looked at first: a reading that fails there needs no look at the others."""


def typed(frame: pl.LazyFrame, kinds: Mapping[str, str], options: ReadOptions | None = None) -> pl.LazyFrame:
    """The same rows with text columns as numbers, booleans, dates or texts, and plain types throughout.

    One streaming aggregation over all rows decides; the casts are lazy. Types of the result: Int64, Float64, Boolean,
    Datetime("us") in UTC without a zone, String.

    Args:
        frame: Rows in which a missing value is null.
        kinds: Column to kind (numeric, integer, boolean, categorical, text, timestamp, identifier), where the values do
            not decide.
        options: The decimal mark, and how dates are written.

    Raises:
        DataError: A column holds lists, structures or bytes, or values that are not of the kind it was given.
    """
    options = options or ReadOptions()
    schema = frame.collect_schema()
    columns = [_Column.of(name, dtype, kinds.get(name), options) for name, dtype in schema.items()]
    with readable("the table"):
        glance = _glance(frame, columns)
        open_ = {column.name: column.fitting(glance) for column in columns}
        facts = _facts(frame, columns, open_)
    return frame.with_columns(column.decided(open_[column.name], facts) for column in columns)


def _glance(frame: pl.LazyFrame, columns: list[_Column]) -> dict[str, object]:
    return _facts(frame.head(GLANCE), columns, {column.name: column.readings for column in columns})


def _facts(frame: pl.LazyFrame, columns: list[_Column], open_: Mapping[str, tuple[Reading, ...]]) -> dict[str, object]:
    asked = [fact for column in columns for fact in column.facts(open_[column.name])]
    return frame.select(asked).collect(engine="streaming").row(0, named=True) if asked else {}


@dataclass(frozen=True)
class _Column:
    """A column and how its values could be read, the narrowest reading first.

    Attributes:
        name: The column.
        readings: Of a column without a kind all that could fit; of one with a kind, that of the kind.
        kind: The kind it was given.
    """

    name: str
    readings: tuple[Reading, ...]
    kind: str | None

    @classmethod
    def of(cls, name: str, dtype: pl.DataType, kind: str | None, options: ReadOptions) -> _Column:
        value = plain(name, dtype)
        if kind is None:
            return cls(name, readings(value, dtype, options), None)
        return cls(name, (KINDS[kind](value, dtype, options),), kind)

    def facts(self, candidates: tuple[Reading, ...]) -> list[pl.Expr]:
        """What must be known of the values: whether each candidate fits; for a given kind, what does not."""
        if self.kind is not None:
            (reading,) = self.readings
            odd = pl.col(self.name).is_not_null() & ~reading.fits.fill_null(value=False)
            example = pl.col(self.name).filter(odd).first()
            return [odd.sum().alias(f"{self.name}\0odd"), example.alias(f"{self.name}\0example")]
        return [r.all_fit.alias(f"{self.name}\0{r.name}") for r in candidates if not r.is_last]

    def fitting(self, facts: Mapping[str, object]) -> tuple[Reading, ...]:
        """The readings that the facts do not rule out."""
        if self.kind is not None:
            return self.readings
        return tuple(r for r in self.readings if r.is_last or facts[f"{self.name}\0{r.name}"])

    def decided(self, candidates: tuple[Reading, ...], facts: Mapping[str, object]) -> pl.Expr:
        """The values by the narrowest reading that fits."""
        if self.kind is None:
            fitting = next(r for r in candidates if r.is_last or facts[f"{self.name}\0{r.name}"])
            return fitting.value.alias(self.name)
        if count := facts[f"{self.name}\0odd"]:
            example = facts[f"{self.name}\0example"]
            raise DataError(
                f"data.kinds.{self.name} is {self.kind}, but {count} value(s) are not, such as {example!r}",
                hint="list what means missing in data.null_values",
                code="kind",
            )
        return self.readings[0].value.alias(self.name)
