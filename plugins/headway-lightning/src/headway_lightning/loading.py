"""Batches: tensors held once, sliced by a permutation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

Batch = tuple[torch.Tensor, ...]

BLOCK = 64
"""Batches that are put in order, moved to the device and given to Lightning at a time."""
SHARE = 0.5
"""Of a GPU's free memory, what the rows may take to be held there for good."""


def seed_of(*numbers: int) -> int:
    """A seed for one purpose: equal numbers in, equal draws out, wherever training was resumed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def generator_of(seed: int, *more: int) -> np.random.Generator:
    """A generator for one purpose, likewise."""
    return np.random.Generator(np.random.PCG64([seed, *more]))


class Blocks:
    """An iterable of blocks, lists of up to `BLOCK` batches, over tensors in memory.

    A single row that is left over joins the batch before it: batch normalisation cannot learn from one.
    On a GPU the tensors are held where they fit, and are moved block by block from pinned memory otherwise.

    Args:
        tensors: One row each along the first axis.
        size: Rows a batch.
        order: () → the order of rows in the coming epoch; None for their own.
        device: () → where batches are wanted; None for where they are.
        change: (number of the batch, batch) → the batch to use.
        start: () → the first block that is wanted; those before it come empty.
    """

    def __init__(
        self,
        tensors: Sequence[torch.Tensor],
        size: int,
        order: Callable[[], torch.Tensor] | None = None,
        device: Callable[[], torch.device] | None = None,
        change: Callable[[int, Batch], Batch] | None = None,
        start: Callable[[], int] = lambda: 0,
    ) -> None:
        self._tensors = tuple(tensors)
        self._order = order
        self._device = device
        self._change = change
        self._start = start
        rows = len(self._tensors[0])
        starts = list(range(0, rows, size))
        if rows > size and rows % size == 1:
            starts.pop()
        self._sizes = [stop - start for start, stop in itertools.pairwise([*starts, rows])]

    def __len__(self) -> int:
        return -(-len(self._sizes) // BLOCK)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each batch of all blocks."""
        return tuple(self._sizes)

    def __iter__(self) -> Iterator[list[Batch]]:
        order = self._order() if self._order else None
        device = self._device() if self._device else self._tensors[0].device
        wanted = self._start()
        self._tensors = _held(self._tensors, device)
        start = 0
        for first in range(0, len(self._sizes), BLOCK):
            sizes = self._sizes[first : first + BLOCK]
            rows = slice(start, start := start + sum(sizes))
            yield [] if first < wanted * BLOCK else self._block(first, sizes, rows if order is None else order[rows])

    def _block(self, first: int, sizes: list[int], rows: slice | torch.Tensor) -> list[Batch]:
        device = self._device() if self._device else None
        parts = [_take(tensor, rows, device).split(sizes) for tensor in self._tensors]
        batches = enumerate(zip(*parts, strict=True), start=first)
        return [self._change(number, batch) if self._change else batch for number, batch in batches]


def _held(tensors: tuple[torch.Tensor, ...], device: torch.device) -> tuple[torch.Tensor, ...]:
    """The tensors on the GPU if they fit there, else pinned."""
    if device.type != "cuda" or tensors[0].device.type == "cuda":
        return tensors
    size = sum(tensor.nbytes for tensor in tensors)
    free, _ = torch.cuda.mem_get_info(device)
    if size <= SHARE * free:
        return tuple(tensor.to(device) for tensor in tensors)
    return tuple(tensor.pin_memory() for tensor in tensors)


def _take(tensor: torch.Tensor, rows: slice | torch.Tensor, device: torch.device | None) -> torch.Tensor:
    """Rows of a tensor where they are wanted."""
    if isinstance(rows, torch.Tensor):
        taken = tensor.index_select(0, rows.to(tensor.device, non_blocking=True))
    else:
        taken = tensor[rows]
    if device is None or device == taken.device:
        return taken
    return (taken.pin_memory() if device.type == "cuda" else taken).to(device, non_blocking=True)
