"""What differs between the kinds of things that are predicted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from headway.contracts import Check, Dataset, Figure, Output, Predictor, Table, Target
from headway.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from headway_evaluation.evaluation import Evaluation
    from headway_evaluation.scoring import Scored


@dataclass(frozen=True)
class Findings:
    """What is shown of a task beside its metrics."""

    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    checks: tuple[Check, ...] = ()


class Task(ABC):
    """One kind of target and output.

    Attributes:
        title: What the report is called.
        metrics: The task of the metrics that measure it.
        example: Some of those metrics.
        advice: What to do about a predictor without the output.
    """

    title: ClassVar[str]
    metrics: ClassVar[str]
    example: ClassVar[str]
    advice: ClassVar[str]

    @abstractmethod
    def target(self, data: Dataset) -> Target:
        """The target; raises `DataError` if it is of another task."""

    @abstractmethod
    def values(self, column: pl.Series, target: Target, split: str) -> np.ndarray:
        """The target as metrics take it, rows first; raises `DataError` if values are missing or unfit."""

    @abstractmethod
    def fits(self, output: Output, target: Target) -> bool:
        """Whether an output without a horizon is what is evaluated."""

    @abstractmethod
    def wanted(self, target: Target) -> str:
        """What such an output holds, in words."""

    @abstractmethod
    def errors(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """How wrong the output is about each row, shape (rows,); rows that depend on each other are told by it."""

    @abstractmethod
    def show(self, stage: Evaluation, data: Dataset, scored: Scored) -> Findings:
        """What is shown of the last split."""

    def output(self, predictor: Predictor, target: Target, name: str) -> Output:
        """The output that is evaluated; raises `DataError`, which calls the predictor by its name, if there is none."""
        for output in predictor.outputs:
            if output.horizon is None and self.fits(output, target):
                return output
        given = ", ".join(_told(output) for output in predictor.outputs)
        raise DataError(
            f"'{name}' gives no {self.wanted(target)}: it gives {given or 'nothing'}",
            hint=self.advice,
            code="evaluation-output",
        )

    def agree(self, outputs: Mapping[str, Output]) -> None:  # noqa: B027 - most outputs can be compared
        """Raises `DataError` if the outputs of the models, by name, cannot be compared with one another."""


def _told(output: Output) -> str:
    items = output.classes or output.levels
    return f"{output.name} ({output.kind} of {items})" if items else f"{output.name} ({output.kind})"


def unfit(what: str, hint: str) -> DataError:
    """Targets that cannot be evaluated."""
    return DataError(what, hint=hint, code="evaluation-target")


def other_task(target: Target, wanted: str) -> DataError:
    """A target of another task."""
    given = f"a {target.task}" + (f" of {target.horizon} steps" if target.horizon is not None else "")
    return DataError(
        f"the target '{target.column}' is {given}, not a {wanted}",
        hint="choose the evaluation that fits: evaluation=…",
        code="evaluation-task",
    )


def in_order(data: Dataset) -> list[str]:
    """The names of all splits, the usual ones first."""
    usual = ("train", "validation", "test")
    return sorted(data.splits, key=lambda name: (usual.index(name) if name in usual else len(usual), name))
