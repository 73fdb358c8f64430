"""The closed recipe from source rows to dataset rows, replayed on rows to be scored.

A step is one of a few operations, never code. What a step has is said by `RowStep` and `TableStep`; a further
operation is a frozen dataclass with one of these sets of methods and an `op` of its own, added to `Step`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeGuard

from headway.contracts.casts import cast_columns, misread, refuse_misread
from headway.contracts.schema import Column
from headway.contracts.steps.asof import AsOf
from headway.contracts.steps.derived import Derive, NullValues
from headway.contracts.steps.joins import PAST, Apply, Join
from headway.contracts.steps.keys import require_columns
from headway.contracts.steps.limits import Limits, Outside, kept
from headway.contracts.steps.windows import Window
from headway.errors import DataError

if TYPE_CHECKING:
    import polars as pl

HISTORY = "history"
"""The name under which earlier rows are given, for windows over the rows themselves."""

Step = NullValues | Limits | Derive | Join | AsOf | Window
TABLE_STEPS = (Join, AsOf, Window)


class RowStep(Protocol):
    """An operation on each row by itself.

    A step may have `only(names)` too: the part of it that makes these columns, or None. Without it a step is kept as
    a whole if one of its columns is needed.
    """

    def takes(self) -> tuple[str, ...]:
        """The columns of a row that it reads."""

    def gives(self) -> tuple[str, ...]:
        """The columns that it makes or changes."""

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The frame with these columns; as many rows, in their order."""


@dataclass(frozen=True)
class TableSchema:
    """What is known of a further table.

    Attributes:
        name: Its name.
        columns: The columns that are read, as training saw them.
        null_values: Texts that mean a missing value, beside the empty one.
    """

    name: str
    columns: tuple[Column, ...]
    null_values: tuple[str, ...] = ()

    def read(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Its columns in their types, others as they are.

        Raises:
            DataError: A column is not there, or holds what is not of its type.
        """
        require_columns(frame.collect_schema(), (c.name for c in self.columns), f"table '{self.name}'")
        texts = NullValues(self.null_values).apply(frame)
        refuse_misread(misread(texts, self.columns), f"table '{self.name}': ")
        return cast_columns(texts, self.columns)


@dataclass(frozen=True)
class Recipe:
    """Steps in their order.

    Attributes:
        steps: The operations; each maps a lazy frame to a lazy frame. Texts are read as missing first, whatever the
            order.
        columns: The source's columns as training saw them; after texts were read as missing they are cast to these
            types. Those that are not listed stay as they are.
        tables: What is known of the tables that steps read.
        version: The version of this format.
    """

    steps: tuple[Step, ...] = ()
    columns: tuple[Column, ...] = ()
    tables: tuple[TableSchema, ...] = ()
    version: int = 1

    def __post_init__(self) -> None:
        if HISTORY in self.reads():
            raise DataError(
                f"a table cannot be named '{HISTORY}'", hint="that is the name of the rows before", code="table-name"
            )

    @property
    def over_rows(self) -> bool:
        """Whether a row's values depend on other rows, which then must be replayed together."""
        return any(map(_looks_back, self.steps))

    def only(self, names: Collection[str]) -> Recipe:
        """What is needed to make these columns: a part of the steps, columns and tables.

        Where windows look at earlier rows, what left rows out is kept: it did so before they were looked at.
        """
        wanted, steps = set(names), list[Step]()
        for step in reversed(self.steps):
            is_kept = _leaves_out(step) and any(map(_looks_back, steps))
            part = step if is_kept else _part(step, wanted)
            if part is not None:
                steps.insert(0, part)
                wanted = _before(wanted, part, (*part.takes(), *_recalls(part)))
        pruned = replace(self, steps=tuple(steps), columns=tuple(c for c in self.columns if c.name in wanted))
        return replace(
            pruned, tables=tuple(pruned._table(table) for table in self.tables if table.name in pruned.reads())
        )

    def needs(self, names: Collection[str]) -> tuple[str, ...]:
        """The source columns that rows must have for these columns to be made.

        Where windows look at the rows, those of rules that leave rows out are needed too: a row that breaks one would
        be seen by later rows, which in training it was not. What is recalled or late may be unknown yet, rule or not.
        """
        wanted, steps = set(names), self.only(names).steps
        for step in reversed(steps):
            if wanted.intersection(step.gives()):
                wanted = _before(wanted, step, step.takes())
        judged = {step.column for step in steps if _leaves_out(step) and step.judges and not step.late}
        return self._sorted(wanted | judged.difference(self.recalls(names)), names)

    def judges(self, names: Collection[str]) -> tuple[str, ...]:
        """The source columns whose rules left rows out before the windows over the rows for these columns saw them.

        Earlier rows must have them; rows to be scored may lack those that are not in `needs`.
        """
        return self._sorted({step.column for step in self.only(names).steps if _leaves_out(step)}, names)

    def recalls(self, names: Collection[str]) -> tuple[str, ...]:
        """The source columns of events that windows over the rows need for these columns.

        Earlier rows must have them; rows to be scored may lack them, as what is not known yet.
        """
        wanted = set[str]()
        for step in reversed(self.only(names).steps):
            if wanted.intersection(step.gives()):
                wanted = _before(wanted, step, step.takes())
            wanted.update(_recalls(step))
        return self._sorted(wanted, names)

    def reads(self) -> dict[str, tuple[str, ...]]:
        """The tables that the steps read, and the columns of each."""
        found: dict[str, dict[str, None]] = {}
        for step in self.steps:
            if isinstance(step, TABLE_STEPS) and step.table is not None:
                found.setdefault(step.table, {}).update(dict.fromkeys(step.reads()))
        return {name: tuple(columns) for name, columns in found.items()}

    def open(self, tables: Mapping[str, pl.LazyFrame] | None = None) -> Replay:
        """The recipe with its tables read, checked and held, ready for any number of frames.

        Args:
            tables: The tables by their names, of which the columns in `reads` are read, others being ignored; and,
                optionally, earlier rows in the form of the source as `HISTORY`.

        Raises:
            DataError: A table is missing, lacks columns, or holds values of other types or a key twice.
        """
        given = dict(tables or {})
        history = given.pop(HISTORY, None) if self.over_rows else None
        self._require(given)
        held = {name: self._read(name, given[name], columns).collect() for name, columns in self.reads().items()}
        makers = tuple(
            step.open(held[step.table] if step.table else None) if isinstance(step, TABLE_STEPS) else step.apply
            for step in self.steps
            if not isinstance(step, NullValues)
        )
        return Replay(self, makers, None if history is None else self._past(history))

    def apply(self, frame: pl.LazyFrame, tables: Mapping[str, pl.LazyFrame] | None = None) -> pl.LazyFrame:
        """Replays the steps on rows in the form of the source; other columns pass through.

        The rows keep their number and order. Checking the types of values, and joins that refuse what is unmatched,
        read the rows once more.

        Args:
            frame: The rows.
            tables: See `open`.

        Raises:
            DataError: As `open`; and the rows lack columns, or hold values that cannot be read as their types.
        """
        return self.open(tables).apply(frame)

    def _given(self) -> set[str]:
        """All that the steps make or change."""
        return {name for step in self.steps for name in step.gives()}

    def _events(self) -> tuple[str, ...]:
        """The source columns that windows over the rows need of earlier rows."""
        return self.recalls(self._given())

    def _past(self, history: pl.LazyFrame) -> pl.LazyFrame:
        """Earlier rows in their types, without those that rules leave out, as in training.

        Raises:
            DataError: Columns that windows or rules look at are not there, or values are not of their types or break a
                rule.
        """
        there, needed = history.collect_schema(), (*self._events(), *self.judges(self._given()))
        require_columns(there, needed, f"table '{HISTORY}'")
        known = {*needed, *(column.name for column in self.columns)}
        texts = Replay(self).read(history.select(name for name in there if name in known))
        refuse_misread(misread(texts, self.columns), f"table '{HISTORY}': ")
        past = cast_columns(texts, self.columns).collect().lazy()
        outside = Outside([step for step in self.steps if isinstance(step, Limits) and step.otherwise == "error"])
        past = kept(past, [step for step in self.steps if isinstance(step, Limits)])
        outside.add(past)
        outside.refuse(f"table '{HISTORY}': ")
        return past

    def _read(self, name: str, table: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
        require_columns(table.collect_schema(), columns, f"table '{name}'")
        known = next((each for each in self.tables if each.name == name), None)
        return table.select(columns) if known is None else self._table(known).read(table.select(columns))

    def _table(self, table: TableSchema) -> TableSchema:
        """The part of a table's schema that the steps read."""
        read = self.reads()[table.name]
        return replace(table, columns=tuple(column for column in table.columns if column.name in read))

    def _require(self, given: Collection[str]) -> None:
        missing = [f"'{name}' ({', '.join(cs)})" for name, cs in self.reads().items() if name not in given]
        if missing:
            raise DataError(
                f"{len(missing)} table(s) that the recipe joins are not given: {'; '.join(missing)}",
                hint="give each by its name, with these columns",
                code="missing-table",
            )

    def _sorted(self, found: Collection[str], asked: Iterable[str]) -> tuple[str, ...]:
        """Columns in the order of the source, then those that it does not list as they were asked for."""
        order = dict.fromkeys((*(column.name for column in self.columns), *asked, *sorted(found)))
        return tuple(name for name in order if name in found)


@dataclass(frozen=True)
class Replay:
    """A recipe whose tables are there.

    Attributes:
        recipe: What is replayed.
        makers: Its steps after texts were read as missing.
        history: Earlier rows in their types, for windows over the rows themselves.
    """

    recipe: Recipe
    makers: tuple[Apply, ...] = ()
    history: pl.LazyFrame | None = None

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """See `Recipe.apply`."""
        return self.make(self.typed(frame))

    def typed(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The rows in the types that training saw; raises `DataError` for what cannot be read as such."""
        texts = self.read(frame)
        refuse_misread(misread(texts, self.recipe.columns))
        return cast_columns(texts, self.recipe.columns)

    def read(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The rows with the texts that mean so missing."""
        for step in self.recipe.steps:
            if isinstance(step, NullValues):
                frame = step.apply(frame)
        return frame

    def make(self, texts: pl.LazyFrame) -> pl.LazyFrame:
        """The columns of the dataset, of rows as `read` gives them; what cannot be read as its type is missing."""
        import polars as pl

        frame = cast_columns(texts, self.recipe.columns)
        if self.history is None:
            require_columns(frame.collect_schema(), self.recipe._events(), "windows over the rows and their history")
            return _follow(self.makers, frame)
        past = self.history.with_columns(pl.lit(value=True).alias(PAST))
        rows = frame.with_columns(pl.lit(value=False).alias(PAST))
        there = _follow(self.makers, pl.concat([past, rows], how="diagonal_relaxed"))
        return there.filter(~pl.col(PAST)).drop(PAST)


def _follow(makers: Iterable[Apply], frame: pl.LazyFrame) -> pl.LazyFrame:
    for make in makers:
        frame = make(frame)
    return frame


def _part(step: Step, names: Collection[str]) -> Step | None:
    """What of a step is needed to make these columns; None for nothing."""
    only = getattr(step, "only", None)
    if only is not None:
        part: Step | None = only(names)
        return part
    return step if set(names).intersection(step.gives()) else None


def _before(wanted: set[str], step: Step, takes: Collection[str]) -> set[str]:
    """What is needed before a step, for what is needed after it."""
    return wanted.difference(step.gives()).union(takes)


def _looks_back(step: Step) -> bool:
    """Whether it looks at other rows."""
    return isinstance(step, Window) and step.table is None


def _leaves_out(step: Step) -> TypeGuard[Limits]:
    """Whether rows were left out of the data by it."""
    return isinstance(step, Limits) and step.otherwise == "drop"


def _recalls(step: Step) -> tuple[str, ...]:
    return step.recalls() if isinstance(step, Window) else ()
