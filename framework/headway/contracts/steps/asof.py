"""Columns of a table as they were known at a row's moment (a point-in-time join)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

from headway.contracts.steps.durations import parse_duration
from headway.contracts.steps.joins import Apply, check_names, given
from headway.contracts.steps.keys import Codes, key_columns, match_keys, moments, require_columns
from headway.contracts.steps.standing import Records, Standing
from headway.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Find = Callable[[np.ndarray, np.ndarray], np.ndarray]

ROWS = "__asof__"


@dataclass(frozen=True)
class AsOf:
    """Columns of the record nearest in time among those of equal keys that were known by then.

    A record is visible to a row if it was known at the row's time or before: since its own time (or the moment in
    `known`) plus `delay`. What a row gets never depends on a record that is not visible to it. Of records of one
    time the one known latest counts, then the last in the table.

    Attributes:
        table: The table's name.
        on: Row column to the table's column that must be equal; may be empty; a missing key matches nothing.
        time: The row's time.
        table_time: The record's time.
        columns: Column of the table to its name in the rows.
        direction: The largest time at or before the row's, the smallest at or after it, or the nearest (of two
            as near the earlier).
        known: The column of the table that says when a record was published; its own time, if None.
        delay: How much later than that it could be used, such as ``15m``.
        tolerance: How far the two times may be apart; any span if None.
        exact: Whether equal times match.
        op: The operation's name in JSON.
    """

    table: str
    on: Mapping[str, str]
    time: str
    table_time: str
    columns: Mapping[str, str]
    direction: Literal["backward", "forward", "nearest"] = "backward"
    known: str | None = None
    delay: str = "0s"
    tolerance: str | None = None
    exact: bool = True
    op: Literal["asof"] = "asof"

    def __post_init__(self) -> None:
        check_names(self.gives(), self.takes(), self.what)
        delay, tolerance = parse_duration(self.delay), parse_duration(self.tolerance or "0s")
        if self.direction != "backward" and self.known is None:
            raise DataError(
                f"{self.what}: direction {self.direction} needs the column that says when a record was known",
                hint="known: COLUMN; without it a record is known from its own time on, and none lies ahead",
                code="asof-known",
            )
        if self.known is None and self.tolerance is not None and tolerance < delay:
            raise DataError(
                f"{self.what}: nothing can match: a record is used {self.delay} after its time, "
                f"and must be at most {self.tolerance} old",
                hint="a tolerance is longer than the delay",
                code="asof-tolerance",
            )

    @property
    def what(self) -> str:
        """The step in errors."""
        return f"as-of join of '{self.table}'"

    def takes(self) -> tuple[str, ...]:
        """The columns of a row that the step reads."""
        return tuple(dict.fromkeys((*self.on, self.time)))

    def gives(self) -> tuple[str, ...]:
        """The columns it makes."""
        return tuple(self.columns.values())

    def reads(self) -> tuple[str, ...]:
        """The columns of the table that it reads."""
        times = (self.table_time,) if self.known is None else (self.table_time, self.known)
        return tuple(dict.fromkeys((*self.on.values(), *times, *self.columns)))

    def only(self, names: Collection[str]) -> Self | None:
        """The step that makes those of its columns; None if it makes none of them."""
        kept = {column: name for column, name in self.columns.items() if name in names}
        return replace(self, columns=kept) if kept else None

    def open(self, table: pl.DataFrame | None) -> Apply:
        """Sorts the table once; raises `DataError` if a column is not there, or a time is no timestamp."""
        table = given(table, self.reads(), self.what)
        search = _Search(self, table)
        return lambda frame: self._join(frame, search)

    def _join(self, frame: pl.LazyFrame, search: _Search) -> pl.LazyFrame:
        import polars as pl

        schema = frame.collect_schema()
        require_columns(schema, self.takes(), self.what)
        match_keys(schema, search.schema, self.on, self.what)
        time = moments(self.time, schema, self.what).alias("time")
        found = pl.struct(*key_columns(schema, self.on), time).map_batches(
            search, return_dtype=pl.Struct(search.values.schema), is_elementwise=True
        )
        return frame.drop(self.gives(), strict=False).with_columns(found.alias(ROWS)).unnest(ROWS)


class _Search:
    """The table, ready to be searched.

    Args:
        step: The join.
        table: The columns it reads.
    """

    def __init__(self, step: AsOf, table: pl.DataFrame) -> None:
        import polars as pl

        schema, late = table.schema, parse_duration(step.delay)
        known = step.table_time if step.known is None else step.known
        times = moments(step.table_time, schema, step.what).alias("time")
        since = (moments(known, schema, step.what).cast(pl.Int64) + late).alias("known")
        values = [pl.col(column).alias(f"value:{name}") for column, name in step.columns.items()]
        keys = key_columns(schema, step.on.values())
        names = [str(at) for at in range(len(keys))]
        usable = table.select(*keys, times, since, *values).drop_nulls([*names, "time", "known"])
        self.schema = schema
        self.values = usable.select(pl.col(f"value:{name}").alias(name) for name in step.columns.values())
        self._codes = Codes(usable.select(names))
        self._times = usable["time"].cast(pl.Int64).to_numpy()
        self._farthest = None if step.tolerance is None else parse_duration(step.tolerance)
        codes = self._codes.of(usable.select(names))
        self._find = _finder(step, Records(codes, self._times, usable["known"].to_numpy()))

    def __call__(self, rows: pl.Series) -> pl.Series:
        """The columns of the record of each row, from its keys and its time."""
        import numpy as np
        import polars as pl

        given = rows.struct.unnest()
        codes = self._codes.of(given.drop("time"))
        times = given["time"].cast(pl.Int64)
        codes = np.where(times.is_null().to_numpy(), -1, codes)
        moments_of_rows = times.fill_null(0).to_numpy()
        found = self._find(codes, moments_of_rows)
        if self._farthest is not None and len(self._times):
            near = np.abs(self._times[found] - moments_of_rows) <= self._farthest
            found = np.where(near, found, -1)
        places = pl.Series(found, dtype=pl.Int64)
        chosen = pl.select(pl.when(places >= 0).then(places)).to_series()
        return self.values.select(pl.all().gather(chosen)).to_struct(rows.name)


def _finder(step: AsOf, records: Records) -> Find:
    """What gives the position of the record for keys and times; -1 for none."""
    import numpy as np

    apart = 0 if step.exact else 1
    if step.direction == "backward":
        return Standing.backward(records, apart).at
    if step.direction == "forward":
        return Standing.forward(records, apart).at
    behind, ahead = Standing.backward(records, apart), Standing.forward(records, 1)

    def nearest(codes: np.ndarray, times: np.ndarray) -> np.ndarray:
        one, two = behind.at(codes, times), ahead.at(codes, times)
        if not len(records.times):
            return one
        nearer = (one < 0) | ((two >= 0) & (records.times[two] - times < times - records.times[one]))
        return np.where(nearer, two, one)

    return nearest
