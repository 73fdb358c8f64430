"""Graphs that run one after another, each by its own runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from headway.contracts.adapters import adapter_of
from headway.contracts.artifact import Lookup, canonical_json
from headway.contracts.graph import Graph, Runtime
from headway.contracts.strings import Feed

if TYPE_CHECKING:
    import numpy as np

CHAIN = "chain"
"""The registered name of the runtime of chains."""

HEAD = "chain.json"


@dataclass(frozen=True)
class Link:
    """A part of a chain, as it stands in ``chain.json``.

    Attributes:
        runtime: The part's own runtime.
        files: Its files, which the chain has with the part's number before the name.
        takes: The arrays it is given, of those that the part before gives; None for all.
    """

    runtime: str
    files: tuple[str, ...]
    takes: tuple[str, ...] | None


def chain(first: Graph, second: Graph, takes: Sequence[str]) -> Graph:
    """One graph that runs two after another.

    Args:
        first: Such as a tokenizer, which is no arithmetic on arrays.
        second: What takes its arrays, such as a network.
        takes: Which of them.
    """
    parts = ((first, None), (second, tuple(takes)))
    links = [Link(graph.runtime, tuple(sorted(graph.files)), names) for graph, names in parts]
    files = {_file(i, name): graph.files[name] for i, (graph, _) in enumerate(parts) for name in graph.files}
    return Graph(CHAIN, {HEAD: canonical_json(links), **files})


def parts_of(graph: Graph) -> tuple[Graph, ...]:
    """The graphs of a chain, and of chains in it, in their order; of another graph, itself."""
    if graph.runtime != CHAIN:
        return (graph,)
    return tuple(part for _, each in _links(graph.files) for part in parts_of(each))


@dataclass(frozen=True)
class Chain(Runtime):
    """Runs the parts of a chain, each on what the one before gave.

    Attributes:
        parts: Open runtimes, each with the names of the arrays it is given; None for all.
    """

    parts: tuple[tuple[Runtime, tuple[str, ...] | None], ...]

    @classmethod
    def load(cls, files: Mapping[str, bytes], lookup: Lookup) -> Self:
        """Opens every part; raises `HeadwayError` if the runtime of one is not registered."""
        return cls(tuple((graph.open(lookup), link.takes) for link, graph in _links(files)))

    @property
    def chunk(self) -> int:
        """The least of the parts."""
        return min(runtime.chunk for runtime, _ in self.parts)

    def run(self, feeds: Mapping[str, Feed]) -> dict[str, np.ndarray]:
        """The outputs of the last part."""
        (first, _), *others = self.parts
        arrays = first.run(feeds)
        for runtime, takes in others:
            arrays = runtime.run(arrays if takes is None else {name: arrays[name] for name in takes})
        return arrays


def _links(files: Mapping[str, bytes]) -> list[tuple[Link, Graph]]:
    links = adapter_of(tuple[Link, ...]).validate_json(files[HEAD])
    return [(k, Graph(k.runtime, {name: files[_file(i, name)] for name in k.files})) for i, k in enumerate(links)]


def _file(position: int, name: str) -> str:
    return f"{position + 1}-{name}"
