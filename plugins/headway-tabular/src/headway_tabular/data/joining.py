"""Config of what further tables and earlier rows bring to a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from headway import SourcePath
from headway.contracts import Take, check_duration
from headway.errors import DataError, Place
from headway.fields import Grammar

from headway_tabular.sources.options import Kind, ReadOptions

Span = Annotated[str, Grammar(check_duration)]
"""A length of time, such as 30s, 1h or 1d12h."""


def check_path(path: str) -> None:
    """Raises `DataError` if nothing is named: as a path that would be the whole project."""
    if not path.strip():
        raise DataError("path names no file", where=Place("path"), hint="path: data/rows.csv", code="no-file")


@dataclass(frozen=True)
class JoinConfig:
    """A further table. Its columns get its name in front: ``temp`` of ``weather`` becomes ``weather_temp``.

    With a `time`, the join is as of the row's time: the record that was the latest then, never a later one.
    """

    path: SourcePath
    """Its rows: a file, folder or pattern, as for the data themselves."""
    by: Mapping[str, str] | tuple[str, ...] = ()
    """Columns that must be equal: names that both tables have, or row column to table column."""
    columns: Mapping[str, str] | tuple[str, ...] | None = None
    """What is brought: names, or table column to the name it gets; by default all but keys and times."""
    unmatched: Literal["missing", "error"] = "missing"
    """What a row without a match means: missing values, or an error."""
    time: str | None = None
    """The table's timestamp, which makes it a join in time."""
    row_time: str | None = None
    """The row's timestamp; data.time by default."""
    known_at: str | None = None
    """The column that says when a record became known; a row sees only what was known at its time."""
    delay: Span = "0s"
    """Without known_at: a record becomes known so long after its time (30m, 6h, 1d)."""
    tolerance: Span | None = None
    """How far a record's time may be from the row's; any distance by default."""
    direction: Literal["backward", "forward", "nearest"] = "backward"
    """The latest record before, the first after, or the nearest; the last two need known_at."""
    exact: bool = True
    """Whether a record of the very same time counts."""
    read: ReadOptions = field(default_factory=ReadOptions)
    """How the file is read."""
    null_values: tuple[str, ...] = ()
    """Texts that mean a missing value, beside the empty one; numbers among them do so as numbers too."""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """Column to kind, where the inferred one is wrong."""

    def __post_init__(self) -> None:
        check_path(self.path)
        if not self.by and self.time is None:
            raise DataError("a join needs `by`, `time` or both", hint="by: [KEY]", code="join")

    @property
    def keys(self) -> dict[str, str]:
        """Row column to table column."""
        return dict(self.by) if isinstance(self.by, Mapping) else {name: name for name in self.by}


@dataclass(frozen=True)
class WindowConfig:
    """What earlier rows of the same key say: the last value, a count, a mean; strictly before the row's time.

    Example:
        ``late_before: {take: last, of: dep_delay, by: [tailnum], known_at: dep_moment}``
    """

    take: Take
    """What is taken of the values: last, count, mean, sum, min, max or std."""
    of: str | None = None
    """The column whose values are taken; a count without it counts rows."""
    by: tuple[str, ...] = ()
    """Columns whose values must be the row's own; all rows count without any."""
    over: Span | None = None
    """How far back (1h, 7d); all that came before by default."""
    table: str | None = None
    """A table of data.join whose records are taken, instead of earlier rows."""
    time: str | None = None
    """The timestamp of what is taken; data.time (of a table, its time) by default."""
    known_at: str | None = None
    """The column that says when a value became known; it counts from then on."""
    delay: Span = "0s"
    """Without known_at: a value becomes known so long after its time."""

    def __post_init__(self) -> None:
        if self.of is None and self.take != "count":
            raise DataError(f"take: {self.take} needs a column", hint="of: COLUMN", code="window")
