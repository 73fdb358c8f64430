"""The pictures of predicted quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from headway.contracts import Figure

from headway_evaluation.figures.canvas import COLOURS, FAINT, canvas_of, legible
from headway_evaluation.figures.groups import bins
from headway_evaluation.figures.values import reach
from headway_evaluation.intervals import Estimate
from headway_evaluation.scoring import MODEL, Rows
from headway_evaluation.words import percent

Shares = Mapping[str, Sequence[Estimate]]
"""Model name to the share of rows at or below the quantile of each level."""


def calibration(levels: Sequence[float], shares: Shares, split: str, confidence: float) -> Figure:
    """Nominal against observed levels.

    Args:
        levels: The nominal ones.
        shares: The observed ones, of every model.
        split: The split's name, for the title.
        confidence: Of the intervals.
    """
    with canvas_of("calibration", 4.6, 4.4) as (canvas, drawn):
        axes = canvas.add_subplot()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        for index, (name, given) in enumerate(shares.items()):
            found = [given[position] for position in np.argsort(levels)]
            own, y = name == MODEL, [e.value for e in found]
            bars = [[max(e.value - _or(e.low, e.value), 0.0) for e in found],
                    [max(_or(e.high, e.value) - e.value, 0.0) for e in found]]  # fmt: skip
            axes.errorbar(sorted(levels), y, yerr=bars if own else None, label=legible(name), marker="o", markersize=4,
                          linewidth=1.2, capsize=2, elinewidth=1, color=COLOURS[index % len(COLOURS)],
                          zorder=3 if own else 2)  # fmt: skip
        axes.set(xlabel="level", ylabel="share of rows at or below", xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
        axes.set_aspect("equal")
        axes.legend(loc="upper left")
    caption = (
        "Of the quantile of each level, how many actual values lie at or below it. On the dashed diagonal they are as "
        f"many as the level says; above it, the quantile is too high. Bars are {percent(confidence)} intervals."
    )
    return Figure(f"Calibration of levels, {split}", caption, drawn[0])


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def coverage(width: np.ndarray, within: np.ndarray, rows: Rows, promise: tuple[float, float], split: str) -> Figure:
    """How many rows the outer interval holds where it is narrow, and where it is wide.

    Args:
        width: Of each row's interval, shape (rows,).
        within: Whether it holds the row's target, shape (rows,), boolean.
        rows: The rows.
        promise: The share of rows it should hold, and the confidence level of the bars.
        split: The split's name, for the title.
    """
    nominal, confidence = promise
    x, y, low, high = bins(width, within, rows.weight, confidence)
    with canvas_of("coverage", 4.6, 4.4) as (canvas, drawn):
        top, below = canvas.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        top.axhline(nominal, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        bars = [np.maximum(y - low, 0), np.maximum(high - y, 0)]
        top.errorbar(x, y, yerr=bars, marker="o", markersize=4, linewidth=1.2, capsize=2, elinewidth=1)
        top.set(ylabel="share of rows within", ylim=(-0.03, 1.03))
        below.hist(width, bins=40, range=reach(width), color=COLOURS[0], alpha=0.7)
        below.set(xlabel="width of the outer interval", ylabel="rows")
        below.grid(visible=False)
    caption = (
        f"The outer interval should hold {percent(nominal)} of the rows (dashed), be it narrow or wide: how many it "
        f"holds in groups of equally many rows of like width. Bars are {percent(confidence)} intervals (Wilson, 1927). "
        "Below: how many rows got which width."
    )
    return Figure(f"Coverage by width, {split}", caption, drawn[0])
