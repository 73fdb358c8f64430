"""The fitted transform as a graph, and the rows it gave."""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from headway.contracts.artifact import Artifact, Lookup, read_json, write_json
from headway.contracts.feeds import TARGET, WEIGHT
from headway.contracts.graph import ArraySpec, Graph
from headway.contracts.recipe import Recipe
from headway.contracts.schema import Column, Target
from headway.contracts.source import Augmentation, Source, View
from headway.errors import DataError
from headway.naming import unknown

if TYPE_CHECKING:
    import numpy as np

POSITION = "position"
"""The array (int64) of where a source's rows lie in their split, for a source that lacks some of them: a window
without its past, or a forecast without its future. It may be the anchor of the source's views too."""


@dataclass(frozen=True)
class SourceHead:
    """The part of a `Source` that is JSON.

    Attributes:
        rows: How many rows it has.
        views: Its windows.
    """

    rows: int
    views: Mapping[str, View]


@dataclass(frozen=True)
class FeaturesHead:
    """The part of `Features` that is JSON; see there for the attributes."""

    columns: tuple[Column, ...]
    recipe: Recipe
    arrays: tuple[ArraySpec, ...]
    target: Target
    runtime: str
    sources: Mapping[str, SourceHead]
    augmentation: Mapping[str, Any] | None


@dataclass(frozen=True)
class Features(Artifact):
    """Raw columns → named arrays: the fitted graph, and its output for every split.

    Attributes:
        columns: The raw columns that the graph takes, one input a column (see `feeds`).
        recipe: The dataset's recipe, to be replayed before the graph.
        graph: The fitted transform.
        arrays: What the graph gives, which is what a model takes.
        target: What is predicted.
        sources: Split name to its rows; beside the graph's arrays a source has `TARGET` and, where
            the data have weights, `WEIGHT`; for a target with a horizon, `TARGET` has shape (rows, horizon),
            for several labels (rows, labels).
            A source is the float32 output of the graph itself, for all rows of the split or those of
            `POSITION`.
        augmentation: ``{"use": NAME, …fields}`` of the change made to training batches, or None.
    """

    type_name: ClassVar[str] = "features"

    columns: tuple[Column, ...]
    recipe: Recipe
    graph: Graph
    arrays: tuple[ArraySpec, ...]
    target: Target
    sources: Mapping[str, Source] = field(repr=False)
    augmentation: Mapping[str, Any] | None = None

    def source(self, split: str) -> Source:
        """The rows of one split; raises `DataError` naming the splits there are."""
        if split not in self.sources:
            raise DataError(unknown("split", split, self.sources), code="unknown-split")
        return self.sources[split]

    def augment(self, lookup: Lookup) -> Augmentation | None:
        """The change to make to training batches, if the features have one."""
        if self.augmentation is None:
            return None
        config = dict(self.augmentation)
        augmentation: Augmentation = lookup.get("augmentation", config.pop("use"))(**config)
        return augmentation

    def save(self, folder: Path) -> None:
        """Writes ``features.json``, the graph's files and one npy file an array and split.

        Arrays that are mapped from npy files are copied as files, without passing through memory.
        """
        heads = {split: SourceHead(source.rows, source.views) for split, source in self.sources.items()}
        head = FeaturesHead(
            self.columns, self.recipe, self.arrays, self.target, self.graph.runtime, heads, self.augmentation
        )
        write_json(folder / "features.json", head)
        self.graph.save(folder / "graph")
        for split, source in self.sources.items():
            _save_arrays(folder / "arrays" / split, source.arrays)

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads the JSON and the graph; arrays are memory-mapped."""
        head = read_json(folder / "features.json", FeaturesHead)
        sources = {
            split: Source(_map_arrays(folder / "arrays" / split), source.rows, source.views)
            for split, source in head.sources.items()
        }
        graph = Graph.load(folder / "graph", head.runtime)
        return cls(head.columns, head.recipe, graph, head.arrays, head.target, sources, head.augmentation)


def _save_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    import numpy as np

    folder.mkdir(parents=True)
    for name, array in arrays.items():
        path, whole = folder / f"{name}.npy", _file_of(array)
        if whole is not None:
            shutil.copyfile(whole, path)
        else:
            np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def _file_of(array: np.ndarray) -> Path | None:
    """The npy file that an array is, as `numpy.load` maps it; None for other arrays, and for parts of one."""
    import numpy as np

    if not isinstance(array, np.memmap) or not isinstance(array.base, mmap.mmap) or array.mode != "r":
        return None
    path = Path(str(array.filename))
    whole = path.suffix == ".npy" and path.is_file() and path.stat().st_size == array.offset + array.nbytes
    return path if whole and array.flags.c_contiguous else None


def _map_arrays(folder: Path) -> dict[str, np.ndarray]:
    import numpy as np

    return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.iterdir())}


__all__ = ["POSITION", "TARGET", "WEIGHT", "Features"]
