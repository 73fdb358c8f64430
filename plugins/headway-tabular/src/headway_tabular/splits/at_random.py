"""Rows to splits at random: exact fractions, in every class if wanted, without an array of all rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from headway import DataError

from headway_tabular.splits.passes import BATCH, height, looked_up, sizes
from headway_tabular.splits.permutation import permuted
from headway_tabular.splits.split import Split


@dataclass(frozen=True)
class Strata:
    """Where the splits lie among the permuted places of each class; all arrays of shape (classes,), int64.

    A row's place is moved `shift` places on, around the end of the first `around` ones; the others keep theirs. It is
    in train below `train`, in validation below `validation`, else in test.
    """

    rows: np.ndarray
    around: np.ndarray
    shift: np.ndarray
    train: np.ndarray
    validation: np.ndarray


def at_random(
    frame: pl.LazyFrame, split: Split, seed: int, stratum: str | None, batch: int = BATCH
) -> Iterator[np.ndarray]:
    """The codes of the rows in order, some at a time.

    Args:
        frame: The rows.
        split: The fractions, or the folds.
        seed: Seed of the permutation.
        stratum: The column whose values are divided each by itself; None for all rows together.
        batch: Rows at a time; they do not change the answer.

    Raises:
        DataError: A class has too few rows to be in every split.
    """
    if stratum is None:
        counts = np.array([height(frame)])
        codes = _zeros(int(counts[0]), batch)
    else:
        table = sizes(frame, stratum).with_row_index("code")
        counts, codes = table["rows"].to_numpy().astype(np.int64), looked_up(frame, stratum, table, "code", batch)
        _check_classes(table, stratum, split)
    strata = _strata(counts, split)
    seen = np.zeros(len(counts), dtype=np.int64)
    for part in codes:
        code = part.astype(np.int64)
        rank = seen[code] + _ranks(code)
        seen += np.bincount(code, minlength=len(seen))
        yield _codes(strata, code, permuted(rank, strata.rows[code], seed, code))


def by_fold(codes: Iterator[np.ndarray], split: Split, seed: int) -> Iterator[np.ndarray]:
    """Divides what is train or validation into folds, at random: one of them is the validation, the others train.

    Args:
        codes: What the rows are without folds, in order, some at a time.
        split: The folds.
        seed: Seed of the permutation.
    """
    parts = list(codes)
    rows = np.array([sum(int((part != 2).sum()) for part in parts)])
    inner = replace(split, by="random", column=None, train=1.0, validation=0.0, test=0.0)
    strata, seen = _strata(rows, inner), 0
    for part in parts:
        free = np.flatnonzero(part != 2)
        code = np.zeros(len(free), dtype=np.int64)
        place = permuted(seen + np.arange(len(free)), rows[code], seed, code)
        seen += len(free)
        divided = part.copy()
        divided[free] = _codes(strata, code, place)
        yield divided


def _zeros(rows: int, batch: int) -> Iterator[np.ndarray]:
    for start in range(0, rows, batch):
        yield np.zeros(min(batch, rows - start), dtype=np.int64)


def _ranks(code: np.ndarray) -> np.ndarray:
    """How many rows of the same class come before each row."""
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    first = np.searchsorted(ordered, ordered, side="left")
    ranks = np.empty(len(code), dtype=np.int64)
    ranks[order] = np.arange(len(code)) - first
    return ranks


def _codes(strata: Strata, code: np.ndarray, place: np.ndarray) -> np.ndarray:
    around = strata.around[code]
    place = np.where(place < around, (place - strata.shift[code]) % np.maximum(around, 1), place)
    return ((place >= strata.train[code]).astype(np.uint8) + (place >= strata.validation[code])).astype(np.uint8)


def _strata(counts: np.ndarray, split: Split) -> Strata:
    fractions = (split.train, split.validation, split.test)
    ends = np.array([cut(int(rows), fractions) for rows in counts]).reshape(len(counts), 3)
    if split.folds is None or split.fold is None:
        return Strata(counts, counts, np.zeros(len(counts), dtype=np.int64), ends[:, 0], ends[:, 1])
    divided = ends[:, 1] if split.keep_test else counts
    blocks = _blocks(divided, split.folds)
    after = blocks[:, : split.fold + 1].sum(axis=1)
    rest = divided - blocks[:, split.fold]
    if split.keep_test:
        return Strata(counts, divided, after, rest, divided)
    ends = np.array([cut(int(rows), (split.train, split.validation)) for rows in rest]).reshape(len(counts), 2)
    return Strata(counts, counts, after, ends[:, 0], rest)


def _blocks(counts: np.ndarray, folds: int) -> np.ndarray:
    """Rows of each class in each fold, shape (classes, folds): classes take turns in who gets one row more."""
    before = np.cumsum(counts) - counts
    turn = (np.arange(folds)[None] - before[:, None]) % folds
    return np.asarray(counts[:, None] // folds + (turn < counts[:, None] % folds))


def cut(rows: int, fractions: Sequence[float]) -> list[int]:
    """Where pieces of these relative sizes end; a wanted piece gets one row at least, if there are enough."""
    total, wanted = sum(fractions), [fraction > 0 for fraction in fractions]
    ends = [round(sum(fractions[: i + 1]) / total * rows) for i in range(len(fractions))]
    for i, one in enumerate(wanted):
        ends[i] = max(ends[i], (ends[i - 1] if i else 0) + one)
    return [max(min(end, rows - sum(wanted[i + 1 :])), 0) for i, end in enumerate(ends)]


def _check_classes(table: pl.DataFrame, column: str, split: Split) -> None:
    for value, rows in table.select(column, "rows").iter_rows():
        if split.folds is None:
            least, what = len(split.wanted), f"{len(split.wanted)} splits"
        elif split.keep_test:
            least, what = split.folds + (split.test > 0), f"{split.folds} folds beside the test"
        else:  # a row in the test of every fold, and in each fold one a split in the rest
            others = len(split.wanted) - 1
            least = split.folds if rows - -(-rows // split.folds) >= others else rows + 1
            what = f"every split of {split.folds} folds"
        if rows < least:
            raise DataError(
                f"class {value!r} of '{column}' has {rows} row(s), too few to be in {what}",
                hint="data.split.stratify=false divides without regard to classes",
                code="small-class",
            )
