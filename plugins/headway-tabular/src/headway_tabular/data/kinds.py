"""What the columns of a table hold: the kind of each, by its type and its values."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import polars as pl
from headway import DataError
from headway.contracts import Column

BATCH = 131_072
"""Rows whose categories are gathered at a time."""
CATEGORIES = 256
"""How many categories of a column are kept in its schema at most; of more than these none are."""

ENOUGH = 100
"""Rows below which values say too little of a column to call it text or an identifier."""
UNIQUE = 0.9
"""The share of distinct values from which a column of single words is an identifier."""
LONG, WORDY, VARIED = 60.0, 4.0, 0.2
"""Characters or words on average from which a column is text, if at least this share of it is distinct."""


def kinds_of(frame: pl.LazyFrame, given: Mapping[str, str], roles: Collection[str | None]) -> dict[str, str]:
    """The kind of every column: as given, or by type; strings and whole numbers by their values too.

    One streaming pass. A string column is an identifier if nearly all its values are distinct single words, and
    text if they are long or of several words; a whole-number column is an identifier if it numbers the rows.

    Args:
        frame: Typed rows.
        given: Column to kind, where a config says it.
        roles: Columns that play a part: their kind is that of their type.

    Raises:
        DataError: A column holds something that tables do not take.
    """
    schema = frame.collect_schema()
    kinds = {name: given.get(name) or kind_of(name, dtype) for name, dtype in schema.items()}
    settled = {*given, *roles}
    open_ = [name for name, kind in kinds.items() if kind in ("integer", "categorical") and name not in settled]
    if open_:
        facts = frame.select(*_facts(open_, schema)).collect(engine="streaming").to_dicts()[0]
        for name in open_:
            kinds[name] = _by_values(name, kinds[name], facts)
    return kinds


def columns_of(frame: pl.LazyFrame, train: pl.LazyFrame, kinds: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of a schema: kinds, types, whether training rows miss values, and the categories of these rows."""
    facts = [pl.col(*kinds).null_count()]
    facts += [pl.col(n).approx_n_unique().alias(f"{n}\0distinct") for n, kind in kinds.items() if kind == "categorical"]
    counts = train.select(facts).collect(engine="streaming").to_dicts()[0]
    # The estimate may be some percent off.
    few = [name for name in kinds if counts.get(f"{name}\0distinct", math.inf) <= 2 * CATEGORIES]
    schema, known = frame.collect_schema(), _categories(train, few)
    return tuple(
        Column(name, kind, type(schema[name]).__name__, counts[name] > 0, known.get(name))
        for name, kind in kinds.items()
    )


def _categories(train: pl.LazyFrame, names: list[str]) -> dict[str, tuple[str, ...]]:
    """The sorted values of each column, where they are few."""
    if not names:
        return {}
    found: dict[str, set[str]] = {name: set() for name in names}
    # `unique` of several columns would hold them whole.
    for batch in train.select(names).collect_batches(chunk_size=BATCH, maintain_order=False, engine="streaming"):
        for name, values in found.items():
            values.update(batch[name].unique().drop_nulls())
    return {name: tuple(sorted(values)) for name, values in found.items() if 0 < len(values) <= CATEGORIES}


def kind_of(name: str, dtype: pl.DataType) -> str:
    """The kind that a type says; raises `DataError` if tables do not take it."""
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "numeric"
    if dtype == pl.Datetime:
        return "timestamp"
    if dtype == pl.String:
        return "categorical"
    raise DataError(
        f"column '{name}' holds {dtype}, which tables do not take", hint="leave it out: data.drop", code="column-type"
    )


def _facts(names: list[str], schema: pl.Schema) -> list[pl.Expr]:
    facts = []
    for name in names:
        column = pl.col(name)
        facts += [column.count().alias(f"{name}\0rows"), column.approx_n_unique().alias(f"{name}\0distinct")]
        if schema[name] == pl.String:
            facts.append(column.str.len_chars().mean().alias(f"{name}\0length"))
            facts.append((column.str.count_matches(r"\s+") + 1).mean().alias(f"{name}\0words"))
        else:
            facts += [column.min().alias(f"{name}\0least"), column.max().alias(f"{name}\0most")]
    return facts


def _by_values(name: str, kind: str, facts: Mapping[str, float]) -> str:
    rows = facts[f"{name}\0rows"]
    if rows < ENOUGH:
        return kind
    share = facts[f"{name}\0distinct"] / rows
    if kind == "integer":
        numbered = facts[f"{name}\0most"] - facts[f"{name}\0least"] + 1 == rows
        return "identifier" if numbered and share >= UNIQUE else kind
    length, words = facts[f"{name}\0length"], facts[f"{name}\0words"]
    if (length >= LONG or words >= WORDY) and share >= VARIED:
        return "text"
    return "identifier" if share >= UNIQUE and words < 2 else kind
