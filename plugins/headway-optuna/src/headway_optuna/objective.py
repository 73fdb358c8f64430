"""What a sweep optimizes: metrics of validation, by the stage that records them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway.errors import ConfigError, HeadwayError, Place
from headway.naming import nearest, unknown

if TYPE_CHECKING:
    from headway_optuna.config import Direction

MODEL = "model"
"""The stage that metrics without a stage in front are recorded by."""
SPLITS = ("validation", "train")
"""Splits that a search may look at."""
LOSS = "loss"


@dataclass(frozen=True)
class Metric:
    """A metric that a stage records.

    Attributes:
        written: As the user wrote it, such as ``validation.auroc``.
        stage: The stage's name.
        name: The metric's name there.
    """

    written: str
    stage: str
    name: str

    def of(self, recorded: Mapping[str, Mapping[str, float]]) -> float | None:
        """Its value, if it was recorded: stage → metric → value."""
        return recorded.get(self.stage, {}).get(self.name)


@dataclass(frozen=True)
class Objective:
    """A metric and where it should go."""

    metric: Metric
    direction: Direction


def metric_of(text: str, stages: Sequence[str]) -> Metric:
    """The metric that a text names: ``validation.auroc``, or ``evaluation.validation.auroc`` of another stage.

    Raises:
        HeadwayError: It is none that a search may look at; without a place.
    """
    first, _, rest = text.partition(".")
    stage, name = (first, rest) if first in stages and first not in SPLITS else (MODEL, text)
    split, dot, _ = name.partition(".")
    second = rest.partition(".")[0] if first not in SPLITS else ""
    if "test" in (split, second):
        raise HeadwayError(
            f"'{text}' is measured on the test rows: what is chosen by them is no longer tested by them",
            hint=f"optimize {text.replace('test.', 'validation.', 1)}; the best configuration is tested once, at last",
            code="test-objective",
        )
    if second in SPLITS and split not in SPLITS:  # a stage in front, but none of these
        close = nearest(first, stages) or MODEL
        hint = f"did you mean {close}.{rest}?"
        raise HeadwayError(f"'{text}': {unknown('stage', first, stages)}", hint=hint, code="objective")
    if split not in SPLITS or not dot:
        close = nearest(split, SPLITS)
        meant = f"{close}.{name.partition('.')[2]}" if close and dot else f"validation.{name}"
        raise HeadwayError(f"'{text}' is no metric of a split", hint=f"did you mean {meant}?", code="objective")
    if stage not in stages:
        known = ", ".join(stages)
        what = lacking(Metric(text, stage, name))
        raise HeadwayError(what, hint=f"write STAGE.{name} with one of {known}", code="objective")
    return Metric(text, stage, name)


def lacking(metric: Metric) -> str:
    """What is said where no stage records a metric."""
    return f"'{metric.written}' is recorded by the stage '{metric.stage}', which is not in the pipeline"


def objectives(
    optimize: str | Mapping[str, Direction],
    stages: Sequence[str],
    metrics: Mapping[str, bool | None],
    place: Callable[[tuple[str, ...]], Place | None],
) -> list[Objective]:
    """The objectives of a sweep, in their order.

    Args:
        optimize: Metric to direction; or one metric, in the direction that is better.
        stages: The stages of the pipeline.
        metrics: The registered metrics, and whether more is better.
        place: Path in the config → where it was written.

    Raises:
        ConfigError: There is none, or some are none that a search may look at.
    """
    if not optimize:
        hint = "write sweep.optimize=validation.auroc, or another metric that the model records"
        raise ConfigError([HeadwayError("the sweep does not say what to optimize", hint=hint, code="objective")])
    found, faults = [], []
    pairs = {optimize: None} if isinstance(optimize, str) else optimize
    for text, direction in pairs.items():
        where = place(("sweep", "optimize", *([text] if direction else [])))
        try:
            metric = metric_of(text, stages)
            found.append(Objective(metric, direction or _better(metric, metrics)))
        except HeadwayError as error:
            error.where = where
            faults.append(error)
            continue
        faults += _unknown(metric, list(metrics), where)
    if faults:
        raise ConfigError(faults)
    return found


def _better(metric: Metric, metrics: Mapping[str, bool | None]) -> Direction:
    """The direction in which a metric is better."""
    name = metric.name.partition(".")[2]
    maximize = {LOSS: False, **metrics}.get(name)
    if maximize is not None:
        return "maximize" if maximize else "minimize"
    close = nearest(name, [*metrics, LOSS])
    guess = f"did you mean {metric.written.removesuffix(name)}{close}? else " if close and name not in metrics else ""
    hint = f"{guess}write sweep.optimize={{{metric.written}: minimize}}, or maximize"
    raise HeadwayError(
        f"nothing says whether more or less of '{metric.written}' is better", hint=hint, code="objective"
    )


def _unknown(metric: Metric, metrics: Sequence[str], where: Place | None) -> Iterator[HeadwayError]:
    """A slip of the pen in the name of a metric; a stage may record others than the registered ones."""
    name = metric.name.partition(".")[2]
    known = [*metrics, LOSS]
    if name not in known and (close := nearest(name, known)):
        hint = f"did you mean {metric.written.removesuffix(name)}{close}?"
        yield HeadwayError(f"there is no metric '{name}'", where=where, hint=hint, code="objective")
