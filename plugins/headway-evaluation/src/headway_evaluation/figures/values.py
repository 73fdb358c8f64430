"""The pictures of predicted values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from headway.contracts import Figure
from matplotlib.colors import to_rgb

from headway_evaluation.figures.canvas import COLOURS, FAINT, canvas_of, legible
from headway_evaluation.figures.groups import spread
from headway_evaluation.scoring import MODEL, Rows

CELLS = 36
"""Hexagons along an axis."""

CENTRAL = 0.998
"""Share of the rows that decides how far axes reach; of few rows, all do."""


def figures(column: str, rows: Rows, outputs: Mapping[str, np.ndarray], split: str) -> tuple[Figure, ...]:
    """Predicted against actual values, residuals against predictions, and the distribution of residuals.

    Args:
        column: The target's name, for axes.
        rows: The rows of the split.
        outputs: Model name to values of shape (rows,); ``model`` is the one in question.
        split: The split's name, for titles.
    """
    doubles = {name: output.astype(np.float64) for name, output in outputs.items()}
    return (
        _actual(column, rows, doubles[MODEL], split),
        _residuals(column, rows, doubles[MODEL], split),
        _distribution(column, rows, doubles, split),
    )


def _actual(column: str, rows: Rows, predicted: np.ndarray, split: str) -> Figure:
    both = reach(np.concatenate([rows.target, predicted]))
    with canvas_of("predicted-actual", 4.6, 4.4) as (canvas, drawn):
        axes = canvas.add_subplot()
        left = _hexagons(axes, predicted, rows.target, rows.weight, (both, both))
        axes.plot(both, both, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlabel=f"predicted {column}", ylabel=f"actual {column}", xlim=both, ylim=both)
        axes.set_aspect("equal")
    caption = (
        "The stronger the colour, the more rows (on a logarithmic scale). On the dashed diagonal the prediction is "
        f"right; above it, too low.{_left_out(left)}"
    )
    return Figure(f"Predicted against actual, {split}", caption, drawn[0])


def _residuals(column: str, rows: Rows, predicted: np.ndarray, split: str) -> Figure:
    residual = rows.target - predicted
    across, up = reach(predicted), reach(residual)
    with canvas_of("residuals", 4.6, 4.4) as (canvas, drawn):
        axes = canvas.add_subplot()
        left = _hexagons(axes, predicted, residual, rows.weight, (across, up))
        axes.axhline(0, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        x, *lines = spread(predicted, residual, rows.weight, (0.1, 0.5, 0.9))
        for line, style in zip(lines, ("--", "-", "--"), strict=True):
            axes.plot(x, line, color=COLOURS[1], linewidth=1.8 if style == "-" else 1.1, linestyle=style, marker="o",
                      markersize=3)  # fmt: skip
        axes.set(xlabel=f"predicted {column}", ylabel="actual minus predicted", xlim=across, ylim=up)
    caption = (
        "Orange: the median residual, and between the dashed lines 80 % of the rows, in groups of equally many rows of "
        "like prediction. A median away from 0 is a bias where it is; lines that spread apart say that errors grow "
        f"with the prediction.{_left_out(left)}"
    )
    return Figure(f"Residuals, {split}", caption, drawn[0])


def _distribution(column: str, rows: Rows, outputs: Mapping[str, np.ndarray], split: str) -> Figure:
    residuals = {name: rows.target - output for name, output in outputs.items()}
    edges = np.linspace(*reach(residuals[MODEL]), 61)
    with canvas_of("distribution", 4.6, 4.4) as (canvas, drawn):
        axes = canvas.add_subplot()
        for index, (name, residual) in enumerate(residuals.items()):
            shares = _shares(residual, rows.weight, edges)
            own = name == MODEL
            axes.stairs(shares, edges, label=legible(name), color=COLOURS[index % len(COLOURS)], fill=own,
                        alpha=0.6 if own else 1, linewidth=0 if own else 1.2)  # fmt: skip
        axes.axvline(0, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlabel=f"actual minus predicted {column}", ylabel="share of rows", xlim=(edges[0], edges[-1]))
        axes.legend(loc="upper right")
    outside = int(((residuals[MODEL] < edges[0]) | (residuals[MODEL] > edges[-1])).sum())
    caption = (
        "How often the model errs by how much; to the right of the dashed line the prediction was too low. The "
        f"narrower, the better.{_left_out(outside)}"
    )
    return Figure(f"Distribution of residuals, {split}", caption, drawn[0])


def _shares(values: np.ndarray, weight: np.ndarray | None, edges: np.ndarray) -> np.ndarray:
    mass = np.ones(len(values)) if weight is None else weight
    shares: np.ndarray = np.histogram(values, edges, weights=mass)[0] / mass.sum()
    return shares


def reach(values: np.ndarray) -> tuple[float, float]:
    """How far an axis reaches: from the lowest to the highest of the central values, and a margin."""
    outside = (1 - CENTRAL) / 2
    low, high = np.quantile(values, [outside, 1 - outside], method="nearest") if len(values) > 1 else values[[0, 0]]
    margin = 0.03 * (high - low) or max(abs(low), 1.0) * 0.03
    return float(low - margin), float(high + margin)


def _hexagons(
    axes: Any, x: np.ndarray, y: np.ndarray, weight: np.ndarray | None, limits: tuple[tuple[float, float], ...]
) -> int:
    """Draws where the rows are, a hexagon a place; gives how many rows lie beyond the axes."""
    mass = np.ones(len(x)) if weight is None else weight
    inside = (x >= limits[0][0]) & (x <= limits[0][1]) & (y >= limits[1][0]) & (y <= limits[1][1])
    here = inside & (mass > 0)
    drawn = axes.hexbin(x[here], y[here], mass[here], reduce_C_function=np.sum, gridsize=CELLS,
                        extent=(*limits[0], *limits[1]), linewidths=0)  # fmt: skip
    counts = np.asarray(drawn.get_array(), dtype=np.float64)
    shades = np.log1p(counts / max(counts.min(initial=1.0), 1e-300))
    alpha = 0.12 + 0.88 * shades / max(shades.max(initial=0.0), 1e-300)
    drawn.set_array(None)
    drawn.set_facecolor([(*to_rgb(COLOURS[0]), float(round(one, 2))) for one in alpha])
    drawn.set_edgecolor("none")
    return int((~inside).sum())


def _left_out(rows: int) -> str:
    return f" {rows:,} row(s) lie beyond the axes." if rows else ""
