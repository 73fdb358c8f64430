"""How the rows of a table are divided, as its config says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from annotated_types import Ge, Le
from headway import DataError
from headway.contracts import parse_duration
from headway.errors import Place

Fraction = Annotated[float, Ge(0), Le(1)]
Moment = str | int | float
"""An ISO 8601 text for timestamps, a number for columns of numbers."""
Span = str | int | float
"""A duration such as ``12h`` or ``1d`` for timestamps, a number for columns of numbers."""


@dataclass(frozen=True)
class Split:
    """How rows are divided."""

    by: Literal["random", "group", "time", "column"] = "random"
    """At random; by whole groups (data.group); in the order of data.time; or as a column says."""
    train: Fraction = 0.6
    """Fraction of the rows to learn from."""
    validation: Fraction = 0.2
    """Fraction to choose by: early stopping, hyperparameters."""
    test: Fraction = 0.2
    """Fraction to judge by, touched by nothing else. With folds, one fold is the test, whatever this says."""
    stratify: bool = True
    """Keep the proportions of the classes in every split, at random only."""
    column: str | None = None
    """By column: the one that says ``train``, ``validation`` (or ``val``) or ``test``."""
    validation_from: Moment | None = None
    """By time: the moment at which validation begins, instead of the fractions."""
    test_from: Moment | None = None
    """By time: the moment at which the test begins, instead of the fractions."""
    gap: Span | None = None
    """By time: rows so shortly before validation and before the test are left out."""
    folds: Annotated[int, Ge(2)] | None = None
    """Cross-validation: how many folds; by time, how many blocks the origin rolls over."""
    fold: Annotated[int, Ge(0)] | None = None
    """Cross-validation: which fold is the test, from 0; ``headway run --folds 5`` runs all of five."""
    keep_test: bool = False
    """Cross-validation within train and validation, for choosing: each fold in turn is the validation, the test is what
    it is without folds, and no fold sees it."""
    window: Span | None = None
    """By time, with folds: how far back training goes, instead of to the beginning."""

    def __post_init__(self) -> None:
        """Raises `DataError` if the fields contradict each other."""
        for fault in _faults(self):
            raise fault

    @property
    def wanted(self) -> tuple[int, ...]:
        """Codes of the splits that must have rows: 0 train, 1 validation, 2 test."""
        if self.by == "column":
            return (0, 1, 2)
        tests = (self.folds is not None and not self.keep_test) or self.test_from is not None or self.test > 0
        begun = (True, self.validation > 0 or self.keep_test, tests)
        return tuple(code for code, wanted in enumerate(begun) if wanted)


def _faults(split: Split) -> Iterator[DataError]:
    yield from _misplaced(split)
    yield from _of_fractions(split)
    yield from _of_folds(split)
    yield from _of_times(split)


def _misplaced(split: Split) -> Iterator[DataError]:
    """Fields that mean nothing beside the others."""
    by_time = ("validation_from", "test_from", "gap", "window")
    homes = {"column": "column", **dict.fromkeys(by_time, "time")}
    for name, by in homes.items():
        if getattr(split, name) is not None and split.by != by:
            yield _conflict(f"data.split.{name} means nothing by {split.by}", f"set data.split.by={by}", name)
    if split.by == "column" and split.column is None:
        what = "data.split.by=column needs the column that says train, validation or test"
        yield _conflict(what, "name it: data.split.column=…")
    if split.by == "column" and (split.folds or split.fold is not None) and not split.keep_test:
        hint = "data.split.keep_test=true divides its train and validation into folds"
        yield _conflict("a column says which rows are the test, so folds cannot take turns in it", hint)


def _of_fractions(split: Split) -> Iterator[DataError]:
    fractions = (split.train, split.validation, split.test)
    if split.by != "column" and (abs(sum(fractions) - 1) > 1e-9 or split.train == 0):
        yield DataError(
            f"the fractions of data.split are {' + '.join(map(str, fractions))} = {sum(fractions):g}",
            hint="they must add up to 1, with rows to train on",
            code="split-fractions",
        )


def _of_folds(split: Split) -> Iterator[DataError]:
    if split.folds is None and split.fold is not None:
        yield _conflict(f"data.split.fold={split.fold} of how many?", "set data.split.folds too", "fold")
    if split.folds is None and split.window is not None:
        yield _conflict(
            "data.split.window is for folds by time", "set data.split.folds, or leave the window out", "window"
        )
    if split.folds is None:
        if split.keep_test:
            what = "data.split.keep_test says what folds leave alone, but there are none"
            yield _conflict(what, "set data.split.folds and data.split.fold too", "keep_test")
        return
    if split.fold is None:
        what = f"data.split.folds={split.folds} needs to know which fold is the test"
        yield _conflict(what, f"headway run … --folds {split.folds} runs all of them; data.split.fold=0 is the first")
    elif split.fold >= split.folds:
        what = f"there is no fold {split.fold} of {split.folds}"
        yield _conflict(what, f"data.split.fold goes from 0 to {split.folds - 1}", "fold")
    if split.validation_from is not None or (split.test_from is not None and not split.keep_test):
        yield _conflict(
            "with folds, the rows say where validation and test begin", "leave out the moments or the folds"
        )


def _of_times(split: Split) -> Iterator[DataError]:
    for name in ("gap", "window"):
        value = getattr(split, name)
        if isinstance(value, str):
            yield from _no_span(name, value)
        elif value is not None and not value >= 0:
            yield _conflict(f"data.split.{name} is {value}", "it must not be negative", name)
    moments = [
        _moment(name, value) for name in ("validation_from", "test_from") if (value := getattr(split, name)) is not None
    ]
    if split.validation_from is not None and split.validation == 0:
        yield _conflict(
            "data.split.validation_from begins a split of fraction 0",
            "set data.split.validation above 0",
            "validation_from",
        )
    if len(moments) == 2 and not _in_order(*moments):
        what = f"the test begins at {split.test_from}, not after validation, which begins at {split.validation_from}"
        yield _conflict(what, "put data.split.validation_from before data.split.test_from", "test_from")


def _moment(name: str, value: Moment) -> datetime | int | float:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise DataError(
            f"data.split.{name} is {value!r}, which is no moment",
            hint="write a date or a time, such as 2013-10-01 or 2013-10-01T06:00; a number for a column of numbers",
            where=Place(name),
            code="moment",
        ) from None


def _no_span(name: str, text: str) -> Iterator[DataError]:
    try:
        parse_duration(text)
    except DataError as error:
        error.where = Place(name)
        yield error


def _in_order(first: datetime | int | float, second: datetime | int | float) -> bool:
    """Whether both are of one kind and the first is earlier."""
    try:
        return bool(first < second)  # type: ignore[operator]
    except TypeError:
        return False


def _conflict(what: str, hint: str, at: str | None = None) -> DataError:
    return DataError(what, where=Place(at) if at else None, hint=hint, code="split-conflict")
