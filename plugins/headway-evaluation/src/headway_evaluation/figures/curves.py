"""Learning curves: what a model's history looks like, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from headway.contracts import Epoch, Figure

from headway_evaluation.figures.canvas import COLOURS, FAINT, canvas_of
from headway_evaluation.words import called

LOSS = "loss"
SPLITS = ("train", "validation")


def curves(history: Sequence[Epoch], kept: Mapping[str, float]) -> tuple[Figure, ...]:
    """The losses, and the validation metrics, by epoch; nothing without a history of two epochs.

    Args:
        history: One mapping an epoch: ``train.loss``, ``validation.loss``, ``validation.METRIC``. Other keys are
            not drawn.
        kept: The validation metrics of the weights that were kept.
    """
    names = [name for row in history for key in row for split, _, name in [key.partition(".")] if split in SPLITS]
    metrics = list(dict.fromkeys(names))
    if len(history) < 2 or not metrics:
        return ()
    best = best_epoch(history, kept)
    rest = [name for name in metrics if name != LOSS]
    made = [_curves("Loss", [LOSS], history, best)] if LOSS in metrics else []
    return (*made, *([_curves("Metrics", rest, history, best)] if rest else ()))


def best_epoch(history: Sequence[Epoch], kept: Mapping[str, float]) -> int | None:
    """The position of the epoch that is kept: the one with the metrics that are, or with the lowest loss."""
    known = [(at, row) for at, row in enumerate(history) if row.keys() & kept.keys()]
    same = [at for at, row in known if all(row[key] == kept[key] for key in row.keys() & kept.keys())]
    if same:
        return same[0]
    losses = [(row["validation.loss"], at) for at, row in enumerate(history) if "validation.loss" in row]
    return min(losses)[1] if losses else None


def _curves(title: str, metrics: list[str], history: Sequence[Epoch], best: int | None) -> Figure:
    epochs = np.arange(1, len(history) + 1)
    with canvas_of(f"learning-{title.lower()}", 4.6, max(3.4, 1.5 * len(metrics) + 0.6)) as (canvas, drawn):
        panels = np.ravel(canvas.subplots(len(metrics), 1, sharex=True, squeeze=False))
        for axes, metric in zip(panels, metrics, strict=True):
            for split, colour in zip(SPLITS, reversed(COLOURS[:2]), strict=True):
                values = [row.get(f"{split}.{metric}", np.nan) for row in history]
                if not np.isnan(values).all():
                    axes.plot(epochs, values, color=colour, label=split)
                    if best is not None and split == "validation":
                        axes.plot(best + 1, values[best], "o", color=colour, markersize=6)
            if best is not None:
                axes.axvline(best + 1, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
            axes.set(ylabel=called(metric))
        panels[-1].set(xlabel="epoch")
        panels[-1].xaxis.get_major_locator().set_params(integer=True)
        if metrics == [LOSS]:
            panels[0].legend(loc="upper right")
    chosen = "" if best is None else f" The dashed line is epoch {best + 1} of {len(history)}, the one that is kept."
    what = "of training and validation rows" if metrics == [LOSS] else "of the validation rows"
    return Figure(f"{title} by epoch", f"What was measured {what} after each epoch.{chosen}", drawn[0])
