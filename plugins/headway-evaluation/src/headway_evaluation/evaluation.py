"""What the evaluation stages have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Lt, MinLen
from headway.contracts import Dataset, Model, Predictor, Report
from headway.fields import Registered
from headway.stage import Context, Stage

if TYPE_CHECKING:
    from headway_evaluation.tasks import Task

NONE: Mapping[str, Predictor] = MappingProxyType({})

Metrics = Annotated[tuple[Annotated[str, Registered("metric")], ...], MinLen(1)]
"""Names of metrics, at least one."""


@dataclass(frozen=True)
class Evaluation(Stage):
    """Scores held-out rows with the exported graph, beside the baselines, and says how sure the figures are."""

    metrics: Metrics
    """What is measured; the first decides whether the model is called better than a baseline."""
    splits: Annotated[tuple[str, ...], MinLen(1)] = ("validation", "test")
    """The splits that are scored; the last one is what the report is about."""
    level: Annotated[float, Gt(0), Lt(1)] = 0.95
    """Confidence level of the intervals."""
    resamples: Annotated[int, Ge(100)] = 1000
    """How many times the rows are resampled for the intervals."""
    block: Annotated[int, Ge(1)] | None = None
    """Rows in a row that are resampled together where `data.time` orders them; by default as many as the models' errors
    depend on each other (Politis and White, 2004)."""
    seed: int = 0
    """Seed of the resampling; not the run's, so that equal predictions have equal intervals."""

    @abstractmethod
    def task(self) -> Task:
        """What the targets and outputs are, and what is shown of them."""

    def run(
        self,
        context: Context,
        data: Dataset,
        export: Predictor,
        baselines: Mapping[str, Predictor] = NONE,
        model: Model | None = None,
    ) -> Report:
        """Evaluates the predictor.

        Args:
            context: Where metrics go: ``SPLIT.METRIC``, and ``baselines.NAME.SPLIT.METRIC``.
            data: The rows and the target.
            export: The predictor, run through its exported graph.
            baselines: Other predictors of the same target, by name.
            model: What was exported; its learning curves are shown, if it has a history.

        Returns:
            Metrics with intervals, paired differences, figures, checks and the page; the predictions of
            every model are kept in it.

        Raises:
            DataError: The target or the metrics are of another task, rows have no target, or a predictor
                does not give the output that is evaluated.
        """
        from headway_evaluation.evaluate import evaluate

        report, recorded = evaluate(self, context.registry, data, {"model": export, **baselines}, model)
        context.record(recorded)
        return report
