"""Training rows as arrays: mapped from disk, indexed by row, windowed without copies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    Batch = dict[str, np.ndarray]


class Augmentation(ABC):
    """A random change of training batches, registered by name (kind ``augmentation``).

    It is a frozen dataclass whose fields are its config, and is applied to training batches only.
    """

    @abstractmethod
    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        """A changed copy of `batch`; all randomness comes from `generator`."""


@dataclass(frozen=True)
class View:
    """Windows over a base array: row i is ``base[anchor[i] + offset]`` for each offset.

    Attributes:
        base: The name of the array that is windowed, of shape (time, …).
        anchor: The name of the int64 array of shape (rows,) that places each window.
        offsets: Positions relative to the anchor, such as ``range(-96, 0)``.
    """

    base: str
    anchor: str
    offsets: tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """The rows of one split.

    Attributes:
        arrays: Name to array, memory-mapped where it comes from disk. Arrays have one entry a row,
            except the bases of views.
        rows: How many rows there are.
        views: Name to the windows that are cut when a batch is asked for.
    """

    arrays: Mapping[str, np.ndarray] = field(repr=False)
    rows: int
    views: Mapping[str, View] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.rows

    @property
    def names(self) -> tuple[str, ...]:
        """The names a batch has: arrays and views, without the bases and anchors of views."""
        hidden = {n for view in self.views.values() for n in (view.base, view.anchor)}
        return tuple(n for n in (*self.arrays, *self.views) if n not in hidden)

    def batch(self, indices: ArrayLike | slice | None = None) -> dict[str, np.ndarray]:
        """The given rows (all of them by default) as new or mapped arrays, rows first."""
        chosen: Any = slice(None) if indices is None else indices
        return {name: self._take(name, chosen) for name in self.names}

    def _take(self, name: str, chosen: Any) -> np.ndarray:
        import numpy as np

        if name not in self.views:
            return np.asarray(self.arrays[name][chosen])
        view = self.views[name]
        starts = np.asarray(self.arrays[view.anchor][chosen])
        return np.asarray(self.arrays[view.base][starts[:, None] + np.asarray(view.offsets)])
