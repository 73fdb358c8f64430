"""Batches: tensors held once, sliced by a permutation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

Batch = tuple[torch.Tensor, ...]

BLOCK = 64
"""Batches that are put in order, moved to the device and given to Lightning at a time."""


def generator_of(seed: int, *more: int) -> np.random.Generator:
    """A generator for one purpose: equal numbers in, equal draws out, wherever training was resumed."""
    return np.random.Generator(np.random.PCG64([seed, *more]))


class Blocks:
    """An iterable of blocks, lists of up to `BLOCK` batches, over tensors in memory.

    A single row that is left over joins the batch before it: batch normalisation cannot learn from one.

    Args:
        tensors: One row each along the first axis.
        size: Rows a batch.
        order: () → the order of rows in the coming epoch; None for their own.
        device: () → where batches are wanted; None for where they are.
        change: (number of the batch, batch) → the batch to use.
    """

    def __init__(
        self,
        tensors: Sequence[torch.Tensor],
        size: int,
        order: Callable[[], torch.Tensor] | None = None,
        device: Callable[[], torch.device] | None = None,
        change: Callable[[int, Batch], Batch] | None = None,
    ) -> None:
        self._tensors = tuple(tensors)
        self._order = order
        self._device = device
        self._change = change
        rows = len(self._tensors[0])
        starts = list(range(0, rows, size))
        if rows > size and rows % size == 1:
            starts.pop()
        self._sizes = [stop - start for start, stop in itertools.pairwise([*starts, rows])]

    def __len__(self) -> int:
        return -(-len(self._sizes) // BLOCK)

    def __iter__(self) -> Iterator[list[Batch]]:
        order = self._order() if self._order else None
        start = 0
        for first in range(0, len(self._sizes), BLOCK):
            sizes = self._sizes[first : first + BLOCK]
            rows = slice(start, start := start + sum(sizes))
            chosen = rows if order is None else order[rows]
            parts = [self._place(tensor[chosen]).split(sizes) for tensor in self._tensors]
            batches = enumerate(zip(*parts, strict=True), start=first)
            yield [self._change(number, batch) if self._change else batch for number, batch in batches]

    def _place(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self._device()) if self._device else tensor
