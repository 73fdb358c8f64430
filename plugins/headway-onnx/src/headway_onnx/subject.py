"""What the parity gate checks: an exported graph, and the rows, arrays and model it must agree with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from headway.contracts import POSITION, Dataset, Features, Lookup, Model, Output, Predictor, Runtime, run_chunked

from headway_onnx.probes import count, generated_rows, real_rows, take

if TYPE_CHECKING:
    import numpy as np

    from headway_onnx.probes import Arrays, Feeds

HELD = 2**25
"""Bytes of windows held at a time: overlapping windows cost nothing as views, but are large when compared. Of a
longer series as many rows are checked as fit, spread over all."""

MAGNITUDE = 100.0
"""Beyond this, generated rows are not held to the framework: float32 loses digits in proportion to its
inputs, and where huge terms cancel, two right answers differ. They must still be finite and bit-equal."""


@dataclass(frozen=True)
class Subject:
    """What is checked.

    Attributes:
        data: The rows that features and model were fitted on.
        features: Raw columns to arrays.
        model: Arrays to outputs, by its framework.
        predictor: Raw columns to outputs, by the merged graph.
        lookup: Where the runtime is registered.
    """

    data: Dataset
    features: Features
    model: Model
    predictor: Predictor
    lookup: Lookup

    @cached_property
    def merged(self) -> Runtime:
        """The merged graph, open."""
        return self.predictor.graph.open(self.lookup)

    @cached_property
    def transform(self) -> Runtime:
        """The features' graph, open."""
        return self.features.graph.open(self.lookup)

    @cached_property
    def real(self) -> dict[str, Feeds]:
        """Split name to its raw rows, those that its source has; splits without rows are left out."""
        return {name: self._raw(name) for name, source in self.features.sources.items() if len(source)}

    def _raw(self, split: str) -> Feeds:
        rows, chosen = real_rows(self.data, split, self.features.columns), self._chosen(split)
        positions = self.features.source(split).arrays.get(POSITION)
        return take(rows, chosen if positions is None else positions[chosen])

    def _chosen(self, split: str) -> np.ndarray | slice:
        """Which rows of a source are checked: all, unless their windows would not fit into `HELD`."""
        import numpy as np

        rows, window = len(self.features.source(split)), 8 * sum(column.history for column in self.features.columns)
        fit = HELD // window if window else rows
        return np.linspace(0, rows, fit, endpoint=False).astype(np.int64) if fit < rows else slice(None)

    def trained(self, split: str) -> Arrays:
        """The arrays of a split's source, of the same rows as in `real`."""
        return self.features.source(split).batch(self._chosen(split))

    @property
    def fitted(self) -> Feeds:
        """The training rows, or those of the first split if none is called ``train``."""
        return self.real.get("train") or next(iter(self.real.values()))

    @cached_property
    def generated(self) -> Arrays:
        """Generated rows around the training rows."""
        return generated_rows(self.fitted, self.features.columns)

    @cached_property
    def ordinary(self) -> Feeds:
        """Generated rows whose arrays are no larger than `MAGNITUDE` or than those of the real rows."""
        import numpy as np

        limit = max(MAGNITUDE, *(self._magnitudes(self.trained(split)).max() for split in self.real))
        given = self._magnitudes(run_chunked(self.transform, self.generated))
        return take(self.generated, np.flatnonzero(given <= limit))

    def _magnitudes(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """The largest absolute float of each row; infinite where one is not finite."""
        import numpy as np

        largest = np.zeros(count(arrays))
        for spec in self.features.arrays:
            array = arrays[spec.name].reshape(len(largest), -1)
            if array.dtype.kind == "f":
                largest = np.maximum(largest, np.nan_to_num(np.abs(array).max(axis=1, initial=0.0), nan=np.inf))
        return largest

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What the merged graph gives."""
        return self.predictor.outputs
