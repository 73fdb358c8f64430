"""The evidence about a predictor: metrics with intervals, tables, figures, checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Self

from headway.contracts.artifact import Artifact, Lookup, read_json, write_json
from headway.contracts.predictions import Predictions

Verdict = Literal["passed", "failed", "warned", "skipped"]
Cell = str | int | float | None


@dataclass(frozen=True)
class Measurement:
    """One metric on one split, with its uncertainty.

    Attributes:
        metric: The registered name, such as ``auroc``.
        split: The split it was measured on.
        value: The estimate.
        low: Lower end of the interval, or None where there is none.
        high: Upper end of the interval.
        rows: How many rows it rests on.
        model: ``model`` for the predictor itself, or the name of a baseline.
    """

    metric: str
    split: str
    value: float
    low: float | None = None
    high: float | None = None
    rows: int = 0
    model: str = "model"


@dataclass(frozen=True)
class Table:
    """A table of the report: a title, column names and rows of cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A figure of the report: a title, a sentence that says what to see, and an SVG document."""

    title: str
    caption: str
    svg: str = field(repr=False)


@dataclass(frozen=True)
class Check:
    """A verdict on the predictor.

    Attributes:
        name: What was checked, or the gate as it was written.
        verdict: The outcome.
        detail: The figures behind it.
        gate: Whether a failure forbids deployment.
    """

    name: str
    verdict: Verdict
    detail: str
    gate: bool = False


@dataclass(frozen=True)
class ReportHead:
    """The part of `Report` that is JSON; see there for the attributes."""

    title: str
    predictor: str
    level: float
    method: str
    measurements: tuple[Measurement, ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Report(Artifact):
    """The result of an evaluation.

    Attributes:
        title: What was evaluated.
        predictor: The digest of the predictor it is about.
        level: Confidence level of the intervals, such as 0.95.
        method: How the intervals were made, with its source.
        measurements: Metrics of the predictor and its baselines.
        html: The report as one self-contained page.
        tables, figures, checks: What the page shows, as data.
        predictions: Model name (``model`` or a baseline's) to the predictions behind the figures.
    """

    type_name: ClassVar[str] = "report"

    title: str
    predictor: str
    level: float
    method: str
    measurements: tuple[Measurement, ...]
    html: str = field(repr=False)
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    checks: tuple[Check, ...] = ()
    predictions: Mapping[str, Predictions] = field(default_factory=dict, repr=False)

    @property
    def passed(self) -> bool:
        """Whether no gate failed."""
        return not any(check.gate and check.verdict == "failed" for check in self.checks)

    def save(self, folder: Path) -> None:
        """Writes ``report.json``, ``report.html`` and a folder of predictions a model."""
        head = ReportHead(
            self.title, self.predictor, self.level, self.method,
            self.measurements, self.tables, self.figures, self.checks,
        )  # fmt: skip
        write_json(folder / "report.json", head)
        (folder / "report.html").write_text(self.html, encoding="utf-8")
        for name, predictions in self.predictions.items():
            target = folder / "predictions" / name
            target.mkdir(parents=True)
            predictions.save(target)

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads what `save` wrote."""
        head = read_json(folder / "report.json", ReportHead)
        saved = folder / "predictions"
        paths = sorted(saved.iterdir()) if saved.exists() else []
        return cls(
            head.title, head.predictor, head.level, head.method, head.measurements,
            (folder / "report.html").read_text(encoding="utf-8"), head.tables, head.figures, head.checks,
            {path.name: Predictions.load(path, lookup) for path in paths},
        )  # fmt: skip
