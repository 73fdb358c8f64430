"""Plain text tables for a terminal, and the same rows for machines."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

BASELINES = "baselines."
"""Metrics named ``baselines.NAME.REST`` stand beside ``REST`` in a column of their own."""

NARROW = 10
"""Characters that a shortened column keeps."""


def room() -> int | None:
    """The width of the terminal; None if the output is read by something else, which wants the whole text."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """Aligned lines; columns whose cells are all numbers are flush right.

    Args:
        header: The names of the columns.
        rows: Their cells.
        width: The most characters a line may have. Text is shortened, the widest column first, but never the first
            column nor a number; what still has no room is dropped from the right.
    """
    cells = [list(header), *(list(row) for row in rows)]
    right = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(header))]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    if width is not None:
        _narrow(widths, cells, right, width)
    return [
        "  ".join(_align(cell, w, r) for cell, w, r in zip(row, widths, right, strict=False)).rstrip() for row in cells
    ]


def _narrow(widths: list[int], cells: Sequence[Sequence[str]], right: Sequence[bool], room: int) -> None:
    """Makes columns narrower until they fit, in place; fewer widths than columns means columns are dropped."""
    least = [min(NARROW, wide) for wide in widths]
    for i, wide in enumerate(widths):
        if i == 0:
            least[i] = wide
        elif right[i]:
            least[i] = max([NARROW, *(len(row[i]) for row in cells[1:])]) if wide > NARROW else wide
    while sum(widths) + 2 * (len(widths) - 1) > room:
        spare = [wide - small for wide, small in zip(widths, least, strict=False)]
        if max(spare) > 0:
            widths[max((i for i, s in enumerate(spare) if s > 0), key=lambda i: widths[i])] -= 1
        elif len(widths) > 1:
            widths.pop()
        else:
            return


def _align(cell: str, width: int, right: bool) -> str:
    if len(cell) > width:  # the end of a metric's name tells more than its beginning
        cell = f"…{cell[1 - width :]}" if right else f"{cell[: width - 1]}…"
    return cell.rjust(width) if right else cell.ljust(width)


def _is_number(cell: str) -> bool:
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True


def metrics_table(metrics: Mapping[str, float]) -> list[str]:
    """One row a metric, the model first, then a column a baseline."""
    columns: dict[str, dict[str, float]] = {"model": {}}
    for name, value in metrics.items():
        owner, metric = "model", name
        if name.startswith(BASELINES):
            owner, _, metric = name.removeprefix(BASELINES).partition(".")
        columns.setdefault(owner, {})[metric] = value
    rows = [[metric, *(_figure(column.get(metric)) for column in columns.values())] for metric in columns["model"]]
    return table(["", *columns], rows)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def text_of(value: Any) -> str:
    """A JSON value as a cell: nothing for None, text as it is, figures short."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value)


def csv_lines(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """The same as comma-separated values, in full precision."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_exact(cell) for cell in row] for row in rows])
    return stream.getvalue().splitlines()


def _exact(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | tuple | dict | bool) else value
