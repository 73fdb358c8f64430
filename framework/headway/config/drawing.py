"""A pipeline drawn in text: each stage, what it gives, what it takes from whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Edge:
    """One input of a stage.

    Attributes:
        stage: The stage that takes it.
        parameter: The parameter of its ``run``.
        source: The stage it comes from; empty if there is none.
        wrong: What is wrong with it; empty if nothing is.
    """

    stage: str
    parameter: str
    source: str
    wrong: str = ""


def draw(gives: Mapping[str, str], edges: Sequence[Edge]) -> str:
    """The drawing, a line a stage.

    Args:
        gives: Stage name to the type it gives, in the order of the pipeline.
        edges: The inputs of all stages.
    """
    wide = max(map(len, gives), default=0)
    wider = max(map(len, gives.values()), default=0)
    return "\n".join(_line(name.ljust(wide), given.ljust(wider), _of(name, edges)) for name, given in gives.items())


def _of(name: str, edges: Sequence[Edge]) -> dict[str, list[Edge]]:
    """The inputs of one stage by parameter."""
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.stage == name:
            found.setdefault(edge.parameter, []).append(edge)
    return found


def _line(name: str, given: str, inputs: Mapping[str, Sequence[Edge]]) -> str:
    mark = "✗" if any(edge.wrong for edges in inputs.values() for edge in edges) else " "
    taken = "; ".join(_input(parameter, edges) for parameter, edges in inputs.items())
    return f"{mark} {name}  gives {given}  {f'← {taken}' if taken else ''}".rstrip()


def _input(parameter: str, edges: Sequence[Edge]) -> str:
    sources = ", ".join(_source(edge) for edge in edges)
    return sources if [edge.source for edge in edges] == [parameter] else f"{parameter}: {sources}"


def _source(edge: Edge) -> str:
    return f"{edge.source or '?'} ✗ {edge.wrong}" if edge.wrong else edge.source
