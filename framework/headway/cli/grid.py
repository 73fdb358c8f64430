"""The results of a grid: one row a run, means over folds and seeds, and folds put together."""

from __future__ import annotations

import re
import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway.cli.tables import BASELINES, table

if TYPE_CHECKING:
    from headway.cli.folds import Pooled
    from headway.results import RunResult

SEED, FOLD, TEST = "seed", "data.split.fold", "test."
FORMAT, SPREAD = "{:.4f}", "{:.4f} ± {:.4f}"
STATUS = len("interrupted  seconds  20261124-041453-7796f0")
"""Characters of the columns that every grid has."""
ROWS = len("folds  rows      ")
"""Characters of the columns of pooled folds."""

Pool = Callable[[Sequence["RunResult"]], "Pooled | None"]
"""The folds of one model → their test rows put together; None if there are none."""


@dataclass(frozen=True)
class _Line:
    """What one run, or several, came to."""

    axis: Mapping[str, str]
    metrics: Mapping[str, float]


def grid(results: Sequence[RunResult], pool: Pool) -> list[str]:
    """The table of a grid's runs, then what folds and seeds come to.

    With folds: mean ± standard deviation over the folds, and the metrics of all their test rows put together, for
    each setting of the other axes. With seeds: mean ± standard deviation over the seeds; of a seed with folds, its
    mean over the folds counts.

    Args:
        results: At least two runs of one command.
        pool: Puts folds together; called only if folds differ.
    """
    lines = [_Line(_axis(result.label), _metrics(result)) for result in results]
    text = _runs(results, lines)
    if _differs(lines, FOLD):
        text += ["", *_over(lines, FOLD, "folds"), *_together(results, lines, pool)]
        lines = list(_means(lines, FOLD))
    if _differs(lines, SEED):
        text += ["", *_over(lines, SEED, "seeds")]
    return text


def _runs(results: Sequence[RunResult], lines: Sequence[_Line]) -> list[str]:
    names, known = _names(lines), _known(lines)
    shown = _fitting(known, _width(lines) + STATUS, len(FORMAT.format(-1)))
    rows = [
        [*_values(line.axis, names), result.status, f"{result.seconds:.1f}", *_cells(line.metrics, shown), result.id]
        for result, line in zip(results, lines, strict=True)
    ]
    return table([*names, "status", "seconds", *shown, "run"], rows)


def _differs(lines: Sequence[_Line], name: str) -> bool:
    return len({line.axis.get(name) for line in lines}) > 1


def _names(lines: Sequence[_Line], without: str | None = None) -> list[str]:
    return list(dict.fromkeys(name for line in lines for name in line.axis if name != without))


def _known(lines: Sequence[_Line]) -> list[str]:
    return list(dict.fromkeys(name for line in lines for name in line.metrics))


def _width(lines: Sequence[_Line]) -> int:
    """Characters that the columns of the settings take."""
    widths: dict[str, int] = {}
    for line in lines:
        for name, value in line.axis.items():
            widths[name] = max(widths.get(name, len(name)), len(value))
    return sum(width + 2 for width in widths.values())


def _axis(label: str) -> dict[str, str]:
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


def _groups(lines: Sequence[_Line], without: str) -> dict[tuple[str, ...], list[int]]:
    """The lines that have metrics, by their settings of all axes but one."""
    names, groups = _names(lines, without), dict[tuple[str, ...], list[int]]()
    for index, line in enumerate(lines):
        if line.metrics:
            groups.setdefault(tuple(_values(line.axis, names)), []).append(index)
    return groups


def _over(lines: Sequence[_Line], name: str, noun: str) -> list[str]:
    """Mean ± standard deviation over one axis."""
    known = _known(lines)
    if name == FOLD:  # what folds are for
        known.sort(key=lambda metric: not metric.startswith(TEST))
    shown = _fitting(known, _width(lines), len(SPREAD.format(-1, 1)))
    rows = [
        [*key, str(len(found)), *(_spread([lines[index].metrics for index in found], metric) for metric in shown)]
        for key, found in _groups(lines, name).items()
    ]
    return [f"mean ± standard deviation over {noun}", *table([*_names(lines, name), noun, *shown], rows)]


def _spread(rows: Sequence[Mapping[str, float]], name: str) -> str:
    values = [row[name] for row in rows if name in row]
    if len(values) < 2:
        return FORMAT.format(values[0]) if values else ""
    return SPREAD.format(statistics.mean(values), statistics.stdev(values))


def _means(lines: Sequence[_Line], name: str) -> Iterator[_Line]:
    """One line for all that differ in one axis only: their mean metrics."""
    for found in _groups(lines, name).values():
        group = [lines[index] for index in found]
        axis = {key: value for key, value in group[0].axis.items() if key != name}
        known = {key: [line.metrics[key] for line in group if key in line.metrics] for key in _known(group)}
        yield _Line(axis, {key: statistics.mean(values) for key, values in known.items()})


def _together(results: Sequence[RunResult], lines: Sequence[_Line], pool: Pool) -> list[str]:
    """The metrics of the test rows of all folds together."""
    pooled = {
        key: found
        for key, indices in _groups(lines, FOLD).items()
        if (found := pool([results[index] for index in indices])) is not None
    }
    if not pooled:
        return []
    known = list(dict.fromkeys(metric for found in pooled.values() for metric in found.metrics))
    shown = _fitting(known, _width(lines) + ROWS, len(FORMAT.format(-1)))
    rows = [[*key, str(found.folds), str(found.rows), *_cells(found.metrics, shown)] for key, found in pooled.items()]
    title = "pooled: the test rows of all folds put together, each metric computed once"
    return ["", title, *table([*_names(lines, FOLD), "folds", "rows", *shown], rows)]
