"""Columns of further tables, joined by key: at most one record a row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

from headway.contracts.steps.keys import key_columns, match_keys, require_columns
from headway.errors import DataError

if TYPE_CHECKING:
    import polars as pl

Apply = Callable[["pl.LazyFrame"], "pl.LazyFrame"]
"""What a step does with rows once its table is there."""

PAST = "__past__"
"""Whether a row is of the history (Boolean); only there while steps run that look at other rows."""


@dataclass(frozen=True)
class Join:
    """Columns of the one record of a table that has the row's keys.

    Attributes:
        table: The table's name.
        on: Row column to the table's column that must be equal; a missing key matches nothing.
        columns: Column of the table to its name in the rows.
        unmatched: Whether rows without a record have missing values, or are refused.
        op: The operation's name in JSON.
    """

    table: str
    on: Mapping[str, str]
    columns: Mapping[str, str]
    unmatched: Literal["missing", "error"] = "missing"
    op: Literal["join"] = "join"

    def __post_init__(self) -> None:
        if not self.on:
            raise DataError(f"{self.what}: no column to join on", hint="name at least one in on", code="join")
        check_names(self.gives(), self.takes(), self.what)

    @property
    def what(self) -> str:
        """The step in errors."""
        return f"join of '{self.table}'"

    def takes(self) -> tuple[str, ...]:
        """The columns of a row that the step reads."""
        return tuple(self.on)

    def gives(self) -> tuple[str, ...]:
        """The columns it makes."""
        return tuple(self.columns.values())

    def reads(self) -> tuple[str, ...]:
        """The columns of the table that it reads."""
        return tuple(dict.fromkeys((*self.on.values(), *self.columns)))

    def only(self, names: Collection[str]) -> Self | None:
        """The step that makes those of its columns; None if it makes none of them."""
        kept = {column: name for column, name in self.columns.items() if name in names}
        return replace(self, columns=kept) if kept else None

    def open(self, table: pl.DataFrame | None) -> Apply:
        """Looks the table over once.

        Raises:
            DataError: A column is not there, or a key is in the table twice.
        """
        import polars as pl

        table = given(table, self.reads(), self.what)
        keys = key_columns(table.schema, self.on.values())
        names = [f"__key{at}__" for at in range(len(keys))]
        values = [pl.col(column).alias(f"__value{at}__") for at, column in enumerate(self.columns)]
        right = table.select(*(key.alias(name) for key, name in zip(keys, names, strict=True)), *values)
        right = right.drop_nulls(names)
        self._refuse_twice(right, names)
        return lambda frame: self._join(frame, table.schema, right)

    def _refuse_twice(self, right: pl.DataFrame, names: list[str]) -> None:
        import polars as pl

        twice = right.group_by(names).len("n").filter(pl.col("n") > 1).sort("n", *names, descending=True)
        if twice.height:
            key = ", ".join(f"{c} = {v!r}" for c, v in zip(self.on.values(), twice.row(0), strict=False))
            raise DataError(
                f"{self.what}: {twice.height:,} key(s) are in the table more than once, "
                f"such as {key}: {twice['n'][0]:,} times",
                hint="rows must not multiply: join on more columns, or on the time with an as-of join",
                code="join-twice",
            )

    def _join(self, frame: pl.LazyFrame, table: Mapping[str, pl.DataType], right: pl.DataFrame) -> pl.LazyFrame:
        schema = frame.collect_schema()
        require_columns(schema, self.on, self.what)
        match_keys(schema, table, self.on, self.what)
        names = [name for name in right.columns if name.startswith("__key")]
        keys = [key.alias(name) for key, name in zip(key_columns(schema, self.on), names, strict=True)]
        left, known = same_types(frame.drop(self.gives(), strict=False).with_columns(keys), right.lazy(), names)
        if self.unmatched == "error":
            self._refuse_unmatched(left.join(known, on=names, how="anti"))
        joined = left.join(known, on=names, how="left", maintain_order="left").drop(names)
        made = dict(zip(right.columns[len(names) :], self.columns.values(), strict=True))
        return joined.rename(made)

    def _refuse_unmatched(self, lonely: pl.LazyFrame) -> None:
        import polars as pl

        if PAST in lonely.collect_schema():
            lonely = lonely.filter(~pl.col(PAST))
        keys = list(self.on)
        found = lonely.select(pl.len(), *(pl.col(key).first() for key in keys)).collect(engine="streaming").row(0)
        if found[0]:
            example = ", ".join(f"{key} = {value!r}" for key, value in zip(keys, found[1:], strict=True))
            raise DataError(
                f"{self.what}: {found[0]:,} row(s) have no record in the table, such as {example}",
                hint="complete the table, or take unmatched: missing",
                code="join-unmatched",
            )


def same_types(left: pl.LazyFrame, right: pl.LazyFrame, names: Collection[str]) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Both sides with keys of the same types, where one has none because it has no values."""
    import polars as pl

    one, two = left.collect_schema(), right.collect_schema()
    wanted = {name: two[name] if one[name] == pl.Null else one[name] for name in names}
    return left.cast(wanted), right.cast(wanted)  # type: ignore[arg-type]


def check_names(gives: Collection[str], takes: Collection[str], what: str) -> None:
    """Raises `DataError` if a step makes a column twice, or one of those that it reads."""
    names = list(gives)
    for name in names:
        if names.count(name) > 1 or name in takes:
            why = "is made twice" if names.count(name) > 1 else "is read by the step that makes it"
            raise DataError(f"{what}: column '{name}' {why}", hint="give it another name", code="column-names")


def given(table: pl.DataFrame | None, columns: Collection[str], what: str) -> pl.DataFrame:
    """The columns of a table; raises `DataError` if one is not there."""
    if table is None:
        raise DataError(f"{what}: the table is not given", code="missing-table")
    require_columns(table.columns, columns, what)
    return table.select(columns)
