"""The rows that are trained on: tensors in memory, or files that are read as rows are needed."""

from __future__ import annotations

import logging
import mmap
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features, Source
from headway.errors import DataError

from headway_lightning.memory import available

if TYPE_CHECKING:
    from headway.contracts import Target

Batch = tuple[torch.Tensor, ...]
"""Arrays in their order, the target and the weights."""

SHARE = 0.5
"""Of the free memory, here or of a GPU, what rows may take to be held there for good."""
SAMPLE = 256 * 2**20
"""Bytes of rows that are looked at before training."""


def shared(array: np.ndarray) -> torch.Tensor:
    """The array as a tensor on the same memory, which is not to be written to: it may be a file."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)


def tensors(inputs: Sequence[ArraySpec], batch: Mapping[str, np.ndarray]) -> list[torch.Tensor]:
    """The arrays of a batch as tensors that share their memory, in the order of `inputs`."""
    return [shared(batch[spec.name]) for spec in inputs]


class Rows(ABC):
    """The rows of a split, in their order.

    Attributes:
        target: Of all rows, in memory.
        weight: Likewise.
    """

    target: torch.Tensor
    weight: torch.Tensor

    def __len__(self) -> int:
        return len(self.weight)

    @property
    @abstractmethod
    def is_held(self) -> bool:
        """Whether taking rows costs no more than copying them in memory."""

    @abstractmethod
    def take(self, rows: slice | torch.Tensor) -> Batch:
        """The rows of a span, or those of the numbers in an int64 tensor of shape (rows,), as new tensors."""

    @abstractmethod
    def span(self, start: int, stop: int) -> Rows:
        """A part of the rows."""

    def at(self, device: torch.device) -> Rows:
        """The same rows on a device, if they can be there."""
        return self

    def row_bytes(self) -> int:
        """What a row takes."""
        return max(1, sum(tensor.nbytes for tensor in self.take(slice(0, 1))))

    def sample(self) -> Batch:
        """All rows; evenly spaced ones where they are more than `SAMPLE` bytes."""
        most = max(2, SAMPLE // self.row_bytes())
        return self.take(slice(0, len(self), -(-len(self) // most)))


class Held(Rows):
    """Rows as tensors.

    Args:
        tensors: One row each along the first axis; the target and the weights are the last two.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self.tensors = tuple(tensors)
        self.target, self.weight = self.tensors[-2:]

    @property
    def is_held(self) -> bool:
        """They are."""
        return True

    def take(self, rows: slice | torch.Tensor) -> Batch:
        """See `Rows`."""
        if isinstance(rows, slice):
            return tuple(tensor[rows].clone() for tensor in self.tensors)
        return tuple(tensor.index_select(0, rows) for tensor in self.tensors)

    def span(self, start: int, stop: int) -> Rows:
        """See `Rows`; the memory is shared."""
        return Held([tensor[start:stop] for tensor in self.tensors])

    def at(self, device: torch.device) -> Rows:
        """On a GPU if they fit there; else where they are, and each block is pinned."""
        if device.type != "cuda" or self.weight.device.type == "cuda":
            return self
        free, _ = torch.cuda.mem_get_info(device)
        fit = sum(tensor.nbytes for tensor in self.tensors) <= SHARE * free
        return Held([tensor.to(device) for tensor in self.tensors]) if fit else self


class Mapped(Rows):
    """Rows that are read from their files whenever they are taken.

    Args:
        source: The arrays, mapped; windows are cut when they are taken.
        names: The arrays that are wanted, in their order.
        weight: Of the rows that are wanted, shape (rows,).
        chosen: The numbers of these rows, int64 of shape (rows,), ascending; None for all.
    """

    def __init__(self, source: Source, names: Sequence[str], weight: np.ndarray, chosen: np.ndarray | None) -> None:
        self._names = tuple(names)
        self._source = only(source, (*names, TARGET))
        self._chosen = chosen
        self.weight = torch.from_numpy(weight)
        target = only(source, (TARGET,)).batch(chosen)[TARGET]
        self.target = shared(target)

    @property
    def is_held(self) -> bool:
        """They are not."""
        return False

    def take(self, rows: slice | torch.Tensor) -> Batch:
        """See `Rows`; files are read in the order of their rows."""
        if isinstance(rows, slice):
            taken = self._read(rows)
            return (*(torch.from_numpy(np.array(array)) for array in taken), self.weight[rows].clone())
        ascending, places = torch.sort(rows)
        back = torch.empty_like(places).index_copy_(0, places, torch.arange(len(places)))
        taken = self._read(ascending.numpy())
        return (*(torch.from_numpy(array).index_select(0, back) for array in taken), self.weight[rows])

    def _read(self, rows: slice | np.ndarray) -> list[np.ndarray]:
        given = self._source.batch(rows if self._chosen is None else self._chosen[rows])
        return [given[name] for name in (*self._names, TARGET)]

    def span(self, start: int, stop: int) -> Rows:
        """See `Rows`."""
        chosen = np.arange(start, stop) if self._chosen is None else self._chosen[start:stop]
        return Mapped(self._source, self._names, self.weight[start:stop].numpy(), chosen)

    @property
    def size(self) -> int:
        """Bytes of memory that holding the rows takes, of mapped files too."""
        source, free = self._source, self._chosen is None
        names = [n for n in source.names if n in source.views or not free or isinstance(source.arrays[n], np.memmap)]
        row = {name: array.nbytes for name, array in only(source, names).batch(slice(0, 1)).items()} if names else {}
        return len(self) * sum(row.values())

    def held(self) -> Held:
        """The rows as tensors; whole arrays share the memory of their file, which is read ahead."""
        for array in self._source.arrays.values():
            if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and hasattr(mmap, "MADV_WILLNEED"):
                array.base.madvise(mmap.MADV_WILLNEED)
        return Held([*(shared(array) for array in self._read(slice(None))), self.weight])


def only(source: Source, names: Sequence[str]) -> Source:
    """A source of some of its arrays and windows."""
    views = {name: view for name, view in source.views.items() if name in names}
    wanted = {*names} - {*views} | {name for view in views.values() for name in (view.base, view.anchor)}
    return replace(source, arrays={n: a for n, a in source.arrays.items() if n in wanted}, views=views)


def rows_of(features: Features, split: str) -> Rows:
    """The rows of a split; training rows without weight are left out.

    They are held in memory if they take less than `SHARE` of what is free, and read from their files otherwise.

    Raises:
        DataError: There is no such split, it is empty, or weights are no weights.
    """
    source = features.source(split)
    if not len(source):
        raise DataError(f"the split '{split}' has no rows", hint="networks need it: see data.split", code="empty-split")
    weight = _weights(source, split)
    chosen = np.flatnonzero(weight > 0) if split == "train" and not weight.all() else None
    rows = Mapped(source, [spec.name for spec in features.arrays], weight if chosen is None else weight[chosen], chosen)
    return rows.held() if rows.size <= SHARE * available() else rows


def _weights(source: Source, split: str) -> np.ndarray:
    given = source.arrays.get(WEIGHT)
    weights = np.ones(len(source), np.float32) if given is None else np.array(given, np.float32)
    if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() <= 0:
        raise DataError(
            f"weights of the split '{split}' must be finite, none negative and not all zero",
            hint="mend the column named by data.weight",
            code="weight",
        )
    return weights


def check_target(target: Target, given: torch.Tensor, log: logging.Logger) -> None:
    """Warns of classes or labels that no training row has.

    Args:
        target: What is predicted.
        given: Class codes or values of shape (rows,), or labels of shape (rows, labels).
        log: Hears of it.

    Raises:
        DataError: All rows are of one class, or a value is not finite.
    """
    if target.classes is None:
        bad = len(given) - int(torch.isfinite(given).reshape(len(given), -1).all(dim=1).sum())
        if bad:
            raise DataError(
                f"the target '{target.column}' is not finite in {bad} of {len(given)} training rows",
                hint="drop these rows, or mend the column",
                code="target-finite",
            )
        return
    if target.task == "multilabel":
        never = [str(name) for name, there in zip(target.classes, given.any(dim=0), strict=True) if not there]
        if never:
            log.warning("no training row has the label %s: what is predicted of it means nothing", ", ".join(never))
        return
    counts = torch.bincount(given, minlength=len(target.classes))
    absent = [str(name) for name, count in zip(target.classes, counts, strict=True) if count == 0]
    if len(absent) == len(target.classes) - 1:
        raise DataError(
            f"all training rows are of one class of '{target.column}'",
            hint="stratify the split, or give rows of another class",
            code="one-class",
        )
    if absent:
        log.warning("no training row is of class %s: what is predicted of it means nothing", ", ".join(absent))
