"""The order in which parameters are asked for: what conditions depend on comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headway_optuna.space.parameters import Parameter


def ordered(parameters: Sequence[Parameter]) -> list[Parameter]:
    """The parameters in their order, but each behind those that its condition names; there must be no circle."""
    known = {parameter.key: parameter for parameter in parameters}
    found: dict[str, Parameter] = {}

    def visit(parameter: Parameter) -> None:
        for name in parameter.when.names if parameter.when else ():
            visit(known[name])
        found.setdefault(parameter.key, parameter)

    for parameter in parameters:
        visit(parameter)
    return list(found.values())


def circle(edges: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Names that depend on one another in a circle, the first one again at the end; None if there is none."""
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str] | None:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return None
        done.add(name)
        return next((found for each in edges.get(name, ()) if (found := follow(each, [*way, name]))), None)

    return next((found for name in edges if (found := follow(name, []))), None)
