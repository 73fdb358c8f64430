"""Intervals by resampling: the percentile bootstrap, paired over models.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. Rows are drawn with
replacement as many times as there are rows; where rows come in groups, whole groups are drawn (the
cluster bootstrap; Field and Welsh, 2007), and where they come in time, blocks of rows in a row (the circular
block bootstrap; Politis and Romano, 1992). A resample is a weighting of the rows by how often each was
drawn. All models and metrics see the same resamples, so the difference of two models is resampled
too, and its interval is narrow where both err on the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from headway.contracts.report import Verdict
from headway.metrics import Metric

from headway_evaluation.evaluation import Evaluation
from headway_evaluation.scoring import Rows

METHOD = "percentile bootstrap (Efron and Tibshirani, 1993)"

CELLS = 8_000_000
"""Rows times resamples held in memory at once: 64 MB."""

UNDEFINED = 0.01
"""With a larger share of undefined resamples there is no interval."""


@dataclass(frozen=True)
class Estimate:
    """A number and its interval; without one (`low` and `high` None) where resampling cannot tell."""

    value: float
    low: float | None
    high: float | None


def resample(rows: Rows, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Weightings of the rows, in blocks of shape (resamples in this block, rows).

    Args:
        rows: The rows; their own weights are multiplied in.
        resamples: How many weightings in all.
        seed: Equal seeds give equal weightings.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    block = max(1, CELLS // len(rows))
    for start in range(0, resamples, block):
        counts = np.empty((len(rows), min(block, resamples - start)))
        for column in range(counts.shape[1]):
            counts[:, column] = _drawn(random, rows)
        yield (counts if rows.weight is None else counts * rows.weight[:, None]).T


def _drawn(random: np.random.Generator, rows: Rows) -> np.ndarray:
    """How often each row is drawn, shape (rows,)."""
    if rows.group is not None:
        return _counts(random, int(rows.group.max()) + 1)[rows.group]
    if rows.order is None or rows.block == 1:
        return _counts(random, len(rows))
    drawn = np.empty(len(rows), dtype=np.int64)
    drawn[rows.order] = _runs(random, len(rows), rows.block)
    return drawn


def _counts(random: np.random.Generator, units: int, draws: int | None = None) -> np.ndarray:
    """How often each unit is drawn, in as many draws as there are units unless said otherwise."""
    return np.bincount(random.integers(0, units, draws or units), minlength=units)


def _runs(random: np.random.Generator, rows: int, length: int) -> np.ndarray:
    """How often each row is drawn in runs of a length, the first row following the last."""
    starts = _counts(random, rows, math.ceil(rows / length))
    before = np.concatenate([starts[rows - length + 1 :], starts]).cumsum()
    before[length:] -= before[:-length].copy()
    return before[length - 1 :]


def draws(
    rows: Rows, outputs: Mapping[str, np.ndarray], metrics: Mapping[str, Metric], resamples: int, seed: int
) -> dict[tuple[str, str], np.ndarray]:
    """Every metric of every model under every resample.

    Args:
        rows: The rows of one split.
        outputs: Model name to what metrics read of it: probabilities, values or quantiles, rows first.
        metrics: Metric name to the metric.
        resamples: How many.
        seed: Of the resampling.

    Returns:
        (model, metric) to an array of shape (resamples,); NaN where a metric is undefined.
    """
    parts: dict[tuple[str, str], list[np.ndarray]] = {(m, n): [] for m in outputs for n in metrics}
    doubles = {model: output.astype(np.float64) for model, output in outputs.items()}
    for weights in resample(rows, resamples, seed):
        some = weights.sum(axis=1) > 0  # all the rows drawn may have weight 0
        for (model, name), blocks in parts.items():
            values = np.full(len(weights), np.nan)
            values[some] = metrics[name].weighted(
                rows.target, doubles[model], weights[some] if not some.all() else weights
            )
            blocks.append(values)
    return {key: np.concatenate(blocks) for key, blocks in parts.items()}


def estimate(value: float, values: np.ndarray, level: float) -> Estimate:
    """The interval that holds the middle `level` of the resampled values.

    Args:
        value: The metric on the rows themselves.
        values: The metric on each resample.
        level: Such as 0.95.
    """
    known = values[~np.isnan(values)]
    if len(known) < (1 - UNDEFINED) * len(values):
        return Estimate(value, None, None)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))


def estimates(
    stage: Evaluation, rows: Rows, outputs: Mapping[str, np.ndarray], metrics: Mapping[str, Metric]
) -> dict[tuple[str, str], Estimate]:
    """(model, metric) to its estimate, by the resamples of the report's metrics; NaN where a metric is undefined."""
    sampled = draws(rows, outputs, metrics, stage.resamples, stage.seed)
    return {
        (model, name): estimate(metrics[name](rows.target, outputs[model], rows.weight), values, stage.level)
        for (model, name), values in sampled.items()
    }


def verdict(difference: Estimate, maximize: bool) -> Verdict:
    """``passed`` if the whole interval is on the better side of 0, ``failed`` if on the worse, else ``warned``."""
    if difference.low is None or difference.high is None:
        return "warned"
    better = difference.low > 0 if maximize else difference.high < 0
    worse = difference.high < 0 if maximize else difference.low > 0
    return "passed" if better else "failed" if worse else "warned"


def wilson(share: float, rows: float, level: float) -> tuple[float, float]:
    """The interval of a share (Wilson, 1927), which stays within 0 and 1 and is honest for few rows.

    Args:
        share: The observed share.
        rows: On how many rows (the effective number, if they have weights).
        level: Such as 0.95.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return max(0.0, centre - half), min(1.0, centre + half)
