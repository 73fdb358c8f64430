"""The features stage `tensor`: columns of numbers → one array of a given shape, such as an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt, MinLen
from headway import Context, Stage
from headway.contracts import Dataset, Features
from headway.fields import Uses

Size = Annotated[int, Ge(1)]


@dataclass(frozen=True, kw_only=True)
class Tensor(Stage):
    """Columns of numbers as one array a row: the pixels of an image, the channels of a sensor, a spectrum.

    The columns fill the array in their order in the table, the last axis fastest. Nothing is learnt from the rows:
    numbers are divided by `scale` in float64 and cast to float32.
    """

    shape: Annotated[tuple[Size, ...], MinLen(1)]
    """The shape of a row's array; of an image the channels come first, as in [1, 28, 28]."""
    only: tuple[str, ...] = ()
    """Selectors of the columns, such as ``px*``; all numbers by default."""
    scale: Annotated[float, Gt(0)] = 1.0
    """What numbers are divided by, such as 255."""
    fill: float = 0.0
    """What stands for a missing or infinite number, before it is divided."""
    augmentation: Annotated[str | Mapping[str, Any], Uses("augmentation")] | None = None
    """A random change of training batches, such as ``shift`` or ``{shift: {by: 2}}``; other rows stay as they are."""

    def run(self, context: Context, data: Dataset) -> Features:
        """Writes the graph, and runs it over every split."""
        from headway_tabular.features.stack import stack

        return stack(self, context, data)
