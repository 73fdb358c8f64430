"""Batches: rows taken by a permutation, a block of batches at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import numpy as np
import torch

from headway_lightning.rows import Batch, Rows

T = TypeVar("T")
Block = list[Batch]

BLOCK = 64
"""Batches of a block at most: what is put in order, moved to the device and given to Lightning at a time."""
BLOCK_BYTES = 64 * 2**20
"""Bytes of a block at most, unless a single batch has more."""
END = object()


def seed_of(*numbers: int) -> int:
    """A seed for one purpose: equal numbers in, equal draws out, wherever training was resumed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def generator_of(seed: int, *more: int) -> np.random.Generator:
    """A generator for one purpose, likewise."""
    return np.random.Generator(np.random.PCG64([seed, *more]))


def ahead(items: Generator[T]) -> Generator[T]:
    """The same items, each made by a thread while the one before it is used; closing it ends the thread."""
    with closing(items), ThreadPoolExecutor(1, "headway-loader") as pool:
        coming = pool.submit(next, items, END)
        while (item := coming.result()) is not END:
            coming = pool.submit(next, items, END)
            yield item  # type: ignore[misc]  # not END


class Blocks:
    """An iterable of blocks, lists of batches of (arrays …, target, weight).

    A single row that is left over joins the batch before it: batch normalisation cannot learn from one. Rows that are
    read from files, changed or moved to a GPU are made ready by a thread, a block ahead. Where they come from decides
    neither their order nor a bit of them.

    Args:
        rows: What is taken from.
        size: Rows a batch.
        order: () → the order of rows in the coming epoch, shape (rows,), or (rows, copies); None for their own.
        device: () → where batches are wanted; None for where they are.
        change: (number of the batch, batch) → the batch to use.
        start: () → the first block that is wanted; those before it come empty.
        part: (number, of how many): which part of each batch is wanted.
        copies: How many rows stand at each place of a batch, one after the other: each column of the order is one of
            its own.
    """

    def __init__(
        self,
        rows: Rows,
        size: int,
        order: Callable[[], torch.Tensor] | None = None,
        device: Callable[[], torch.device] | None = None,
        change: Callable[[int, Batch], Batch] | None = None,
        start: Callable[[], int] = lambda: 0,
        part: tuple[int, int] = (0, 1),
        copies: int = 1,
    ) -> None:
        self._rows = rows
        self._order = order
        self._device = device
        self._change = change
        self._start = start
        self._part = part
        self._copies = copies
        self._running: Generator[Block] | None = None
        starts = list(range(0, len(rows), size))
        if len(rows) > size and len(rows) % size == 1:
            starts.pop()
        self._sizes = [stop - start for start, stop in itertools.pairwise([*starts, len(rows)])] or [0]
        self._length = max(1, min(BLOCK, BLOCK_BYTES // (size * copies * rows.row_bytes())))

    def __len__(self) -> int:
        return -(-len(self._sizes) // self._length)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Places of each batch of all blocks, all parts together: its rows, where each has one."""
        return tuple(self._sizes)

    def __iter__(self) -> Iterator[Block]:
        self._running = self._epoch()
        return self._running

    def close(self) -> None:
        """Ends the epoch, and its thread."""
        if self._running is not None:
            self._running.close()

    def _epoch(self) -> Generator[Block]:
        order = self._order() if self._order else None
        device = self._device() if self._device else self._rows.weight.device
        if self._change is None:
            self._rows = self._rows.at(device)
        if order is not None:
            order = order.to(self._rows.weight.device)
        works = self._change is not None or not self._rows.is_held or self._rows.weight.device.type != device.type
        blocks = self._blocks(order, device, self._start())
        with closing(ahead(blocks) if works else blocks) as made:
            yield from made

    def _blocks(self, order: torch.Tensor | None, device: torch.device, wanted: int) -> Generator[Block]:
        start = 0
        for number in range(len(self)):
            first = number * self._length
            sizes = self._sizes[first : first + self._length]
            rows = slice(start, start := start + sum(sizes))
            yield [] if number < wanted else self._block(first, sizes, rows if order is None else order[rows], device)

    def _block(self, first: int, sizes: list[int], rows: slice | torch.Tensor, device: torch.device) -> Block:
        parts, copies = [self._of(size) for size in sizes], self._copies
        if self._change is not None:  # it may look at the whole batch
            whole = enumerate(_split(self._taken(rows), [size * copies for size in sizes]), start=first)
            changed = (self._change(number, batch) for number, batch in whole)
            spans = [slice(part.start * copies, part.stop * copies) for part in parts]
            return [tuple(_to(t[span], device) for t in batch) for batch, span in zip(changed, spans, strict=True)]
        if self._part[1] > 1:
            starts = itertools.accumulate(sizes, initial=0)
            places = [torch.arange(at + part.start, at + part.stop) for at, part in zip(starts, parts, strict=False)]
            mine = torch.cat(places)
            rows = mine + rows.start if isinstance(rows, slice) else rows.index_select(0, mine.to(rows.device))
        moved = tuple(_to(tensor, device) for tensor in self._taken(rows))
        return _split(moved, [(part.stop - part.start) * copies for part in parts])

    def _taken(self, rows: slice | torch.Tensor) -> Batch:
        return self._rows.take(rows if isinstance(rows, slice) else rows.flatten())

    def _of(self, size: int) -> slice:
        """The part of a batch that is wanted."""
        number, count = self._part
        return slice(number * size // count, (number + 1) * size // count)


def _split(batch: Batch, sizes: list[int]) -> Block:
    return list(zip(*(tensor.split(sizes) for tensor in batch), strict=True))


def _to(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor where it is wanted."""
    if device.type == tensor.device.type:
        return tensor
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)
