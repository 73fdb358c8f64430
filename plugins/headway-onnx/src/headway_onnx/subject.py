"""What the parity gate checks: an exported graph, and the rows, arrays and model it must agree with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from headway.contracts import (
    POSITION,
    ArraySpec,
    Dataset,
    Features,
    Lookup,
    Model,
    Output,
    Predictor,
    Runtime,
    run_chunked,
)

from headway_onnx.probes import count, generated_rows, real_rows, take

if TYPE_CHECKING:
    import numpy as np

    from headway_onnx.probes import Arrays, Feeds

GENERATED = "generated rows"
"""What stands for a split's name where rows are no split's."""

MAX_ROWS = 2**18
"""Rows of a split that are checked, spread over all of it, if it has more."""

HELD = 2**28
"""Bytes of raw rows and arrays of a split that are held at a time: of wide rows, and of long windows, which cost
nothing as views but are large when compared, fewer are checked."""

WORK = 2**42
"""Rows of a split times bytes of the graph that are checked at most: what a row costs grows with the graph, and of
one beyond 16 MiB, such as thousands of large trees, fewer rows are checked."""

RUN = 64
"""Rows that are read one after another, at as many places as they can be: single rows would bring in a page each."""

MAGNITUDE = 100.0
"""Beyond this, generated rows are not held to the framework: float32 loses digits in proportion to its
inputs, and where huge terms cancel, two right answers differ. They must still be finite and bit-equal."""


@dataclass(frozen=True)
class Rows:
    """A predictor, and the rows that it is checked on.

    Attributes:
        data: The rows that features and models were fitted on.
        features: Raw columns to arrays.
        predictor: Raw columns to outputs.
        lookup: Where the runtime is registered.
    """

    data: Dataset
    features: Features
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
        """Split name to those of its raw rows that are checked; splits without rows are left out."""
        return {name: self._raw(name) for name, source in self.features.sources.items() if len(source)}

    def _raw(self, split: str) -> Feeds:
        return real_rows(self.data, split, self.features.columns, self.positions(split))

    def positions(self, split: str) -> np.ndarray:
        """Where the rows in `real` lie in their split; those of a source may repeat, and be in any order."""
        chosen, positions = self._chosen(split), self.features.source(split).arrays.get(POSITION)
        return chosen if positions is None else positions[chosen]

    def _chosen(self, split: str) -> np.ndarray:
        """Which rows of a source are checked: all, unless they are more than `MAX_ROWS`, `HELD` or `WORK` allow."""
        import numpy as np

        rows = len(self.features.source(split))
        graph = sum(map(len, self.predictor.graph.files.values()))
        fit = min(rows, MAX_ROWS, max(HELD // self._bytes, 1), max(WORK // max(graph, 1), 1))
        if fit == rows:
            return np.arange(rows)
        run = min(RUN, max(fit // RUN, 1))
        starts = np.linspace(0, rows - run + 1, fit // run, endpoint=False).astype(np.int64)
        return np.unique(starts[:, None] + np.arange(run))

    @property
    def _bytes(self) -> int:
        """Of one row: its columns and its arrays."""
        import numpy as np

        arrays = sum(math.prod(spec.shape) * np.dtype(spec.dtype).itemsize for spec in self.features.arrays)
        return arrays + 8 * sum(column.history + 1 for column in self.features.columns)

    def trained(self, split: str) -> Arrays:
        """The arrays of a split's source, of the same rows as in `real`; no others are read."""
        return self.features.source(split).batch(self._chosen(split))

    def exempt(self, split: str, spec: ArraySpec) -> tuple[int, ...]:
        """The positions of an array that are not the graph's in this split (see `ArraySpec.out_of_fold`)."""
        return spec.out_of_fold if split == "train" else ()

    def given(self, split: str) -> Arrays:
        """What the features' graph gives for the rows in `real`."""
        return run_chunked(self.transform, self.real[split])

    def answers(self, split: str) -> Arrays:
        """What the merged graph gives for the rows in `real`, or for those in `generated`; run once."""
        if split not in self._answers:
            rows = self.generated if split == GENERATED else self.real[split]
            self._answers[split] = run_chunked(self.merged, rows)
        return self._answers[split]

    @cached_property
    def _answers(self) -> dict[str, Arrays]:
        return {}

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


@dataclass(frozen=True)
class Subject(Rows):
    """A predictor that was exported from a model.

    Attributes:
        model: Arrays to outputs, by its framework.
    """

    model: Model
