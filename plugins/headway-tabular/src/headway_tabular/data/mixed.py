"""Columns that would be numbers but for a few texts: a slip in the source, or a text that means missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

NUMBER = r"^\s*[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?\s*$"
"""A text that people read as a number."""
MOSTLY = 0.9
"""The share of numbers from which the other texts are told."""
SHOWN = 3
"""Texts that are shown as examples."""


def mixed(rows: pl.LazyFrame, names: Sequence[str]) -> Iterator[str]:
    """What is told of each column of texts that are mostly, but not all, numbers.

    Args:
        rows: The table; one streaming pass, and one more if there are such columns.
        names: Its columns of texts.
    """
    counts = [expression for name in names for expression in _counts(name)]
    found = rows.select(counts).collect(engine="streaming").row(0, named=True) if counts else {}
    for name in names:
        present, numbers = found[f"{name}\0present"], found[f"{name}\0numbers"]
        if MOSTLY * present <= numbers < present:
            yield _told(rows, name, present - numbers, present)


def _counts(name: str) -> tuple[pl.Expr, pl.Expr]:
    column = pl.col(name)
    return column.count().alias(f"{name}\0present"), column.str.contains(NUMBER).sum().alias(f"{name}\0numbers")


def _told(rows: pl.LazyFrame, name: str, odd: int, present: int) -> str:
    others = rows.select(name).filter(~pl.col(name).str.contains(NUMBER)).unique().collect(engine="streaming")[name]
    shown = ", ".join(repr(text[:40]) for text in others.sort().head(SHOWN))
    more = f" and {others.len() - SHOWN} others" if others.len() > SHOWN else ""
    return (
        f"{name} is categorical: {odd:,} of {present:,} values are no numbers ({shown}{more}); if they mean missing:"
        f" data.null_values; if they are as they should be: data.kinds.{name}=categorical"
    )
