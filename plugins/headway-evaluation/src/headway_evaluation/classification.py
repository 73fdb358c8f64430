"""The evaluation stage for classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from annotated_types import Ge, Gt, Lt, MinLen
from headway.contracts import Dataset, Predictor, Report
from headway.fields import Registered
from headway.stage import Context, Stage

NONE: Mapping[str, Predictor] = MappingProxyType({})


@dataclass(frozen=True)
class Classification(Stage):
    """Scores held-out rows with the exported graph, beside the baselines, and says how sure the figures are."""

    metrics: Annotated[tuple[Annotated[str, Registered("metric")], ...], MinLen(1)] = (
        "auroc",
        "accuracy",
        "log_loss",
        "brier",
    )
    """What is measured; the first decides whether the model is called better than a baseline."""
    splits: Annotated[tuple[str, ...], MinLen(1)] = ("validation", "test")
    """The splits that are scored; the last one is what the report is about."""
    level: Annotated[float, Gt(0), Lt(1)] = 0.95
    """Confidence level of the intervals."""
    resamples: Annotated[int, Ge(100)] = 1000
    """How many times the rows are resampled for the intervals."""
    seed: int = 0
    """Seed of the resampling; not the run's, so that equal predictions have equal intervals."""

    def run(
        self, context: Context, data: Dataset, export: Predictor, baselines: Mapping[str, Predictor] = NONE
    ) -> Report:
        """Evaluates the predictor.

        Args:
            context: Where metrics go: ``SPLIT.METRIC``, and ``baselines.NAME.SPLIT.METRIC``.
            data: The rows and the target.
            export: The predictor, run through its exported graph.
            baselines: Other predictors of the same target, by name.

        Returns:
            Metrics with intervals, paired differences, figures, checks and the page; the predictions of
            every model are kept in it.

        Raises:
            DataError: The target is not a classification, rows have no target, or a predictor gives no
                probabilities of the target's classes.
        """
        from headway_evaluation.evaluate import evaluate

        report, recorded = evaluate(self, context.registry, data, {"model": export, **baselines})
        context.record(recorded)
        return report
