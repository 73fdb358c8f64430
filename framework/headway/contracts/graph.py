"""Graphs and the runtimes that run them: named arrays in, named arrays out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from headway.contracts.artifact import Lookup, digest_of
from headway.contracts.strings import Feed

if TYPE_CHECKING:
    import numpy as np

CHUNK = 16_384
"""Rows a graph is given at a time: larger chunks fall out of the processor's cache."""

FEW = 256
"""Rows that any graph can be given at a time, however much memory it needs for one."""


@dataclass(frozen=True)
class ArraySpec:
    """One named array of a batch.

    Attributes:
        name: Its name, as a graph's output or input.
        dtype: numpy's name of the element type, such as ``float32``.
        shape: The shape of one row; empty for a scalar.
        columns: What the positions along the last axis are, for people and explanations.
        cardinalities: Where the array holds codes, how many codes each position has.
        out_of_fold: Positions along the last axis whose values in the split ``train`` are not the graph's own, but
            were fitted without the row's fold (target encodings); in all other splits they are the graph's.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    cardinalities: tuple[int, ...] | None = None
    out_of_fold: tuple[int, ...] = ()


class Runtime(ABC):
    """Runs one graph. Instances may be shared between threads; they are never pickled."""

    @property
    def chunk(self) -> int:
        """Rows it is given at a time, `FEW` to `CHUNK`: fewer where it needs much memory for one."""
        return CHUNK

    @classmethod
    @abstractmethod
    def load(cls, files: Mapping[str, bytes], lookup: Lookup) -> Self:
        """Opens the files of a graph; raises `HeadwayError` if they break the runtime's rules.

        Args:
            files: File name to content.
            lookup: For a runtime that runs a part of the graph by another runtime.
        """

    @abstractmethod
    def run(self, feeds: Mapping[str, Feed]) -> dict[str, np.ndarray]:
        """All outputs for the given inputs; the first axis of each is the row.

        Args:
            feeds: What `headway.contracts.feeds` gives, or other arrays of those types. Strings may be
                `headway.contracts.Strings`: `np.asarray` makes them an object array.
        """


@dataclass(frozen=True)
class Graph:
    """A function from named arrays to named arrays, in files, and the runtime it is for.

    Attributes:
        runtime: The registered name (kind ``runtime``) of what runs it, such as ``onnx``.
        files: File name to content; names are plain, without folders.
    """

    runtime: str
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the runtime's name and of all files."""
        parts = [part for name in sorted(self.files) for part in (name.encode(), self.files[name])]
        return digest_of(self.runtime.encode(), *parts)

    def open(self, lookup: Lookup) -> Runtime:
        """The graph ready to run."""
        runtime: type[Runtime] = lookup.get("runtime", self.runtime)
        return runtime.load(self.files, lookup)

    def save(self, folder: Path) -> None:
        """Writes the files into `folder`, which is made."""
        folder.mkdir()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)

    @classmethod
    def load(cls, folder: Path, runtime: str) -> Self:
        """Reads what `save` wrote."""
        return cls(runtime, {path.name: path.read_bytes() for path in sorted(folder.iterdir())})


def run_chunked(runtime: Runtime, feeds: Mapping[str, Feed]) -> dict[str, np.ndarray]:
    """Runs a graph over any number of rows, `Runtime.chunk` at a time, and joins the outputs."""
    import numpy as np

    rows = len(next(iter(feeds.values())))
    if rows <= FEW or rows <= runtime.chunk:
        return runtime.run(feeds)
    chunk = runtime.chunk
    parts = [
        runtime.run({name: array[start : start + chunk] for name, array in feeds.items()})
        for start in range(0, rows, chunk)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
