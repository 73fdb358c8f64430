"""Rows to splits by whole groups: no group is on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from headway import DataError

from headway_tabular.splits.passes import BATCH, looked_up, sizes
from headway_tabular.splits.permutation import permuted
from headway_tabular.splits.split import Split


def by_group(frame: pl.LazyFrame, split: Split, seed: int, group: str, batch: int = BATCH) -> Iterator[np.ndarray]:
    """The codes of the rows in order, some at a time.

    Groups come in random order, each to the split that is furthest from its fraction of the rows. Folds are
    filled from the largest group down, each to the fold with the fewest rows, so that they are of like size.

    Args:
        frame: The rows.
        split: The fractions, or the folds.
        seed: Seed of the order.
        group: The column of the groups; their number is what memory grows with.
        batch: Rows at a time; they do not change the answer.

    Raises:
        DataError: A row has no group, or there are fewer groups than splits or folds.
    """
    table = sizes(frame, group)
    missing = table.filter(pl.col(group).is_null())["rows"].sum()
    if missing:
        raise DataError(
            f"the group column '{group}' is missing in {missing} row(s)",
            hint="fill it, or leave these rows out: nobody can tell which side they belong to",
            code="missing-group",
        )
    codes = _codes(table["rows"].to_numpy().astype(np.int64), split, seed, group)
    yield from looked_up(frame, group, table.with_columns(code=pl.Series(codes, dtype=pl.UInt8)), "code", batch)


def _codes(rows: np.ndarray, split: Split, seed: int, group: str) -> np.ndarray:
    """The code of each group."""
    order = np.argsort(permuted(np.arange(len(rows)), len(rows), seed))
    if split.folds is None:
        _check_enough(len(rows), len(split.wanted), f"{len(split.wanted)} splits", group)
        return filled(rows, order, (split.train, split.validation, split.test))
    if split.keep_test:
        return _beside_the_test(rows, order, split, group)
    others = len(split.wanted) - 1
    _check_enough(len(rows), split.folds, f"{split.folds} folds", group)
    falling = order[np.argsort(-rows[order], kind="stable")]
    codes = np.full(len(rows), 2, dtype=np.uint8)
    rest = order[filled(rows, falling, [1] * split.folds)[order] != split.fold]
    _check_enough(len(rest), others, "train and validation beside the fold", group)
    codes[rest] = filled(rows, rest, (split.train, split.validation))[rest]
    return codes


def _beside_the_test(rows: np.ndarray, order: np.ndarray, split: Split, group: str) -> np.ndarray:
    """The code of each group where the test is as without folds, and one of the folds of the others is validation."""
    folds = split.folds or 1
    _check_enough(len(rows), folds + (split.test > 0), f"{folds} folds beside the test", group)
    codes = filled(rows, order, (split.train, split.validation, split.test))
    free = order[codes[order] != 2]
    _check_enough(len(free), folds, f"{folds} folds beside the test", group)
    falling = free[np.argsort(-rows[free], kind="stable")]
    codes[free] = filled(rows, falling, [1] * folds)[free] == split.fold
    return codes


def filled(rows: np.ndarray, order: np.ndarray, fractions: Sequence[float]) -> np.ndarray:
    """Divides groups into pieces of relative sizes; a wanted piece gets one group at least.

    Args:
        rows: Rows of each group.
        order: The groups that are divided, in the order in which they choose.
        fractions: Relative sizes of the pieces.

    Returns:
        The piece of each group, uint8; 0 for those that are not divided.
    """
    scale = int(rows[order].sum()) / sum(fractions)
    lacking = [fraction * scale for fraction in fractions]
    empty = {piece for piece, fraction in enumerate(fractions) if fraction > 0}
    pieces = sorted(empty)
    chosen = np.zeros(len(rows), dtype=np.uint8)
    for left, (group, size) in enumerate(zip(order.tolist(), rows[order].tolist(), strict=True)):
        among = pieces if len(order) - left > len(empty) else sorted(empty)
        piece = max(among, key=lacking.__getitem__)
        chosen[group] = piece
        lacking[piece] -= size
        empty.discard(piece)
    return chosen


def _check_enough(groups: int, least: int, what: str, column: str) -> None:
    if groups < least:
        raise DataError(
            f"'{column}' has {groups} group(s), too few for {what}",
            hint="take fewer splits or folds, or another column for data.group",
            code="few-groups",
        )
