"""The pictures of a classifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from headway.contracts import Figure, Target

from headway_evaluation.figures.canvas import COLOURS, FAINT, canvas_of, legible
from headway_evaluation.figures.groups import bins
from headway_evaluation.scoring import Rows
from headway_evaluation.words import percent

POINTS = 200


def figures(
    target: Target, rows: Rows, outputs: Mapping[str, np.ndarray], split: str, level: float
) -> tuple[Figure, ...]:
    """The ROC curve and the reliability diagram of one split.

    Args:
        target: What was predicted.
        rows: The rows of the split.
        outputs: Model name to probabilities of shape (rows, classes); ``model`` is the one in question.
        split: The split's name, for titles.
        level: Confidence level of the bars.
    """
    made = [_reliability(target, rows, outputs, split, level)]
    if len(np.unique(rows.target)) > 1:
        made.insert(0, _roc(target, rows, outputs, split))
    return tuple(made)


def _roc(target: Target, rows: Rows, outputs: Mapping[str, np.ndarray], split: str) -> Figure:
    classes = target.classes or ()
    with canvas_of("roc", 4.6, 4.4) as (canvas, drawn):
        axes = canvas.add_subplot()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        for label, positive, scores in _curves(classes, rows, outputs):
            points = roc_points(positive, scores, rows.weight)
            axes.plot(*points, label=legible(label), zorder=3 if label == "model" else 2)
        axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.set_aspect("equal")
        axes.legend(loc="lower right")
    caption = (
        f"Each point is a threshold: of the rows that are {classes[-1]}, how many are found, against how many of the "
        "others are taken for it. The nearer to the upper left corner the better; the dashed diagonal is guessing."
        if len(classes) == 2
        else "Each class against the rest. The nearer to the upper left corner the better; the diagonal is guessing."
    )
    return Figure(f"ROC curve, {split}", caption, drawn[0])


def _curves(classes: tuple[Any, ...], rows: Rows, outputs: Mapping[str, np.ndarray]) -> Iterator[tuple[str, Any, Any]]:
    if len(classes) == 2:
        for name, output in outputs.items():
            yield name, rows.target == 1, output[:, 1]
        return
    for code, name in enumerate(classes):
        positive = rows.target == code
        if positive.any() and not positive.all():
            yield str(name), positive, outputs["model"][:, code]


def roc_points(positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates, from (0, 0) to (1, 1), thinned to at most `POINTS` and some.

    Args:
        positive: Shape (rows,), boolean, some of either kind.
        score: Shape (rows,).
        weight: Shape (rows,), or None.
    """
    mass = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.r_[score[order][1:] != score[order][:-1], True])
    found = np.r_[0, np.cumsum(mass[order] * positive[order])[last]]
    false = np.r_[0, np.cumsum(mass[order] * ~positive[order])[last]]
    x, y = false / max(false[-1], 1e-300), found / max(found[-1], 1e-300)
    cells = np.floor((x + y) / 2 * POINTS)  # one point a cell along the curve
    keep = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]] | np.r_[cells[:-1] != cells[1:], True])
    return x[keep], y[keep]


def _reliability(target: Target, rows: Rows, outputs: Mapping[str, np.ndarray], split: str, level: float) -> Figure:
    classes = target.classes or ()
    what = f"probability of {classes[-1]}" if len(classes) == 2 else "probability of the predicted class"
    stated = {name: _stated(output, rows) for name, output in outputs.items()}
    return reliability(stated, rows.weight, (what, "rows"), split, level)


def reliability(
    stated: Mapping[str, tuple[np.ndarray, np.ndarray]],
    weight: np.ndarray | None,
    named: tuple[str, str],
    split: str,
    level: float,
) -> Figure:
    """Stated probabilities against what came true.

    Args:
        stated: Model name to probabilities and to whether each came true, shape (number,) both; ``model`` is the one in
            question.
        weight: Of each, shape (number,), or None.
        named: What the probabilities are of, and what there are so many of.
        split: The split's name, for the title.
        level: Confidence level of the bars.
    """
    with canvas_of("reliability", 4.6, 4.4) as (canvas, drawn):
        top, below = canvas.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        top.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        for index, (name, (given, true)) in enumerate(stated.items()):
            x, y, low, high = bins(given, true, weight, level)
            bars = [np.maximum(y - low, 0), np.maximum(high - y, 0)] if name == "model" else None
            top.errorbar(x, y, yerr=bars, label=legible(name), marker="o", markersize=4, linewidth=1.2, capsize=2,
                         elinewidth=1, color=COLOURS[index % len(COLOURS)],
                         zorder=3 if name == "model" else 2)  # fmt: skip
        below.hist(stated["model"][0], bins=40, range=(0, 1), color=COLOURS[0], alpha=0.7)
        top.set(ylabel="share that came true", ylim=(-0.03, 1.03), xlim=(-0.02, 1.02))
        below.set(xlabel=named[0], ylabel=named[1])
        below.grid(visible=False)
        top.legend(loc="upper left")
    caption = (
        f"How often what was predicted came true, in groups of equally many {named[1]} of like probability. On the "
        f"dashed diagonal a stated 70 % comes true 7 times in 10; bars are {percent(level)} intervals (Wilson, 1927). "
        f"Below: how many {named[1]} got which probability from the model."
    )
    return Figure(f"Reliability, {split}", caption, drawn[0])


def _stated(output: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """What was stated of each row, and whether it is true."""
    if output.shape[1] == 2:
        return output[:, 1].astype(np.float64), rows.target == 1
    return output.max(axis=1).astype(np.float64), rows.target == output.argmax(axis=1)
