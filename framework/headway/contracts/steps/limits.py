"""What the values of a column may be, held alike in training and on rows to be scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from headway.contracts.schema import ROW, Category
from headway.errors import DataError

if TYPE_CHECKING:
    import polars as pl

Otherwise = Literal["error", "drop", "clip", "missing"]
"""What becomes of a value outside: the rows are refused, the row is left out, the value is moved to the nearer
end, or it counts as missing."""

Bound = int | float | str
"""One end of a range: a number, or an ISO date or time (``2013-12-31``, which is its first moment)."""

EXAMPLES = 3
"""How many rows of each violation are shown."""


@dataclass(frozen=True)
class Limits:
    """One step of a recipe: the limits of one column.

    Clipping and missing change values, here and when scoring. The other two leave the frame as it is: the data
    stage refuses rows or leaves them out, and rows to be scored are refused, see `Outside`. A missing value is
    outside only where one is required; NaN is missing, infinite numbers are values.

    Attributes:
        column: The column's name.
        otherwise: What becomes of a value outside.
        low: The least value.
        high: The greatest value.
        categories: The closed list of values, all of one type.
        pattern: A regular expression (of Rust) that the whole text must match.
        required: Whether a value must not be missing.
        unique: Whether rows that repeat a value are left out, all but the first, of earlier rows as in training.
            Rows to be scored are not held to it.
        late: Whether values are known only after the row's moment, as a target's are: rows to be scored may lack them.
        op: The operation's name in JSON.
    """

    column: str
    otherwise: Otherwise = "error"
    low: Bound | None = None
    high: Bound | None = None
    categories: tuple[Category, ...] | None = None
    pattern: str | None = None
    required: bool = False
    unique: bool = False
    late: bool = False
    op: Literal["limits"] = "limits"

    def takes(self) -> tuple[str, ...]:
        """The columns the step reads."""
        return (self.column,)

    def gives(self) -> tuple[str, ...]:
        """The columns the step writes."""
        return (self.column,)

    @property
    def judges(self) -> bool:
        """Whether there is something that a row by itself can break."""
        return self != Limits(self.column, self.otherwise, unique=self.unique, late=self.late)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The frame with values clipped or missing, if that is the policy; its types stay."""
        import polars as pl

        schema = frame.collect_schema()
        if self.otherwise not in ("clip", "missing") or self.column not in schema:
            return frame
        dtype, given = schema[self.column], pl.col(self.column)
        ends = {"min": self.low, "max": self.high} if self.otherwise == "clip" else {}
        for rule, outside in self.outside(dtype).items():
            end = ends.get(rule)
            given = pl.when(outside).then(None if end is None else _end(end).cast(dtype)).otherwise(given)
        return frame.with_columns(given.alias(self.column))

    def outside(self, dtype: pl.DataType) -> dict[str, pl.Expr]:
        """Rule (missing, min, max, categories, pattern) to whether a row breaks it, for a column of that type.

        Text is read as the limits are: a column that a file gave as text may be held to numbers or times.
        """
        import polars as pl

        if dtype.is_nested():  # as any value of a wrong type, it is told where types are
            return {}
        value, missing = _values(self.column, dtype, self)
        rules: dict[str, pl.Expr] = {"missing": missing} if self.required else {}
        if self.low is not None:
            rules["min"] = value < _end(self.low)
        if self.high is not None:
            rules["max"] = value > _end(self.high)
        if self.categories is not None:
            rules["categories"] = ~value.is_in(_listed(self.categories, dtype))
        if self.pattern is not None:
            rules["pattern"] = ~pl.col(self.column).cast(pl.String).str.contains(rf"\A(?:{self.pattern})\z")
        present = {rule: outside & ~missing for rule, outside in rules.items() if rule != "missing"}
        return {rule: outside.fill_null(value=False) for rule, outside in (rules | present).items()}


def kept(frame: pl.LazyFrame, limits: Sequence[Limits]) -> pl.LazyFrame:
    """The rows without those that limits with the policy drop leave out; columns that are not there are passed over.

    Of rows that are not outside, those that repeat a value go: a row that is left out anyway takes none with it.
    """
    schema = frame.collect_schema()
    known = [each for each in limits if each.otherwise == "drop" and each.column in schema]
    for outside in (rule for each in known for rule in each.outside(schema[each.column]).values()):
        frame = frame.filter(~outside)
    for each in known:
        frame = firsts(frame, each.column) if each.unique else frame
    return frame


def firsts(frame: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """Of rows with equal values the first; those without a value stay."""
    value = present(column, frame.collect_schema()[column])
    return frame.filter(value.is_first_distinct() | value.is_null())


def present(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column's values, NaN being missing."""
    import polars as pl

    return pl.col(column).fill_nan(None) if dtype.is_float() else pl.col(column)


@dataclass(frozen=True)
class Violation:
    """Values of one column that break one rule.

    Attributes:
        column: The column's name.
        rule: What they break: missing, min, max, categories, pattern, unique.
        count: How many.
        examples: A few of them: (number of the row in its source, counted from 1, value).
        says: What is wrong with them.
        otherwise: What becomes of them.
    """

    column: str
    rule: str
    count: int
    examples: tuple[tuple[int, Any], ...]
    says: str
    otherwise: Otherwise

    def __str__(self) -> str:
        shown = [f"row {row}" if value is None else f"{value} (row {row})" for row, value in self.examples]
        return f"{self.column}: {self.count:,} value{'s' if self.count > 1 else ''} {self.says}: {', '.join(shown)}"


def violations(frame: pl.LazyFrame, limits: Sequence[Limits], row: str = ROW) -> list[Violation]:
    """Counts what is outside, in one streaming pass whose memory does not grow with the rows.

    Only if there is something, a further pass a rule looks for the first few rows, and stops at them.

    Args:
        frame: Typed rows.
        limits: What to hold them to; columns that are not there are passed over.
        row: The column of row ids, which count from 0; where there is none, rows are counted.
    """
    import polars as pl

    schema = frame.collect_schema()
    if row not in schema:
        frame = frame.with_row_index(row)
    known = [each for each in limits if each.column in schema]
    rules = [(each, *rule) for each in known for rule in each.outside(schema[each.column]).items()]
    if not rules:
        return []
    sums = [outside.sum().cast(pl.Int64).alias(str(at)) for at, (_, _, outside) in enumerate(rules)]
    counts = frame.select(sums).collect(engine="streaming").row(0)
    found = []
    for count, (each, rule, outside) in zip(counts, rules, strict=True):
        if count:
            first = frame.filter(outside).select(row, each.column).head(EXAMPLES).collect(engine="streaming")
            examples = tuple((int(at) + 1, value) for at, value in zip(*first, strict=True))
            found.append(Violation(each.column, rule, count, examples, _says(each, rule), each.otherwise))
    return found


@dataclass
class Outside:
    """What rows to be scored, batch by batch, hold that limits with the policy error or drop do not allow.

    Whether a row is allowed never depends on the rows beside it.

    Attributes:
        steps: The recipe's steps; those that are no such limits are passed over.
        found: Column and rule to what breaks it.
    """

    steps: Sequence[object]
    found: dict[tuple[str, str], Violation] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, rows: pl.LazyFrame, before: int = 0) -> None:
        """Adds what is outside in a batch of typed rows before which `before` rows came."""
        limits = [step for step in self.steps if isinstance(step, Limits) and step.otherwise in ("error", "drop")]
        for new in violations(rows, limits) if limits else ():
            first = self.found.get((new.column, new.rule), replace(new, count=0, examples=()))
            more = tuple((before + row, value) for row, value in new.examples)
            examples = (*first.examples, *more)[:EXAMPLES]
            self.found[new.column, new.rule] = replace(new, count=first.count + new.count, examples=examples)

    def refuse(self, of: str = "") -> None:
        """Raises `DataError` naming every column, rule and count, with examples, if there is anything."""
        if self:
            raise DataError(
                of + "; ".join(map(str, self.found.values())),
                hint="a score of such a row would mean nothing: mend the rows, or leave them out",
                code="rules",
            )


def _says(limits: Limits, rule: str) -> str:
    if rule == "categories":
        known = [str(item) for item in limits.categories or ()]
        more = f" and {len(known) - 5} more" if len(known) > 5 else ""
        return f"not among {', '.join(known[:5])}{more}"
    texts: Mapping[str, str] = {
        "missing": "missing",
        "min": f"below {limits.low}",
        "max": f"above {limits.high}",
        "pattern": f"not of the form {limits.pattern}",
    }
    return texts[rule]


def _values(column: str, dtype: pl.DataType, limits: Limits) -> tuple[pl.Expr, pl.Expr]:
    """The values in the type of the limits, and which of them are missing."""
    import polars as pl

    value = pl.col(column)
    sample = next(_samples(limits), None)
    if isinstance(sample, bool):
        value = value if dtype == pl.Boolean else value.cast(pl.String).str.to_lowercase() == "true"
    elif isinstance(sample, int | float) and not dtype.is_numeric():
        value = value.cast(pl.Float64, strict=False)
    elif isinstance(sample, str) and limits.categories is not None:
        value = value.cast(pl.String)
    elif isinstance(sample, str):
        value = _moments(value, dtype)
    missing = pl.col(column).is_null()
    return value, missing | pl.col(column).is_nan() if dtype.is_float() else missing


def _listed(categories: Sequence[Category], dtype: pl.DataType) -> pl.Series:
    """One list of the categories, in a type that values can be compared with: floats, where those are."""
    import polars as pl

    listed = pl.Series(categories)
    if listed.dtype.is_integer() and (dtype.is_float() or not dtype.is_numeric()):  # texts are read as floats
        listed = listed.cast(dtype if dtype.is_float() else pl.Float64)
    return listed.implode()


def _samples(limits: Limits) -> Iterator[Any]:
    yield from limits.categories or ()
    yield from (end for end in (limits.low, limits.high) if end is not None)


def _moments(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    if dtype == pl.String:
        return value.str.to_datetime(time_unit="us", strict=False)
    return (value.dt.replace_time_zone(None) if isinstance(dtype, pl.Datetime) else value).cast(pl.Datetime("us"))


def _end(end: Bound) -> pl.Expr:
    import polars as pl

    if isinstance(end, str):
        return pl.lit(datetime.fromisoformat(end), dtype=pl.Datetime("us"))
    return pl.lit(end)
