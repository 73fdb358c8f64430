"""The frames of several files → one frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl
from headway import DataError

from headway_tabular.sources.files import File

EXACT = 2**53
"""Up to here every whole number is a float64."""


@dataclass(frozen=True)
class Part:
    """The rows of a file.

    Attributes:
        file: Where they come from.
        frame: The rows, lazy.
        schema: The columns of the frame, in order, without those of the file's partition.
        is_empty: Whether it has no rows.
    """

    file: File
    frame: pl.LazyFrame
    schema: pl.Schema
    is_empty: bool = False


def union(parts: Sequence[Part]) -> pl.LazyFrame:
    """The rows of all files, one after the other, with the columns of their partitions last.

    Raises:
        DataError: The files do not have the same columns, of the same types.
    """
    first, *others = parts
    for other in others:
        _check_names(first, other)
    dtypes = {name: _common(name, parts) for name in first.schema}
    return pl.concat([_conformed(part, dtypes) for part in parts]) if others else _conformed(first, dtypes)


def _conformed(part: Part, dtypes: dict[str, pl.DataType]) -> pl.LazyFrame:
    cast = [pl.col(n) if part.schema[n] == dtype else pl.col(n).cast(dtype) for n, dtype in dtypes.items()]
    partition = [
        pl.lit(text, pl.String).alias(name) for name, text in part.file.partition.items() if name not in dtypes
    ]
    return part.frame.select(*cast, *partition)


def _check_names(first: Part, other: Part) -> None:
    odd = sorted(first.schema.keys() ^ other.schema.keys())
    if odd:
        has, lacks = (first, other) if odd[0] in first.schema else (other, first)
        raise DataError(
            f"{lacks.file.name} has no column '{odd[0]}', which {has.file.name} has",
            hint="the files of one table have the same columns",
            code="schema-clash",
        )


def _common(name: str, parts: Sequence[Part]) -> pl.DataType:
    """The one type of a column in all files."""
    first, dtype = parts[0], _plain(parts[0].schema[name])
    if all(part.schema[name] == first.schema[name] for part in parts):
        return first.schema[name]
    for part in parts[1:]:
        found = _wider(dtype, _plain(part.schema[name]))
        if found is None or (found == pl.Float64 and not _exact(name, parts)):
            raise DataError(
                f"column '{name}' is {part.schema[name]} in {part.file.name}, but {dtype} in {first.file.name}",
                hint="write the files of one table with the same types",
                code="schema-clash",
            )
        dtype = found
    return dtype


def _plain(dtype: pl.DataType) -> pl.DataType:
    if dtype.is_integer():
        return pl.Int64() if dtype not in (pl.UInt64, pl.Int128, pl.UInt128) else dtype
    if dtype.is_float():
        return pl.Float64()
    return pl.String() if dtype in (pl.Categorical, pl.Enum) else dtype


def _wider(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if one == other or other == pl.Null:
        return one
    if one == pl.Null:
        return other
    return pl.Float64() if {one, other} == {pl.Int64(), pl.Float64()} else None


def _exact(name: str, parts: Sequence[Part]) -> bool:
    """Whether the whole numbers of a column, where it has such, are all float64 too."""
    whole = [part.frame.select(pl.col(name).cast(pl.Int64)) for part in parts if part.schema[name].is_integer()]
    if not whole:
        return True
    largest = pl.concat(whole).select(pl.col(name).abs().max()).collect(engine="streaming").item()
    return largest is None or largest <= EXACT


def widest(dtypes: Iterable[pl.DataType]) -> pl.DataType:
    """The narrowest type of rows of mixed types: numbers stay numbers, anything else becomes a text."""
    start: pl.DataType = pl.Null()
    return reduce(_mixed, dtypes, start)


def _mixed(one: pl.DataType, other: pl.DataType) -> pl.DataType:
    if one == other or other == pl.Null:
        return one
    if one == pl.Null:
        return other
    if one.is_numeric() and other.is_numeric():
        return pl.Int128() if one.is_integer() and other.is_integer() else pl.Float64()
    return pl.String()
