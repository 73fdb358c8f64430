"""Leaks between splits and between columns and target, found before anything is learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from headway import Context, DataError
from headway.contracts import Column, Schema, Target
from headway.naming import unknown

from headway_tabular.data.known import AFTER
from headway_tabular.quality import overlaps
from headway_tabular.quality.checks import LEVELS, Check, Level
from headway_tabular.quality.divided import KEYS, Divided
from headway_tabular.quality.strength import Truth, strength

COMMON = 0.01
"""Twins and unseen categories in a smaller share of the rows are ordinary."""
UNIQUE = 0.98
"""A column of whole numbers or texts with this share of different values is an identifier."""
LEAST_ROWS = 50
ORDER: tuple[Level, ...] = ("error", "warning", "note", "ignore")


@dataclass(frozen=True)
class Finding:
    """Something in the data that makes results look better than they are, or learning worse.

    Attributes:
        check: The check that found it.
        level: How grave it is.
        what: One sentence.
        hint: How to mend it.
        columns: The columns it is about.
    """

    check: Check
    level: Level
    what: str
    hint: str
    columns: tuple[str, ...] = ()


def findings(
    schema: Schema,
    splits: Mapping[str, pl.LazyFrame],
    *,
    available_at: Mapping[str, str] | None = None,
    levels: Mapping[str, Level] | None = None,
    by_time: bool = False,
) -> list[Finding]:
    """Looks for leaks and faults; memory does not grow with the rows beyond fixed samples.

    Args:
        schema: The columns and their roles.
        splits: Split name to typed rows with row ids, ``train`` among them.
        available_at: Column to ``after``, or to the column of the time at which its value is known.
        levels: Check to level, where it is not that of `headway_tabular.quality.checks.LEVELS`.
        by_time: Whether the splits are meant to follow one another in time.

    Returns:
        What was found, errors first.

    Raises:
        DataError: `available_at` or `levels` name what there is not.
    """
    known, wanted = dict(available_at or {}), {**LEVELS, **_levels(levels or {})}
    _check_available(schema, known)
    search = _Search(Divided(schema, splits), known, by_time)
    found = [
        _at_level(finding, wanted[check])
        for check, level in wanted.items()
        if level != "ignore" and "train" in splits
        for finding in getattr(search, check)()
    ]
    return sorted(found, key=lambda finding: ORDER.index(finding.level))


def settle(found: Sequence[Finding], context: Context) -> None:
    """Tells what was found: logged, counted as metrics ``findings.note`` …, and refused at level error.

    Raises:
        DataError: Something is at level error; all of it is listed, and how to accept it.
    """
    fatal = [finding for finding in found if finding.level == "error"]
    for finding in found:
        if finding.level == "warning":
            context.log.warning("%s: %s; %s", finding.check, finding.what, finding.hint)
        elif finding.level == "note":
            context.log.info("%s: %s; %s", finding.check, finding.what, finding.hint)
    if fatal:
        accept = " ".join(f"{context.name}.checks.{check}=warning" for check in dict.fromkeys(f.check for f in fatal))
        lines = [f"{finding.check}: {finding.what}; {finding.hint}" for finding in fatal]
        raise DataError(
            "the data would give results that are too good to be true\n  " + "\n  ".join(lines),
            hint=f"mend it; to accept it knowingly: {accept}",
            code="leakage",
        )
    context.record({f"findings.{level}": float(sum(f.level == level for f in found)) for level in ("warning", "note")})


def _levels(levels: Mapping[str, Level]) -> Mapping[Check, Level]:
    for check in levels:
        if check not in LEVELS:
            raise DataError(f"data.checks: {unknown('check', check, LEVELS)}", code="unknown-check")
    return levels  # type: ignore[return-value]  # just checked


def _check_available(schema: Schema, available_at: Mapping[str, str]) -> None:
    for name, when in available_at.items():
        for column in (name, *([] if when == AFTER else [when])):
            if column not in schema.by_name:
                raise DataError(
                    f"data.available_at: {unknown('column', column, [*schema.by_name, AFTER])}", code="unknown-column"
                )
        if when != AFTER and (schema.column(when).kind != "timestamp" or schema.time is None):
            raise DataError(
                f"data.available_at.{name} is {when}, which cannot be compared with the time of a row",
                hint="set data.time, and name a column of kind timestamp; or say after",
                code="available-at",
            )


def _at_level(finding: Finding, level: Level) -> Finding:
    """The configured level, or the finding's own if that is lower."""
    return Finding(
        finding.check, max(finding.level, level, key=ORDER.index), finding.what, finding.hint, finding.columns
    )


@dataclass(frozen=True)
class _Search:
    """One method a check; each gives findings at most at their own level."""

    data: Divided
    available_at: Mapping[str, str]
    by_time: bool

    def duplicates(self) -> Iterator[Finding]:
        singular = {column.name for column, _ in self._identifiers()}
        features = [c.name for c in self.data.inputs if c.kind != "timestamp" and c.name not in singular]
        target = self._target.column if self._target else None
        for found in overlaps.twins(self.data, features, target) if features else []:
            if not found.twins:
                continue
            # Few different rows of features meet by chance; copies also have the same target.
            is_copied = found.same >= COMMON * found.rows
            is_chance = found.variety < 0.5 and found.agreement < 0.99
            of = f" (of every {found.step}th row)" if found.step > 1 else ""
            yield Finding(
                "duplicates",
                "error" if is_copied and not is_chance else "note",
                f"{found.twins:,} of {found.rows:,} {found.split} rows ({found.twins / found.rows:.1%}) have the "
                f"features of a training row, {found.same:,} with its target too{of}",
                "leave out copies before dividing, or keep together what belongs together: data.group",
                tuple(features),
            )

    def groups(self) -> Iterator[Finding]:
        group = self.data.schema.group
        for found in overlaps.shared_groups(self.data, group) if group else []:
            if found.shared:
                yield Finding(
                    "groups",
                    "error",
                    f"{found.shared:,} of {found.groups:,} values of '{group}' in {found.split} are in train too, "
                    f"such as {', '.join(map(str, found.examples))}",
                    "keep groups together: data.split.by=group",
                    (str(group),),
                )

    def time(self) -> Iterator[Finding]:
        schema = self.data.schema
        times = [c.name for c in schema.columns if c.kind == "timestamp"]
        time = schema.time or (times[0] if len(times) == 1 else None)
        if time is None or (self.by_time and schema.time is None):
            return
        for split, (count, first) in overlaps.later(self.data, time).items():
            if count and self.by_time:
                what = f"{count:,} training rows are later than {first}, the first time of {split}"
                yield Finding("time", "error", what, "divide where times divide: data.split.by=time", (time,))
            elif count and split == self._last:
                yield Finding(
                    "time",
                    "note",
                    f"the rows have a time, '{time}', but train and {split} are of the same time",
                    "metrics tell how well gaps are filled, not how well the future is foretold: data.split.by=time",
                    (time,),
                )

    def single_feature(self) -> Iterator[Finding]:
        target = self._target
        if target is None:
            return
        truth = Truth.of(_values(self.data.sample, target), len(target.classes) if target.classes else None)
        passed = {self.data.schema.time, *(column.name for column, _ in self._identifiers())}
        for column in (c for c in self.data.inputs if c.name not in passed) if truth.is_enough else ():
            found = strength(self.data.sample[column.name], truth)
            if found.is_perfect:
                yield Finding(
                    "single_feature",
                    "error",
                    f"'{column.name}' alone predicts '{target.column}' almost perfectly: {found.metric} "
                    f"{found.value:.4f}{self.data.sampled}",
                    f"if it is known only afterwards: data.available_at.{column.name}=after",
                    (column.name,),
                )

    def identifier(self) -> Iterator[Finding]:
        for column, is_sure in self._identifiers():
            yield Finding(
                "identifier",
                "error" if is_sure else "note",
                f"'{column.name}' has a different value in almost every row{self.data.sampled}",
                f"if it only names or counts rows: data.kinds.{column.name}=identifier",
                (column.name,),
            )

    def late(self) -> Iterator[Finding]:
        names = [name for name, when in self.available_at.items() if when == AFTER]
        if names:
            what = f"known only afterwards, and no input: {', '.join(names)}"
            yield Finding("late", "note", what, "as data.available_at says", tuple(names))
        time, inputs = self.data.schema.time, {column.name for column in self.data.inputs}
        for name, when in self.available_at.items():
            if when == AFTER or name not in inputs:
                continue
            is_late = (pl.col(when) > pl.col(str(time))).fill_null(value=True) & pl.col(name).is_not_null()
            counts = [f.select(is_late.sum()).collect(engine="streaming").item() for f in self.data.splits.values()]
            if sum(counts):
                yield Finding(
                    "late",
                    "error",
                    f"'{name}' is known only after '{time}' in {sum(counts):,} rows, as '{when}' says (or leaves open)",
                    f"data.drop it, or take an earlier value of it; data.available_at.{name}=after hides it",
                    (name,),
                )

    def missing_class(self) -> Iterator[Finding]:
        target = self._target
        if target is None or target.classes is None:
            return
        for split, frame in self.data.others.items():  # dividing refuses training rows that lack one
            there = set(frame.select(target.column).unique().collect(engine="streaming")[target.column])
            absent = [str(name) for name in target.classes if name not in there]
            if absent:
                yield Finding(
                    "missing_class",
                    "error",
                    f"{split} has no row of class {', '.join(absent[:5])}{' …' if len(absent) > 5 else ''}",
                    "nothing can be measured of it there: divide otherwise (data.split), or leave out rare classes",
                    (target.column,),
                )

    def constant(self) -> Iterator[Finding]:
        names = [n for n, seen in self.data.seen.items() if seen.is_constant and not seen.missing]
        if names:
            what = f"the same value in every training row: {', '.join(names)}"
            yield Finding("constant", "error", what, "data.drop leaves it out", tuple(names))

    def all_missing(self) -> Iterator[Finding]:
        names = [n for n, seen in self.data.seen.items() if seen.rows and seen.missing == seen.rows]
        if names:
            what = f"missing in every training row: {', '.join(names)}"
            yield Finding(
                "all_missing", "error", what, "data.drop leaves it out; is data.null_values right?", tuple(names)
            )

    def unseen(self) -> Iterator[Finding]:
        names = [c.name for c in self.data.inputs if c.kind == "categorical"]
        names = [name for name in names if self.data.seen[name].distinct <= KEYS // 10]
        if not names:
            return
        known = {n: self.data.train.select(n).unique().collect(engine="streaming")[n] for n in names}
        new = [(~pl.col(n).is_in(known[n].drop_nulls().implode()) & pl.col(n).is_not_null()).sum() for n in names]
        for split, frame in self.data.others.items():
            counts = dict(zip(names, frame.select(new).collect(engine="streaming").row(0), strict=True))
            rows = max(self.data.rows[split], 1)
            shares = [f"'{name}' {count / rows:.1%}" for name, count in counts.items() if count >= COMMON * rows]
            if shares:
                yield Finding(
                    "unseen",
                    "error",
                    f"{split} rows whose category no training row has: {', '.join(shares)}",
                    "they share one code; is it a name rather than a category?",
                    tuple(name for name, count in counts.items() if count >= COMMON * rows),
                )

    @property
    def _last(self) -> str:
        return "test" if "test" in self.data.splits else list(self.data.splits)[-1]

    @property
    def _target(self) -> Target | None:
        targets = self.data.schema.targets
        return targets[0] if len(targets) == 1 and targets[0].task in ("classification", "regression") else None

    def _identifiers(self) -> list[tuple[Column, bool]]:
        """Inputs that are different in almost every row, and whether that is sure to be no measurement."""
        kinds = ("integer", "categorical")
        likely = [c for c in self.data.inputs if c.kind in kinds and self._is_unique(c.name)]
        return [(column, column.kind == "categorical" or self._counts_rows(column.name)) for column in likely]

    def _is_unique(self, name: str) -> bool:
        seen = self.data.seen[name]
        present = seen.rows - seen.missing
        if present < max(LEAST_ROWS, 0.5 * seen.rows) or seen.distinct < 0.85 * UNIQUE * present:
            return False
        return self.data.uniqueness(name) >= UNIQUE

    def _counts_rows(self, name: str) -> bool:
        """Whether whole numbers only grow, only fall, or leave hardly a number out: measurements do not."""
        known, seen = self.data.sample[name].drop_nulls().to_numpy().astype(float), self.data.seen[name]
        steps = np.diff(known)
        return bool((steps >= 0).all() or (steps <= 0).all() or np.ptp(known) < 2 * (seen.rows - seen.missing))


def _values(frame: pl.DataFrame, target: Target) -> np.ndarray:
    """Class codes (int64) or numbers (float64) of the rows."""
    values = frame[target.column]
    if target.classes is None:
        return values.cast(pl.Float64).to_numpy()
    return values.replace_strict(
        list(target.classes), list(range(len(target.classes))), return_dtype=pl.Int64
    ).to_numpy()
