"""The processes that train one model together, and what they tell one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import distributed

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """One of the processes, and how many there are; alone it has nobody to talk to.

    Attributes:
        rank: Its number. The first, 0, alone writes and reports.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes and reports."""
        return self.rank == 0

    @property
    def part(self) -> tuple[int, int]:
        """Which part of each batch is this process's, and of how many."""
        return self.rank, self.size

    def add(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, in place; to each the same bits."""
        if self.size > 1:
            distributed.all_reduce(tensor)
        return tensor

    def joined(self, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The rows of all processes, in the order of their numbers."""
        if self.size == 1:
            return list(tensors)
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, [tensor.cpu() for tensor in tensors])
        return [torch.cat(parts) for parts in zip(*found, strict=True)]

    def each(self, value: T) -> list[T]:
        """What each process has."""
        found: list[Any] = [value] * self.size
        if self.size > 1:
            distributed.all_gather_object(found, value)
        return found

    def told(self, make: Callable[[], T]) -> T:
        """What the first process makes."""
        if self.size == 1:
            return make()
        said: list[Any] = [make() if self.is_first else None]
        distributed.broadcast_object_list(said, src=0)
        value: T = said[0]
        return value


ALONE = Group()
