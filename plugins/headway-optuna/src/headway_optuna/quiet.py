"""Optuna's warnings, where they tell users nothing that Headway has not told them."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

TOLD = (
    "The intermediate values of the ",  # Wilcoxon: not finite, so it does not prune
    "The best trial has no intermediate values so WilcoxonPruner",
    "WilcoxonPruner finds steps existing in the current trial",
    "Constraints have been set, but CmaEsSampler will not use them",  # notes() of the sampler
    "Separable CMA-ES does not operate meaningfully on single-dimensional",
    "Clip non-finite values to the min/max finite values for GP fittings",
    "Some regimes for parameter `",  # importances of few trials
    "Target and region quantiles select the same set of trials",
)
"""How messages begin."""
_within = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps back that classes are experimental, NumPy's doubts about infinities, `TOLD`, and Optuna's log but errors.

    Within another it does nothing, so that calls in a row pay for one.
    """
    global _within
    with _filters() if not _within else nullcontext():
        _within += 1
        try:
            yield
        finally:
            _within -= 1


@contextmanager
def _filters() -> Iterator[None]:
    from optuna.exceptions import ExperimentalWarning

    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.filterwarnings("ignore", "|".join(map(re.escape, TOLD)), UserWarning)
            yield
    finally:
        logger.setLevel(level)
