"""Batches: tensors held once, sliced by a permutation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

Batch = tuple[torch.Tensor, ...]


def generator_of(seed: int, *more: int) -> np.random.Generator:
    """A generator for one purpose: equal numbers in, equal draws out, wherever training was resumed."""
    return np.random.Generator(np.random.PCG64([seed, *more]))


class Slices:
    """An iterable of batches over tensors that stay where they are.

    Args:
        tensors: One row each along the first axis.
        size: Rows a batch.
        order: Epoch → the order of rows; None for their own.
        change: (epoch, number of the batch, batch) → the batch to use.
    """

    def __init__(
        self,
        tensors: Sequence[torch.Tensor],
        size: int,
        order: Callable[[int], torch.Tensor] | None = None,
        change: Callable[[int, int, Batch], Batch] | None = None,
    ) -> None:
        self._tensors = tuple(tensors)
        self._size = size
        self._order = order
        self._change = change
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self._tensors[0]) // self._size)

    def __iter__(self) -> Iterator[Batch]:
        tensors = self._tensors
        if self._order is not None:
            order = self._order(self.epoch)
            tensors = tuple(tensor[order] for tensor in tensors)
        for number, batch in enumerate(zip(*(tensor.split(self._size) for tensor in tensors), strict=True)):
            yield self._change(self.epoch, number, batch) if self._change else batch
