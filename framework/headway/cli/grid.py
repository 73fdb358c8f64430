"""The results of a grid: one row a run, and means over the seeds."""

from __future__ import annotations

import re
import shutil
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headway.cli.tables import BASELINES, table

if TYPE_CHECKING:
    from headway.runner import RunResult

SEED = "seed"
FORMAT, SPREAD = "{:.4f}", "{:.4f} ± {:.4f}"
STATUS = len("interrupted  seconds  20261124-041453-7796f0")
"""Characters of the columns that every grid has."""


def grid(results: Sequence[RunResult]) -> list[str]:
    """The table of a grid's runs; under it, mean ± standard deviation over the seeds, if seeds differ.

    Args:
        results: At least two runs of one command.
    """
    axes = [_axes(result.label) for result in results]
    names = list(dict.fromkeys(name for axis in axes for name in axis))
    metrics = [_metrics(result) for result in results]
    known = list(dict.fromkeys(name for row in metrics for name in row))
    shown = _fitting(known, _width(axes) + STATUS, len(FORMAT.format(-1)))
    rows = [
        [*_values(axis, names), result.status, f"{result.seconds:.1f}", *_cells(row, shown), result.id]
        for result, axis, row in zip(results, axes, metrics, strict=True)
    ]
    lines = table([*names, "status", "seconds", *shown, "run"], rows)
    if len({axis.get(SEED) for axis in axes}) > 1:
        others = [name for name in names if name != SEED]
        lines += ["", *_over_seeds(axes, metrics, others, _fitting(known, _width(axes), len(SPREAD.format(-1, 1))))]
    return lines


def _width(axes: Sequence[Mapping[str, str]]) -> int:
    """Characters that the columns of the settings take."""
    widths: dict[str, int] = {}
    for axis in axes:
        for name, value in axis.items():
            widths[name] = max(widths.get(name, len(name)), len(value))
    return sum(width + 2 for width in widths.values())


def _axes(label: str) -> dict[str, str]:
    """``model=mlp seed=2`` as a mapping; values may hold spaces."""
    words = re.split(r" (?=[+~]*[\w.@/-]+=)", label) if label else []
    return {key.lstrip("+~"): value for key, _, value in (word.partition("=") for word in words)}


def _values(axis: Mapping[str, str], names: Sequence[str]) -> list[str]:
    return [axis.get(name, "") for name in names]


def _metrics(result: RunResult) -> dict[str, float]:
    """The metrics of the evaluation, or else of the last stage that has any; not those of baselines."""
    known = [stage for stage in result.stages if stage.metrics]
    chosen = [stage for stage in known if stage.kind == "evaluation"] or known[-1:]
    return {name: value for stage in chosen for name, value in stage.metrics.items() if not name.startswith(BASELINES)}


def _fitting(names: list[str], taken: int, least: int) -> list[str]:
    """The first metrics that fit beside `taken` characters, each as wide as its name, or at least so wide."""
    room = max(shutil.get_terminal_size((120, 24)).columns, 80) - taken
    shown: list[str] = []
    for name in names:
        room -= max(len(name), least) + 2
        if room < 0 and shown:
            break
        shown.append(name)
    return shown


def _cells(row: Mapping[str, float], shown: Sequence[str]) -> list[str]:
    return [FORMAT.format(row[name]) if name in row else "" for name in shown]


def _over_seeds(
    axes: Sequence[Mapping[str, str]],
    metrics: Sequence[Mapping[str, float]],
    names: Sequence[str],
    shown: Sequence[str],
) -> list[str]:
    groups: dict[tuple[str, ...], list[Mapping[str, float]]] = {}
    for axis, row in zip(axes, metrics, strict=True):
        if row:
            groups.setdefault(tuple(_values(axis, names)), []).append(row)
    rows = [[*key, str(len(found)), *(_spread(found, name) for name in shown)] for key, found in groups.items()]
    return ["mean ± standard deviation over seeds", *table([*names, "seeds", *shown], rows)]


def _spread(rows: Sequence[Mapping[str, float]], name: str) -> str:
    values = [row[name] for row in rows if name in row]
    if len(values) < 2:
        return FORMAT.format(values[0]) if values else ""
    return SPREAD.format(statistics.mean(values), statistics.stdev(values))
