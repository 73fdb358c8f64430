"""The picture of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from headway.contracts import Figure

from headway_evaluation.figures.canvas import COLOURS, FAINT, canvas_of, legible
from headway_evaluation.intervals import Estimate
from headway_evaluation.scoring import MODEL
from headway_evaluation.words import percent


def average_precision(
    labels: Sequence[str], found: Mapping[str, Sequence[Estimate]], shares: np.ndarray, confidence: float, split: str
) -> Figure:
    """How well each label is found, beside how frequent it is.

    Args:
        labels: Their names.
        found: Model name to the average precision of each label; ``model`` is the one in question.
        shares: The share of rows that have each label, shape (labels,).
        confidence: Of the intervals.
        split: The split's name, for the title.
    """
    places = np.arange(len(labels))
    with canvas_of("labels", 4.6, 1.6 + 0.32 * len(labels)) as (canvas, drawn):
        axes = canvas.add_subplot()
        axes.plot(shares, places, "|", color=FAINT, markersize=14, label="share of rows")
        for index, (name, given) in enumerate(found.items()):
            own, x = name == MODEL, np.array([e.value for e in given])
            ends = np.array([[e.value if end is None else end for end in (e.low, e.high)] for e in given])
            bars = np.maximum([x - ends[:, 0], ends[:, 1] - x], 0) if own else None
            axes.errorbar(x, places, xerr=bars, label=legible(name), fmt="o", markersize=4, capsize=2, elinewidth=1,
                          color=COLOURS[index % len(COLOURS)], zorder=3 if own else 2)  # fmt: skip
        axes.set(xlabel="average precision", xlim=(-0.02, 1.02), ylim=(len(labels) - 0.5, -0.5))
        axes.set_yticks(places, labels)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25 - 0.4 / len(labels)), ncols=3)
    caption = (
        "How many of the rows with the highest probabilities of a label have it, averaged over all thresholds. "
        f"Guessing gives the share of rows that have it (grey). Bars are {percent(confidence)} intervals."
    )
    return Figure(f"Average precision of each label, {split}", caption, drawn[0])
