"""Targets of several labels: columns of yes and no that become one array column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
from headway import DataError
from headway.contracts import NUMBERS, Target
from headway.errors import Place

if TYPE_CHECKING:
    from headway_tabular.table import Rows

TARGET = Place("data.target")


def labels_of(frame: pl.LazyFrame, table: Rows, kinds: Mapping[str, str]) -> Target:
    """The target of rows that have all labels said; it is called by their names.

    Args:
        frame: The rows.
        table: Names the columns.
        kinds: Column to kind.

    Raises:
        DataError: A column is not of yes and no, is always the same, or plays another part too.
    """
    _check_roles(table)
    for name in table.targets:
        if kinds[name] not in NUMBERS:
            raise _no_label(f"'{name}' is {kinds[name]}")
        number = pl.col(name).cast(pl.Float64)
        strange = pl.col(name).filter(~number.is_in([0.0, 1.0])).first()
        facts = frame.select(strange.alias("strange"), number.min().alias("low"), number.max().alias("high"))
        _check_values(name, **facts.collect(engine="streaming").row(0, named=True))
    return Target(", ".join(table.targets), "multilabel", table.targets)


def _check_values(name: str, strange: float | None, low: float | None, high: float | None) -> None:
    if strange is not None:
        raise _no_label(f"'{name}' has other values, such as {strange!r}")
    if low == high:
        what = f"the label '{name}' is {'always' if low else 'never'} there"
        what = "no row is left that has labels" if low is None else what
        hint = "there is nothing to learn: choose others, or look at what leaves rows out, such as data.rules"
        raise DataError(what, where=TARGET, hint=hint, code="constant-target")


def packed(frame: pl.LazyFrame, target: Target) -> pl.LazyFrame:
    """The same rows with the labels in one column, the last: an array of booleans, in the order of the labels."""
    names = [str(name) for name in target.classes or ()]
    array = pl.concat_arr(pl.col(name).cast(pl.Boolean) for name in names)
    return frame.with_columns(array.alias(target.column)).drop(names)


def _no_label(what: str) -> DataError:
    return DataError(
        f"{what}; a label is true or false, 1 or 0",
        where=TARGET,
        hint="data.derive makes one, such as rain: precipitation > 0",
        code="label-values",
    )


def _check_roles(table: Rows) -> None:
    """Raises `DataError` if a label has another part; the positive class is for a target of two."""
    if table.positive is not None:
        what = "data.positive is for one target of two classes, there are labels"
        raise DataError(what, where=Place("data.positive"), hint="leave it out", code="unknown-class")
    parts = {"time": table.time, "group": table.group, "weight": table.weight, "split.column": table.split.column}
    for part, name in [*parts.items(), *(("sensitive", name) for name in table.sensitive)]:
        if name in table.targets:
            what = f"'{name}' is a label and data.{part} too"
            raise DataError(what, where=Place(f"data.{part}"), hint="derive a second column", code="labels")
