"""Plain text tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BASELINES = "baselines."
"""Metrics named ``baselines.NAME.REST`` stand beside ``REST`` in a column of their own."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned lines; columns whose cells are all numbers are flush right."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    right = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(header))]
    return [
        "  ".join(_align(cell, w, r) for cell, w, r in zip(row, widths, right, strict=True)).rstrip() for row in cells
    ]


def _align(cell: str, width: int, right: bool) -> str:
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
