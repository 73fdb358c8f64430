"""Tiny tables for tests: generated, the same on every machine, with the difficulties of real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from headway.contracts import ROW, Column, Dataset, Schema, Target

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}

_WORK = ("private", "public", "self-employed", "none")
_TEXTS = ("a", "never seen before", "", " two  spaces ", "Zo\u00eb \N{SNOWMAN} 小林", "two\nlines", "x" * 1000)
_EDUCATION = ("school", "college", "bachelor", "master")


def tiny_table(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """A census-like table with missing values, a skewed number and a rare category.

    Columns: ``age`` (Int64), ``hours`` (Float64, 5 % missing), ``gain`` (Float64, mostly zero),
    ``work`` (String, 5 % missing, one category rare), ``education`` (String), ``member`` (Boolean),
    ``income`` (String, ``<=50K`` or ``>50K``, depends on the others), ``spending`` (Float64, likewise).

    Args:
        rows: How many.
        seed: Of all randomness.
    """
    import numpy as np
    import polars as pl

    random = np.random.default_rng(seed)
    age = random.integers(17, 90, rows)
    hours = np.clip(random.normal(40, 12, rows), 1, 99).round(1)
    gain = np.where(random.random(rows) < 0.08, random.lognormal(8, 1, rows).round(), 0.0)
    work = random.choice(_WORK, rows, p=[0.7, 0.15, 0.13, 0.02])
    education = random.integers(0, len(_EDUCATION), rows)
    member = random.random(rows) < 0.5
    score = 0.05 * (age - 40) - 0.001 * (age - 40) ** 2 + 0.05 * (hours - 40) + 0.9 * (education - 1.5) + gain / 4000
    income = random.random(rows) < 1 / (1 + np.exp(0.8 - score))
    return pl.DataFrame(
        {
            "age": age,
            "hours": _holes(random, hours),
            "gain": gain,
            "work": _holes(random, work),
            "education": np.array(_EDUCATION)[education],
            "member": member,
            "income": np.where(income, ">50K", "<=50K"),
            "spending": (20 + 3 * score + random.normal(0, 1, rows)).round(2),
        }
    )


def _holes(random: np.random.Generator, values: np.ndarray) -> pl.Series:
    import polars as pl

    lost = random.random(len(values)) < 0.05
    return pl.Series([None if hole else value for hole, value in zip(lost, values.tolist(), strict=True)])


def tiny_dataset(
    rows: int = 400, seed: int = 0, task: Literal["classification", "regression"] = "classification"
) -> Dataset:
    """`tiny_table` as a dataset with the splits train, validation and test (60, 20, 20 %).

    Args:
        rows: How many in all.
        seed: Of all randomness.
        task: Whether ``income`` or ``spending`` is the target; the other is left out.
    """
    target, other = ("income", "spending") if task == "classification" else ("spending", "income")
    table = tiny_table(rows, seed).drop(other)
    classes = ("<=50K", ">50K") if task == "classification" else None
    columns = tuple(_column(table[name]) for name in table.columns)
    schema = Schema(columns, (Target(target, task, classes),))
    return Dataset(schema, _splits(table.with_row_index(ROW).cast({ROW: _int64()})))


def _int64() -> type[pl.DataType]:
    import polars as pl

    return pl.Int64


def _column(series: pl.Series) -> Column:
    kinds = {"Int64": "integer", "Float64": "numeric", "Boolean": "boolean", "String": "categorical"}
    dtype = str(series.dtype)
    values = tuple(sorted(series.drop_nulls().unique().to_list())) if dtype == "String" else None
    return Column(series.name, kinds[dtype], dtype, series.null_count() > 0, values)


def _splits(table: pl.DataFrame) -> Mapping[str, pl.LazyFrame]:
    frames, start = {}, 0
    for name, share in SHARES.items():
        length = round(share * len(table))
        frames[name] = table.slice(start, length).lazy()
        start += length
    return frames


def rows_for(columns: Sequence[Column], rows: int = 40, seed: int = 0) -> pl.DataFrame:
    """Random rows that fit `columns`, with missing and never seen values, to score a predictor on.

    Kinds without a table form of their own (tensor, image, sequence) are not supported: supply rows.

    Args:
        columns: What the predictor takes.
        rows: How many.
        seed: Of all randomness.
    """
    import numpy as np
    import polars as pl

    random = np.random.default_rng(seed)
    return pl.DataFrame([_random(random, column, rows) for column in columns])


def _random(random: np.random.Generator, column: Column, rows: int) -> pl.Series:
    import polars as pl

    values = _values(random, column, rows)
    holed = [None if column.nullable and random.random() < 0.1 else value for value in values]
    return pl.Series(column.name, holed, dtype=getattr(pl, column.dtype))


def _values(random: np.random.Generator, column: Column, rows: int) -> list[object]:
    from datetime import datetime, timedelta

    values: list[object]
    if column.kind == "timestamp":
        values = [datetime(2020, 1, 1) + timedelta(minutes=int(m)) for m in random.integers(0, 10**6, rows)]
    elif column.kind == "text":
        values = random.choice(_TEXTS, rows).tolist()
    elif column.dtype == "String":
        known = [str(item) for item in column.categories or ("a", "b")]
        values = random.choice([*known, "never seen"], rows).tolist()
    elif column.dtype == "Boolean":
        values = (random.random(rows) < 0.5).tolist()
    elif column.dtype.startswith("Float"):
        values = random.normal(0, 50, rows).tolist()
    else:
        values = random.integers(0, 100, rows).tolist()
    return values
