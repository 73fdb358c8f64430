"""The report as one self-contained page. Nothing that comes from data is trusted: jinja2 escapes it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from headway.contracts import Figure, Measurement, Predictor, Report, parts_of
from headway.metrics import Metric

from headway_evaluation.intervals import Estimate, verdict
from headway_evaluation.words import called, cell, number, percent, signed

if TYPE_CHECKING:
    from markupsafe import Markup

    from headway_evaluation.classification import Classification

CONFUSION = "Confusion matrix"
BALANCE = "Rows and class balance"

READING = {"passed": "better", "failed": "worse", "warned": "no clear difference"}
SENTENCE = {
    "better": "the model is better",
    "worse": "the model is worse",
    "no clear difference": "no clear difference",
}
SEEN = {"passed": "passed", "failed": "failed", "warned": "unclear", "skipped": "skipped"}


@dataclass(frozen=True)
class Story:
    """What the page tells.

    Attributes:
        stage: The evaluation's config.
        metrics: Metric name to the metric.
        predictor: What was evaluated.
        report: All but the page itself.
        differences: (split, baseline, metric) to model minus baseline.
    """

    stage: Classification
    metrics: Mapping[str, Metric]
    predictor: Predictor
    report: Report
    differences: Mapping[tuple[str, str, str], Estimate]


@dataclass(frozen=True)
class Bar:
    """One model's line in the table of a metric.

    Attributes:
        model: Its name.
        measured: The figures.
        start, length, mark: Where its interval and value lie on the metric's own scale, in percent.
        difference: Model minus this one, or None for the model itself.
        reading: What the difference says, in words.
    """

    model: str
    measured: Measurement
    start: float
    length: float
    mark: float
    difference: Estimate | None
    reading: str


def render(story: Story) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"figure": number, "signed": signed, "called": called, "cell": cell, "drawn": _drawn}
    template = resources.files("headway_evaluation") / "report.html.j2"
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        report=story.report,
        predictor=story.predictor,
        runtimes=", then ".join(part.runtime for part in parts_of(story.predictor.graph)),
        level=percent(story.report.level),
        summary=summary(story),
        confusion=next(t for t in story.report.tables if t.title.startswith(CONFUSION)),
        balance=next(t for t in story.report.tables if t.title == BALANCE),
        splits=[(split, list(_blocks(story, split))) for split in reversed(story.stage.splits)],
        readings=SEEN,
        evidence=list(evidence_tables(story.predictor.evidence)),
    )


def summary(story: Story) -> list[str]:
    """What a reader must know, in sentences: the first metric on the last split, and each baseline."""
    name, split = story.stage.metrics[0], story.stage.splits[-1]
    found = {m.model: m for m in story.report.measurements if (m.metric, m.split) == (name, split)}
    if "model" not in found:
        return [f"{called(name)} is undefined on the {split} rows."]
    own = found["model"]
    lines = [f"{split.capitalize()} {called(name)} {_bracketed(own, number)} on {own.rows:,} rows."]
    for baseline in (b for b in found if b != "model"):
        difference = story.differences[split, baseline, name]
        words = SENTENCE[_reading(story, baseline, name, split)]
        lines.append(
            f"{baseline} {number(found[baseline].value)}: difference {_bracketed(difference, signed)}, {words}."
        )
    return lines


def _bracketed(found: Measurement | Estimate, write: Callable[[float], str]) -> str:
    if found.low is None or found.high is None:
        return write(found.value)
    return f"{write(found.value)} [{write(found.low)}, {write(found.high)}]"


def _reading(story: Story, baseline: str, metric: str, split: str) -> str:
    return READING[verdict(story.differences[split, baseline, metric], story.metrics[metric].maximize)]


def _blocks(story: Story, split: str) -> Iterator[tuple[str, str, list[Bar]]]:
    """(metric, which direction is better, a line a model) for each metric of a split."""
    for name, metric in story.metrics.items():
        found = [m for m in story.report.measurements if (m.metric, m.split) == (name, split)]
        if found:
            better = "more is better" if metric.maximize else "less is better"
            yield name, better, [_bar(story, item, _scale(found)) for item in found]


def _scale(found: list[Measurement]) -> tuple[float, float]:
    ends = [end for m in found for end in (m.value, m.low, m.high) if end is not None]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.04 or 0.01
    return low - margin, high + margin


def _bar(story: Story, item: Measurement, scale: tuple[float, float]) -> Bar:
    def place(value: float) -> float:
        return round(100 * (value - scale[0]) / (scale[1] - scale[0]), 2)

    low = item.value if item.low is None else item.low
    high = item.value if item.high is None else item.high
    difference = story.differences.get((item.split, item.model, item.metric))
    reading = "" if difference is None else _reading(story, item.model, item.metric, item.split)
    start = place(low)
    return Bar(item.model, item, start, round(place(high) - start, 2), place(item.value), difference, reading)


def evidence_tables(evidence: Mapping[str, Any]) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """The evidence of the parity gate, whatever it holds, as (title, columns, rows).

    Records (a list of mappings, or mappings by name) get a table of their own; all else shares one.
    """
    tables = {key: records for key, value in evidence.items() if (records := _records(value))}
    single = [[_spaced(key), value] for key, value in evidence.items() if key not in tables]
    if single:
        yield "", ["", ""], single
    for key, records in tables.items():
        columns = list(dict.fromkeys(column for record in records for column in record))
        rows = [[record.get(column) for column in columns] for record in records]
        yield _spaced(key), [_spaced(column) for column in columns], rows


def _records(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping) and value and all(isinstance(item, Mapping) for item in value.values()):
        return [{"name": name, **item} for name, item in value.items()]
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, Mapping) for item in value):
        return list(value)
    return []


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _drawn(figure: Figure) -> Markup:
    """The SVG of a figure, which this package drew itself and whose texts matplotlib has escaped."""
    from markupsafe import Markup

    return Markup(figure.svg)  # noqa: S704 - see above
