"""Whether the columns of a batch can be read as the predictor needs them: every fault, counted and placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from headway.contracts import Column
from headway.errors import DataError
from headway.naming import nearest


@dataclass
class Fault:
    """Values of one column that are not of its type.

    Attributes:
        column: The column.
        count: How many there are.
        row: The first of them, counted from 1.
        example: Its value.
    """

    column: Column
    count: int
    row: int
    example: object

    def __str__(self) -> str:
        what = f"column '{self.column.name}' must be {self.column.dtype}"
        return f"{what}: {self.count:,} value(s) are not, the first in row {self.row:,}: {self.example!r}"


@dataclass
class Faults:
    """The faults of a whole file, gathered batch by batch.

    Attributes:
        found: Column name to its fault.
    """

    found: dict[str, Fault] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.found)

    def check(self, frame: pl.DataFrame, columns: Sequence[Column], before: int) -> None:
        """Looks at one batch.

        Args:
            frame: The rows, after the recipe.
            columns: What the predictor needs.
            before: How many rows came before this batch.
        """
        for column in columns:
            wrong = misfits(frame[column.name], column)
            if not wrong.any():
                continue
            first = int(wrong.arg_max() or 0)
            fault = Fault(column, 0, before + first + 1, frame[column.name][first])
            self.found.setdefault(column.name, fault).count += int(wrong.sum())

    def error(self) -> DataError:
        """All faults as one error."""
        return DataError(
            "; ".join(str(fault) for fault in self.found.values()),
            hint="mend the values, or leave them empty: missing values are fine",
            code="columns",
        )


def misfits(series: pl.Series, column: Column) -> pl.Series:
    """Which values cannot be read as the column's type without losing something; missing ones can.

    Args:
        series: The values.
        column: What they should be.

    Returns:
        Booleans, as long as `series`.
    """
    wanted = getattr(pl, column.dtype)
    try:
        cast = series.cast(wanted, strict=False)
    except pl.exceptions.PolarsError:
        return series.is_not_null()
    wrong = cast.is_null() & series.is_not_null()
    if series.dtype.is_float() and wanted().is_integer():
        # A cast would cut 39.5 down to 39 and say nothing.
        wrong = wrong | (series != series.floor()).fill_null(value=False)
    return wrong


def require(needed: Sequence[str], given: Sequence[str], what: str) -> None:
    """Raises `DataError` that names every column of `needed` that is not `given`, and the nearest that is."""
    missing = [name for name in needed if name not in given]
    if not missing:
        return
    told = []
    for name in missing:
        close = nearest(name, given)
        told.append(f"'{name}'" + (f" (did you mean '{close}'?)" if close else ""))
    raise DataError(
        f"{what} lacks {len(missing)} column(s): {', '.join(told)}",
        hint=f"it has: {', '.join(given) or 'none'}",
        code="columns",
    )
