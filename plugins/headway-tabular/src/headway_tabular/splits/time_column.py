"""The column that orders rows in time, as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from headway import DataError
from headway.contracts import parse_duration

from headway_tabular.splits.passes import BATCH, batches
from headway_tabular.splits.split import Moment, Span

KEPT = 2_000_000
"""So many values are kept in memory (16 MB); more are read anew in every pass."""


@dataclass(frozen=True)
class TimeColumn:
    """A column of timestamps, dates, integers or floats.

    Attributes:
        frame: The rows.
        column: The column.
        dtype: Its type.
        batch: Rows a batch.
    """

    frame: pl.LazyFrame
    column: str
    dtype: pl.DataType
    batch: int = BATCH

    @classmethod
    def of(cls, frame: pl.LazyFrame, column: str, batch: int = BATCH) -> Self:
        """A column of a frame; raises `DataError` if it has no order in time, or gaps in it."""
        dtype = frame.select(column).collect_schema()[column]
        if not (dtype.is_numeric() or dtype in (pl.Date, pl.Datetime)) or dtype.is_decimal():
            raise DataError(
                f"the time column '{column}' holds {dtype}, not timestamps or numbers",
                hint=f"if its texts are moments: data.kinds.{column}: timestamp",
                code="time-kind",
            )
        made = cls(frame, column, dtype, batch)
        made._check_present()
        return made

    def _check_present(self) -> None:
        value = pl.col(self.column)
        bad = value.is_null() | (~value.is_finite() if self.dtype.is_float() else pl.lit(value=False))
        count = self.frame.select(bad.fill_null(value=True).sum()).collect(engine="streaming").item()
        if count:
            raise DataError(
                f"the time column '{self.column}' is missing or infinite in {count} row(s)",
                hint="fill it, or leave these rows out: a row without a time has no place in the order",
                code="missing-time",
            )

    def values(self) -> Iterable[np.ndarray]:
        """The column in order of the rows, some at a time: float64 for floats, else int64 (ticks for timestamps)."""
        return self._read() if self._kept is None else self._kept

    @cached_property
    def _kept(self) -> list[np.ndarray] | None:
        """The values, if they are few enough to be kept."""
        parts: list[np.ndarray] = []
        for part in self._read():
            parts.append(part)
            if sum(map(len, parts)) > KEPT:
                return None
        return parts

    def _read(self) -> Iterator[np.ndarray]:
        wanted = pl.Float64 if self.dtype.is_float() else pl.Int64
        value = pl.col(self.column).cast(pl.Datetime("us")) if self.dtype == pl.Date else pl.col(self.column)
        for part in batches(self.frame.select(value.to_physical().cast(wanted)), self.batch):
            yield part[self.column].to_numpy()

    def moment(self, given: Moment) -> int | float:
        """A moment of the config as a value of the column; raises `DataError` if it is of another kind."""
        if isinstance(given, str) != self.dtype.is_temporal():
            raise self._misfit("moment", given)
        if not isinstance(given, str):
            return given
        at = datetime.fromisoformat(given)
        zone = getattr(self.dtype, "time_zone", None)
        if at.tzinfo is not None and zone is None:
            what = f"{given} names a time zone, the times of '{self.column}' have none"
            raise DataError(what, hint="write it without the offset", code="moment")
        unit = getattr(self.dtype, "time_unit", "us")
        stamp = pl.Series([at]).cast(pl.Datetime("us", "UTC")) if at.tzinfo else pl.Series([at])
        if zone is not None and at.tzinfo is None:
            stamp = stamp.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        if stamp[0] is None:
            what = f"{given} is no time of {zone}: clocks were put forward over it"
            raise DataError(what, hint="write it with its offset", code="moment")
        return int(stamp.dt.cast_time_unit(unit).to_physical()[0])

    def span(self, given: Span | None) -> int | float:
        """A duration of the config in the column's unit, 0 for None; raises `DataError` if it is of another kind."""
        if given is None:
            return 0
        if isinstance(given, str) != self.dtype.is_temporal():
            raise self._misfit("duration", given)
        if not isinstance(given, str):
            return given
        span, unit = parse_duration(given), getattr(self.dtype, "time_unit", "us")
        return {"ns": span * 1000, "us": span, "ms": -(-span // 1000)}[unit]

    def _misfit(self, noun: str, given: object) -> DataError:
        kind, hint = ("timestamps", "a date, a time or a duration") if self.dtype.is_temporal() else ("numbers", "one")
        return DataError(
            f"data.split: {given!r} is no {noun} for '{self.column}', which holds {kind}",
            hint=f"write {hint}" if self.dtype.is_temporal() else "write a number in the column's own unit",
            code="split-time",
        )
