"""Lags and rolling windows by key that see nothing but what was known before a row's moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from headway.contracts.steps.aggregates import Events, Take, result_type
from headway.contracts.steps.durations import parse_duration
from headway.contracts.steps.joins import Apply, check_names, given
from headway.contracts.steps.keys import key_columns, match_keys, moments, require_columns
from headway.errors import DataError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Window:
    """A column that sums up the events of a row's key before its moment.

    An event counts for a row at time t if it was known at a moment K with ``t - over <= K < t``; K is the event's
    time (or the moment in `known`) plus `delay`. A row is never an event of its own. Events with a missing key, time
    or value of `of` are none; rows with a missing key or time have no events. Without events a count is 0, and
    everything else missing.

    Attributes:
        name: The column's name.
        take: The last value (of the event known latest; of several the one of the latest time, then the last in
            order), how many there are, or a statistic; ``std`` divides by one less than the count.
        by: Row column to the events' column that must be equal; may be empty.
        time: The row's time.
        of: The events' column that is summed up; a count may do without.
        over: How far back, such as ``1h``; everything before if None.
        table: The table of the events; the rows themselves, and their history, if None.
        event_time: The event's time; the column `time`, if None.
        known: The events' column that says when one became known; its time, if None.
        delay: How much later than that it could be used, such as ``15m``.
        op: The operation's name in JSON.
    """

    name: str
    take: Take
    by: Mapping[str, str]
    time: str
    of: str | None = None
    over: str | None = None
    table: str | None = None
    event_time: str | None = None
    known: str | None = None
    delay: str = "0s"
    op: Literal["window"] = "window"

    def __post_init__(self) -> None:
        parse_duration(self.delay)
        check_names(self.gives(), (*self.takes(), *self.recalls()), self.what)
        if self.of is None and self.take != "count":
            raise DataError(f"{self.what}: {self.take} of which column?", hint="of: COLUMN", code="window-of")
        if self.over is not None and not parse_duration(self.over):
            raise DataError(f"{self.what}: a window over {self.over} is empty", hint="such as over: 1h", code="window")

    @property
    def what(self) -> str:
        """The step in errors."""
        return f"window '{self.name}'" + (f" over '{self.table}'" if self.table else "")

    def takes(self) -> tuple[str, ...]:
        """The columns of a row that the step reads."""
        return tuple(dict.fromkeys((*self.by, self.time)))

    def gives(self) -> tuple[str, ...]:
        """The column it makes."""
        return (self.name,)

    def reads(self) -> tuple[str, ...]:
        """The columns of the events that it reads."""
        columns = (*self.by.values(), self.event_time or self.time, self.known, self.of)
        return tuple(dict.fromkeys(column for column in columns if column is not None))

    def recalls(self) -> tuple[str, ...]:
        """What it reads of earlier rows: nothing if the events are in a table."""
        return () if self.table else self.reads()

    def only(self, names: Collection[str]) -> Self | None:
        """Itself, if its column is among the names."""
        return self if self.name in names else None

    def open(self, table: pl.DataFrame | None) -> Apply:
        """Sorts the events once, if they are in a table; raises `DataError` if a column lacks or does not fit."""
        if self.table is None:
            return self._over_rows
        table = given(table, self.reads(), self.what)
        events = Events.of(self, table.select(self._events(table.schema)))
        schema = table.schema
        return lambda frame: self._over_table(frame, schema, events)

    def _over_rows(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        import polars as pl

        schema = frame.collect_schema()
        require_columns(schema, (*self.takes(), *self.reads()), self.what)
        match_keys(schema, schema, self.by, self.what)
        rows, events = self._rows(schema), self._events(schema)

        def summed_up(given: pl.Series) -> pl.Series:
            parts = given.struct.unnest()
            found = Events.of(self, parts.select(pl.col("^event:.*$").name.replace("^event:", "")))
            own = pl.int_range(parts.height, eager=True).to_numpy()
            return found.sum_up(parts.select(pl.col("^row:.*$").name.replace("^row:", "")), own).alias(given.name)

        both = [part.alias(f"row:{part.meta.output_name()}") for part in rows]
        both += [part.alias(f"event:{part.meta.output_name()}") for part in events]
        made = pl.struct(both).map_batches(summed_up, return_dtype=self._type(schema), is_elementwise=False)
        return frame.with_columns(made.alias(self.name))

    def _over_table(self, frame: pl.LazyFrame, table: Mapping[str, pl.DataType], events: Events) -> pl.LazyFrame:
        import polars as pl

        schema = frame.collect_schema()
        require_columns(schema, self.takes(), self.what)
        match_keys(schema, table, self.by, self.what)

        def summed_up(given: pl.Series) -> pl.Series:
            return events.sum_up(given.struct.unnest()).alias(given.name)

        made = pl.struct(self._rows(schema)).map_batches(summed_up, return_dtype=self._type(table), is_elementwise=True)
        return frame.with_columns(made.alias(self.name))

    def _rows(self, schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
        return [*key_columns(schema, self.by), moments(self.time, schema, self.what).alias("time")]

    def _events(self, schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
        import polars as pl

        at = self.event_time or self.time
        self._type(schema)
        return [
            *key_columns(schema, self.by.values()),
            moments(at, schema, self.what).alias("time"),
            moments(self.known or at, schema, self.what).alias("known"),
            (pl.lit(value=True) if self.of is None else pl.col(self.of)).alias("value"),
        ]

    def _type(self, schema: Mapping[str, pl.DataType]) -> pl.DataType:
        import polars as pl

        return result_type(self.take, schema[self.of] if self.of else pl.Boolean(), self.what)
