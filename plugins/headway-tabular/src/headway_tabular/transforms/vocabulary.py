"""`vocabulary`: which strings get a code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge

from headway_tabular.transforms.base import Fit, Fitted, Kind, Transform


@dataclass(frozen=True)
class Vocabulary(Transform):
    """Strings become codes, in the order of the strings; all others share the last.

    It stands first in a chain: graphs read strings by encoders, which the features stage writes, so that it is given
    no block.
    """

    takes: ClassVar[tuple[Kind, ...]] = ()

    min_frequency: Annotated[int, Ge(1)] = 1
    """How many training rows must have a string."""
    max_size: Annotated[int, Ge(1)] | None = None
    """How many strings get a code at most: the most frequent, the first in order among equally frequent."""

    def words(self, counts: Mapping[str, int]) -> list[str]:
        """The strings that get a code, sorted.

        Args:
            counts: How many training rows have each string.
        """
        frequent = [word for word, count in counts.items() if count >= self.min_frequency]
        return sorted(sorted(frequent, key=lambda word: (-counts[word], word))[: self.max_size])

    def fit(self, fit: Fit) -> Fitted:
        """Not for blocks: raises TypeError."""
        raise TypeError("a vocabulary is written as an encoder by the features stage")
