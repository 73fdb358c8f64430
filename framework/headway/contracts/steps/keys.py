"""Keys of joins and windows: compared as values, however they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from headway.errors import DataError
from headway.naming import unknown

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


def key_type(dtype: pl.DataType) -> pl.DataType:
    """The type in which keys are compared: of whole numbers, fractions, text and moments the widest."""
    import polars as pl

    if dtype.is_integer():
        return pl.Int64()
    if dtype.is_float():
        return pl.Float64()
    if dtype in (pl.Categorical, pl.Enum):
        return pl.String()
    return pl.Datetime("us") if dtype in (pl.Date, pl.Datetime) else dtype


def key_columns(schema: Mapping[str, pl.DataType], names: Iterable[str]) -> list[pl.Expr]:
    """The keys as columns ``0``, ``1`` …, null for missing; a constant if there are none."""
    import polars as pl

    keys = [_key(name, schema[name]).alias(str(at)) for at, name in enumerate(names)]
    return keys or [pl.lit(0, dtype=pl.Int64).alias("0")]


def _key(name: str, dtype: pl.DataType) -> pl.Expr:
    wanted = key_type(dtype)
    value = _in_utc(name, dtype).cast(wanted)
    return value.fill_nan(None) if wanted.is_float() else value


def _in_utc(name: str, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    value = pl.col(name)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return value.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return value


def require_columns(given: Iterable[str], wanted: Iterable[str], what: str) -> None:
    """Raises `DataError` if a column is not there, naming what needs it and the nearest."""
    names = list(given)
    for name in wanted:
        if name not in names:
            raise DataError(f"{what}: {unknown('column', name, names)}", code="unknown-column")


def match_keys(
    rows: Mapping[str, pl.DataType], table: Mapping[str, pl.DataType], on: Mapping[str, str], what: str
) -> None:
    """Raises `DataError` that names both sides if the types of keys can't be compared.

    Args:
        rows: Columns of the rows.
        table: Columns of the other side.
        on: Row column to the other side's.
        what: The step and its table, for errors.
    """
    import polars as pl

    for row, other in on.items():
        one, two = key_type(rows[row]), key_type(table[other])
        if one != two and pl.Null not in (one, two):
            raise DataError(
                f"{what}: column '{row}' of the rows is {rows[row]}, '{other}' to be matched with it is {table[other]}",
                hint="give both the same kind",
                code="key-type",
            )


def moments(name: str, schema: Mapping[str, pl.DataType], what: str) -> pl.Expr:
    """A column of moments as Datetime in microseconds, without zone; raises `DataError` if it holds something else."""
    import polars as pl

    dtype = schema[name]
    if dtype not in (pl.Date, pl.Datetime, pl.Null):
        counts = "; data.read.dates=[unix_s] if its numbers count seconds since 1970" if dtype.is_numeric() else ""
        raise DataError(f"{what}: column '{name}' is {dtype}, and must be a timestamp",
                        hint=f"give it the kind timestamp{counts}", code="time-type")  # fmt: skip
    return _in_utc(name, dtype).cast(pl.Datetime("us"))


class Codes:
    """Numbers for the keys of a table.

    Args:
        keys: The keys of its records as `key_columns` gives them, without missing ones.
    """

    def __init__(self, keys: pl.DataFrame) -> None:
        self._names = keys.columns
        self._known = keys.unique(maintain_order=True).with_row_index("code")

    def of(self, keys: pl.DataFrame) -> np.ndarray:
        """The number of each key, int64 of shape (rows,); -1 for those that the table does not have."""
        import numpy as np
        import polars as pl

        known = self._known
        if known.is_empty():
            return np.full(len(keys), -1)
        typed = keys.cast({name: known.schema[name] for name in self._names})
        found = typed.join(known, on=self._names, how="left", maintain_order="left")["code"]
        return found.cast(pl.Int64).fill_null(-1).to_numpy()
