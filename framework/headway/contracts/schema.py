"""The columns of a table: what they hold and what part they play."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from headway.errors import DataError

Category = str | int | bool
"""A value of a closed set, such as a class of the target."""

ROW = "__row__"
"""The row id (int64): the position of the row in the source, kept through splits and predictions."""

NUMBERS = ("numeric", "integer", "boolean")
"""Kinds that reach a graph as float64, missing as NaN."""

STRINGS = ("categorical", "text", "identifier")
"""Kinds that reach a graph as strings, missing as `headway.contracts.feeds.MISSING`."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Its name in the source.
        kind: numeric, integer, boolean, categorical, text, timestamp, identifier, tensor, image,
            sequence, or a plugin's own.
        dtype: The polars type it has in the dataset, such as ``Float64`` or ``String``.
        nullable: Whether values were missing in the training rows.
        categories: The values of the training rows, in a fixed order, where they are few.
        history: How many rows before a row's own a graph is given with it, for rows that are steps in
            time: see `headway.contracts.feeds`.
        formats: How texts and numbers say moments, in the order in which they are tried: codes of strptime,
            `headway.contracts.values.ISO`, or what of `headway.contracts.values.UNIX` numbers count; without any,
            ISO 8601.
        spells: ``boolean`` or ``numeric`` if texts are categories that training read off such values, so that
            ``True`` is the category ``true``, and ``2.0`` the category ``2``.
    """

    name: str
    kind: str
    dtype: str
    nullable: bool = False
    categories: tuple[Category, ...] | None = None
    history: int = 0
    formats: tuple[str, ...] = ()
    spells: Literal["boolean", "numeric"] | None = None


@dataclass(frozen=True)
class Target:
    """What is to be predicted.

    Attributes:
        column: The column's name.
        task: ``classification``, ``regression`` or ``multilabel`` (any number of labels a row), or a plugin's own.
        classes: The classes in their fixed order; of two, the last is the positive one. For ``multilabel`` the labels:
            the column then is an array column with a boolean for each of them.
        horizon: For forecasts, how many steps ahead: the target of a row is the column's value in each of
            the next `horizon` rows, and its values up to the row itself may be inputs.
    """

    column: str
    task: str
    classes: tuple[Category, ...] | None = None
    horizon: int | None = None


@dataclass(frozen=True)
class Schema:
    """The columns of a dataset and their roles.

    Attributes:
        columns: All columns except the row id, in source order.
        targets: What is to be predicted; empty for unlabelled data.
        time: The column that orders the rows in time.
        group: The column whose values must not be divided between splits.
        weight: The column of sample weights.
        sensitive: Columns by which fairness is judged (they may also be inputs).
        late: Columns that are known only after the moment of prediction: they are in the rows, never inputs.
    """

    columns: tuple[Column, ...]
    targets: tuple[Target, ...] = ()
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    sensitive: tuple[str, ...] = ()
    late: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """The column of that name; raises `DataError` naming the nearest one."""
        from headway.naming import unknown

        if name not in self.by_name:
            raise DataError(unknown("column", name, self.by_name), code="unknown-column")
        return self.by_name[name]

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns a model may see.

        All but targets of the row itself, group, weight, identifiers, what is known too late, and a time that is a
        mere number (a model could only learn which rows were later).
        """
        hidden = (target.column for target in self.targets if target.horizon is None)
        roles = {self.group, self.weight, *hidden, *self.late}
        return tuple(c for c in self.columns if c.name not in roles and not self._orders(c) and c.kind != "identifier")

    def _orders(self, column: Column) -> bool:
        return column.name == self.time and column.kind in NUMBERS

    @property
    def target(self) -> Target:
        """The only target; raises `DataError` if there is none or several."""
        if len(self.targets) != 1:
            raise DataError(
                f"one target is needed, the data have {len(self.targets)}",
                hint="set data.target to the column to predict",
                code="target",
            )
        return self.targets[0]
