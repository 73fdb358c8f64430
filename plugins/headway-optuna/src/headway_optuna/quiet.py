"""Optuna's warnings, where they tell users nothing that Headway has not told them."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps back that classes are experimental, arithmetic with infinities, the messages in `TOLD`, and Optuna's log below errors."""
    from optuna.exceptions import ExperimentalWarning

    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of reports that are not finite
            for message in TOLD:
                warnings.filterwarnings("ignore", re.escape(message), UserWarning)
            yield
    finally:
        logger.setLevel(level)
