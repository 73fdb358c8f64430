"""`shift`: images moved a little, in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge
from headway.contracts import Augmentation

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Shift(Augmentation):
    """Moves every row by up to so many places along its last two axes, each row its own way; zeros follow.

    Arrays of fewer than two axes a row, and codes, stay as they are.
    """

    by: Annotated[int, Ge(1)] = 1
    """Places, at most, in each of the four directions."""

    def __call__(self, batch: dict[str, np.ndarray], generator: np.random.Generator) -> dict[str, np.ndarray]:
        """See `Augmentation`; the arrays of a batch move independently of one another."""
        return {name: self._moved(array, generator) if _is_image(array) else array for name, array in batch.items()}

    def _moved(self, array: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        import numpy as np

        height, width = array.shape[-2:]
        beside = [(0, 0)] * (array.ndim - 2) + [(self.by, self.by)] * 2
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(array, beside), (height, width), axis=(-2, -1))
        down, right = generator.integers(0, 2 * self.by + 1, (2, len(array)))
        return np.ascontiguousarray(windows[np.arange(len(array)), ..., down, right, :, :])


def _is_image(array: np.ndarray) -> bool:
    return array.ndim > 2 and array.dtype.kind == "f"
