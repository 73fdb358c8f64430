"""What a transform is: fitted on training values, then a torch module in the served graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    import numpy as np
    import torch

Kind = Literal["number", "code", "time"]
"""What a block holds: ``number`` is float64 with NaN for missing (infinite values are still there), ``code``
int64 in a closed domain from 0, ``time`` int64 microseconds since 1970 with `MISSING_TIME` for missing."""

MISSING_TIME = -(2**63)
"""The smallest int64, which stands for a time that is missing."""

MISSING = "(missing)"
"""What the last code stands for, for people, where it is that of missing values."""

UNSEEN = "(unseen)"
"""What the last code stands for, for people, where it is that of what training did not have."""


@dataclass(frozen=True)
class Block:
    """Columns side by side that go through the same transforms.

    Attributes:
        kind: What they hold.
        names: One name a column, for people and explanations.
        categories: For codes, what each code of each column stands for; the last stands for whatever was not seen
            in training.
    """

    kind: Kind
    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...] = ()

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """How many codes each column has."""
        return tuple(len(words) for words in self.categories)


@dataclass(frozen=True)
class Fit:
    """What a transform learns from: training rows only.

    Attributes:
        block: What the values are.
        values: Shape (rows, columns), as the block's kind says; not to be kept, for the memory is used again.
        target: Shape (rows,): int64 class codes, or float64 values.
        classes: How many classes the target has; None for numbers.
        fold: Shape (rows,), int64 from 0: the fold of each row, for statistics of the target that must not have seen
            the row itself.
    """

    block: Block
    values: np.ndarray = field(repr=False)
    target: np.ndarray = field(repr=False)
    classes: int | None
    fold: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Fitted:
    """A fitted transform.

    Attributes:
        block: What it gives.
        module: Takes a tensor of shape (rows, columns given), gives one of shape (rows, columns of `block`), in the
            types of the two kinds. It becomes part of the graph: tensors in, tensors out, no branch on values.
        out_of_fold: For each fold, the module as it would be without the rows of that fold; training rows go through
            that of their own. Empty for transforms that do not look at the target.
        flags: How many of the last columns of `block` are flags, such as of missing values: numbers that go straight
            into the model, past the transforms that follow.
    """

    block: Block
    module: torch.nn.Module
    out_of_fold: tuple[torch.nn.Module, ...] = ()
    flags: int = 0


class Transform(ABC):
    """One step of a column's way into the model, registered by name (kind ``transform``).

    It is a frozen dataclass whose fields are its config. Its module is run on float64, so that nothing is rounded
    before the end; the graph casts to float32 once.

    Attributes:
        takes: The kinds of blocks it can be given.
        learns: Whether it looks at training values; if not, it is given no rows of them.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("number",)
    learns: ClassVar[bool] = True

    @abstractmethod
    def fit(self, fit: Fit) -> Fitted:
        """Learns from training values; the same values give the same module.

        Raises:
            DataError: The values do not allow it.
        """
