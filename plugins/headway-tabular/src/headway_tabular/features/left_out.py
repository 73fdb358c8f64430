"""The columns that are no features, why, and what can be done."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from headway import DataError
from headway.contracts import Schema

from headway_tabular.features.selectors import Candidates

SHOWN = 8
"""Columns that an error names; it counts the others."""

WAYS = {
    "text": "texts have no transform: data.kinds.NAME=categorical takes each as one category (for short ones that"
    " come again), a features stage of your own can read them",
    "timestamp": "of a timestamp, 'features.columns.NAME=[periodic]' takes hour, weekday and month",
    "identifier": "a column that identifies nothing can be told so: data.kinds.NAME=categorical, or integer",
}
"""Kind without a transform by default → what a user can do."""


def no_features(schema: Schema, candidates: Candidates, taken: Collection[str]) -> DataError:
    """The error that no column is a feature.

    Args:
        schema: Of the data.
        candidates: What can be chosen, and what can not.
        taken: Those of the candidates that neither ``features.drop`` nor ``features.only`` leaves out.
    """
    targets = {target.column for target in schema.targets}
    names = list(dict.fromkeys([*candidates.kinds, *(column.name for column in schema.columns)]))
    told = [_told(name, schema, candidates, taken) for name in names if name not in targets]
    more = [f"and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    found = f"; left out: {', '.join([*told[:SHOWN], *more])}" if told else ": the data have none but the target"
    return DataError(
        f"no column is left to make features of{found}",
        hint="; ".join(_ways(schema, candidates, taken)) or "look at data.drop",
        code="no-features",
    )


def _told(name: str, schema: Schema, candidates: Candidates, taken: Collection[str]) -> str:
    if name not in candidates.kinds:
        return f"{name} ({schema.column(name).kind}, {candidates.hidden.get(name, 'is no input')})"
    reason = "" if name in taken else ", by features.drop or features.only"
    return f"{name} ({candidates.kinds[name]}{reason})"


def _ways(schema: Schema, candidates: Candidates, taken: Collection[str]) -> Iterator[str]:
    """What helps here."""
    if len(taken) < len(candidates.kinds):
        yield "look at features.drop and features.only"
    kinds = [candidates.kinds[name] for name in taken]
    kinds += [column.kind for column in schema.columns if column.kind == "identifier"]
    yield from (way for kind, way in WAYS.items() if kind in kinds)
