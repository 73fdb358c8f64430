"""How many rows in a row depend on one another.

Politis and White, Automatic block-length selection for the dependent bootstrap, Econometric Reviews 23 (2004), with the
correction of Patton, Politis and White, ibid. 28 (2009): the length at which the circular block bootstrap estimates the
variance of a mean best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np


def block_length(errors: Mapping[str, np.ndarray]) -> int:
    """Rows to draw together: the most that any model's errors, or the difference to any other model's, ask for.

    Args:
        errors: Model name to how wrong it is about each row, shape (rows,), in the order of time.
    """
    series = [each.astype(np.float64) for each in errors.values()]
    series += [one - other for at, one in enumerate(series) for other in series[at + 1 :]]
    return max((round(_length(each)) for each in series), default=1) or 1


def _length(series: np.ndarray) -> float:
    """The length for one series; 0 for a constant or very short one."""
    rows = len(series)
    if rows < 8 or series.min() == series.max():  # fewer have no autocorrelation worth the name
        return 0.0
    shifts = _lags(series - series.mean())
    shift = np.arange(1, len(shifts))
    weight = np.clip(2 * (1 - shift / shift[-1]), 0, 1)  # flat to the middle, then down to 0
    spread = 2 * (weight * shift * shifts[1:]).sum()
    variance = shifts[0] + 2 * (weight * shifts[1:]).sum()
    most = math.ceil(min(3 * math.sqrt(rows), rows / 3))
    if variance <= 0:
        return float(most)
    return float(min(most, (2 * spread**2 / (4 / 3 * variance**2)) ** (1 / 3) * rows ** (1 / 3)))


def _lags(apart: np.ndarray) -> np.ndarray:
    """Autocovariances from lag 0 to twice the first of several in a row that are no more than noise."""
    rows = len(apart)
    quiet = max(5, int(math.log10(rows)))
    most = math.ceil(math.sqrt(rows)) + quiet
    noise = 2 * math.sqrt(math.log10(rows) / rows)
    spectrum = np.fft.rfft(apart, 2 ** math.ceil(math.log2(2 * rows)))  # twice as long, for it goes round
    found = np.fft.irfft(np.abs(spectrum) ** 2)[: min(most + 1, rows - 1)] / rows
    is_noise = np.abs(found) < noise * found[0]
    for first in range(1, len(found) - quiet + 1):
        if is_noise[first : first + quiet].all():
            return found[: 2 * first + 1]
    return found
