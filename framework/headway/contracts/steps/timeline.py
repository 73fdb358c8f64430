"""Records of several keys in the order of time, and where a moment falls between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Timeline:
    """Records sorted by key and time.

    Attributes:
        moments: The distinct times, ascending (int64).
        places: One number a record that orders by key, then time.
    """

    moments: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, times: np.ndarray) -> Self:
        """Records that are sorted by code (int64, not negative), then time (int64)."""
        import numpy as np

        moments, rank = np.unique(times, return_inverse=True)
        return cls(moments, codes * (len(moments) + 1) + rank)

    def before(self, codes: np.ndarray, times: np.ndarray) -> np.ndarray:
        """How many records lie before a moment of a key: those of smaller codes, and its own before `times`."""
        import numpy as np

        rank = np.searchsorted(self.moments, times, side="left")
        return np.searchsorted(self.places, codes * (len(self.moments) + 1) + rank, side="left")

    def start(self, codes: np.ndarray) -> np.ndarray:
        """How many records there are of smaller codes."""
        import numpy as np

        return np.searchsorted(self.places, codes * (len(self.moments) + 1), side="left")
