"""`headway runs list`: filters, sorting, columns."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headway.cli.tables import csv_lines, room, table, text_of
from headway.cli.words import moment_of
from headway.errors import UsageError
from headway.naming import nearest, trial_of, unknown
from headway.store import Condition, Records, Run, RunFilter
from headway.store.runs import STATUSES

OWN = ("created", "seconds", "name", "status")
"""Fields of a run that have a column anyway."""


def listing(arguments: argparse.Namespace, records: Records) -> Sequence[str]:
    """The lines of the list."""
    wanted = _filter(arguments)
    fields = _fields(arguments, wanted)
    runs = records.list(wanted)
    metrics = records.metrics_of([run.id for run in runs])
    unseen = [field for field in fields if all(_value(run, metrics[run.id], field) is None for run in runs)]
    _check(wanted, unseen, runs, records)
    if arguments.format == "json":
        return json.dumps([_plain(run, metrics[run.id]) for run in runs], indent=2).splitlines()
    rows = [[*_cells(run), *(_value(run, metrics[run.id], field) for field in fields)] for run in runs]
    if arguments.format == "csv":
        return csv_lines([*HEADER, *fields], rows)
    if not runs:
        return ["no run fits" if wanted != RunFilter(limit=wanted.limit) else "no runs yet"]
    return _table(rows, fields)


def _filter(arguments: argparse.Namespace) -> RunFilter:
    for status in arguments.status or ():
        if status not in STATUSES:
            raise UsageError(unknown("status", status, STATUSES), code="usage")
    limit = 20 if arguments.limit is None else arguments.limit
    return RunFilter(
        name=arguments.name,
        group=arguments.group,
        statuses=tuple(arguments.status or ()),
        tags=tuple(arguments.tag or ()),
        since=moment_of(arguments.since) if arguments.since else None,
        where=tuple(condition(text) for text in arguments.where or ()),
        sort=arguments.sort or "-created",
        limit=limit if limit > 0 else None,
    )


def condition(text: str) -> Condition:
    """A condition such as ``model.dropout=0.2``."""
    found = re.fullmatch(r"\s*([^=<>!\s]+)\s*(>=|<=|!=|==|=|>|<)\s*(.*?)\s*", text)
    if found is None:
        raise UsageError(
            f"{text!r} is no condition",
            hint="write evaluation.test.auroc>=0.9 or model.dropout=0.2, in quotes",
            code="usage",
        )
    return Condition(found[1], "=" if found[2] == "==" else found[2], _parsed(found[3]))


def _parsed(text: str) -> Any:
    for parse in (json.loads, float):
        try:
            return parse(text)
        except ValueError:
            continue
    return text


def _fields(arguments: argparse.Namespace, wanted: RunFilter) -> list[str]:
    """What gets a column: what is asked for, filtered by and sorted by."""
    asked = [*(arguments.metric or ()), *(c.field for c in wanted.where), wanted.sort.removeprefix("-")]
    return [field for field in dict.fromkeys(asked) if field not in OWN]


def _check(wanted: RunFilter, unseen: Iterable[str], runs: Sequence[Run], records: Records) -> None:
    """Answers names that nothing has; only when there are runs at all."""
    if not runs and wanted.name is not None:
        _known("experiment", wanted.name, records.known("name"))
    if not runs and wanted.group is not None:
        _known("group", wanted.group, records.known("group"))
    for tag in wanted.tags if not runs else ():
        _known("tag", tag, records.known("tag"))
    for field in unseen:
        if records.list(RunFilter(where=(Condition(field),), limit=1)):
            continue
        newest = records.list(RunFilter(limit=50))
        if newest:
            names = {*OWN, *records.known("metric"), *(name for run in newest for name in flat(run.config))}
            close = nearest(field, names) or next((n for n in sorted(names) if n.endswith(f".{field}")), None)
            hint = f"did you mean {close}?" if close else "headway runs show RUN lists metrics; headway config the rest"
            raise UsageError(f"no run has a metric or config value '{field}'", hint=hint, code="unknown-field")


def _known(noun: str, name: str, known: Sequence[str]) -> None:
    if known and name not in known:
        raise UsageError(unknown(noun, name, known), code=f"unknown-{noun}")


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names to values; lists are values."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) and value else {f"{prefix}{name}": value}
    return found


def _value(run: Run, metrics: Mapping[str, float], field: str) -> Any:
    if field in metrics:
        return metrics[field]
    value: Any = run.config
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


HEADER = ("run", "name", "status", "started", "seconds", "trial", "tags", "note", "overrides")


def _cells(run: Run) -> list[Any]:
    seconds = None if run.seconds is None else round(run.seconds, 3)
    trial, words = trial_of(run.group, run.label), " ".join(run.overrides)  # a grid's label says no more than these
    return [run.id, run.name, run.status, run.created, seconds, trial, " ".join(run.tags), run.note, words]


def _table(rows: Sequence[Sequence[Any]], fields: Sequence[str]) -> Sequence[str]:
    """Figures before words, and no column that is empty; on a terminal no more than has room."""
    width = room()
    header = [*HEADER, *fields]
    first = [0, 1, 2, 4] if width else [0, 1, 2, 3, 4]  # an id tells when the run started
    words = [i for i in (5, 6, 7, 8) if any(row[i] for row in rows)]
    shown = [*first, *range(len(HEADER), len(header)), *words]
    return table([header[i] for i in shown], [[_text(i, row[i]) for i in shown] for row in rows], width)


def _text(column: int, cell: Any) -> str:
    return f"{cell:.1f}" if column == 4 and cell is not None else text_of(cell)


def _plain(run: Run, metrics: Mapping[str, float]) -> dict[str, Any]:
    from dataclasses import asdict

    plain = asdict(run)
    del plain["stages"]
    return plain | {"metrics": dict(metrics)}
