"""`headway runs diff`: what distinguishes runs, side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headway.cli.runs_list import flat
from headway.cli.tables import csv_lines, room, table, text_of
from headway.store import ArtifactStore, Run

SECTIONS = ("config", "code", "data", "versions", "artifacts", "metrics")


@dataclass(frozen=True)
class Row:
    """One thing that the runs have, or do not have.

    Attributes:
        section: One of `SECTIONS`.
        name: What it is.
        values: JSON values, one a run; None where a run has it not.
    """

    section: str
    name: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        """Whether the runs have not all the same."""
        return any(value != self.values[0] for value in self.values)


def compared(runs: Sequence[Run], artifacts: ArtifactStore, form: str | None, *, whole: bool) -> Sequence[str]:
    """The lines of the comparison.

    Args:
        runs: At least two, with their stages.
        artifacts: Asked what the keys of their stages were made of.
        form: ``table``, ``json`` or ``csv``.
        whole: Also what is the same.
    """
    parts = [_components(run, artifacts) for run in runs]
    rows = [row for row in _rows(runs, parts) if whole or row.differs]
    ids = [run.id for run in runs]
    if form == "json":
        plain = [{"section": r.section, "name": r.name, "values": dict(zip(ids, r.values, strict=True))} for r in rows]
        return json.dumps(plain, indent=2).splitlines()
    if form == "csv":
        return csv_lines(["section", "name", *ids], [[row.section, row.name, *row.values] for row in rows])
    return [*_table(rows, ids), *_unknown(runs, parts)]


Parts = Mapping[str, Mapping[str, Any] | None]
"""Stage label → what its key was made of; None if that is no longer in the store."""


def _components(run: Run, artifacts: ArtifactStore) -> Parts:
    return {stage.label: artifacts.components(stage.key) for stage in run.stages}


def _rows(runs: Sequence[Run], parts: Sequence[Parts]) -> Iterator[Row]:
    found = [
        {
            "config": flat(run.config),
            "code": _code(run, part),
            "data": _data(part),
            "versions": dict(run.versions),
            "artifacts": {stage.label: stage.digest[:12] for stage in run.stages if stage.digest},
            "metrics": {f"{stage.label}.{name}": v for stage in run.stages for name, v in stage.metrics.items()},
        }
        for run, part in zip(runs, parts, strict=True)
    ]
    for section in SECTIONS:
        for name in dict.fromkeys(name for sections in found for name in sections[section]):
            yield Row(section, name, tuple(sections[section].get(name) for sections in found))


def _code(run: Run, parts: Parts) -> dict[str, Any]:
    """The commit, and the hash of every module that a stage reaches."""
    git = {name: run.git[name] for name in ("commit", "dirty") if name in run.git}
    modules = {name: text[:12] for part in parts.values() if part for name, text in part.get("source", {}).items()}
    return git | dict(sorted(modules.items()))


def _data(parts: Parts) -> dict[str, Any]:
    """The digests of the files that the stages read, and what sources without files say of themselves."""
    found: dict[str, Any] = {}
    for label, part in parts.items():
        for name, digests in (part or {}).get("content", {}).items():
            found[f"{label}.{name}"] = " ".join(digest[:12] for digest in digests)
        if part and "fingerprint" in part:
            found[f"{label}.fingerprint"] = part["fingerprint"]
    return found


def _table(rows: Sequence[Row], ids: Sequence[str]) -> Sequence[str]:
    if not rows:
        return ["the runs do not differ"]
    change = ["change"] if len(ids) == 2 and any(_change(row) for row in rows) else []
    cells, section = [], ""
    for row in rows:
        cells.append(["" if row.section == section else row.section, row.name, *map(text_of, row.values)])
        cells[-1] += [_change(row)] if change else []
        section = row.section
    return table(["", "", *ids, *change], cells, room())


def _change(row: Row) -> str:
    """How much a metric changed from the first run to the second."""
    if row.section != "metrics" or None in row.values:
        return ""
    return f"{row.values[1] - row.values[0]:+.4g}"


def _unknown(runs: Sequence[Run], parts: Sequence[Parts]) -> Iterator[str]:
    for run, part in zip(runs, parts, strict=True):
        gone = [label for label, components in part.items() if components is None]
        if gone:
            yield f"\n{run.id}: what {', '.join(gone)} came from is not in the store; code and data cannot be compared"
