"""The report as one self-contained page. Nothing that comes from data is trusted: jinja2 escapes it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

from headway.contracts import Figure, Measurement, Predictor, Report, parts_of

from headway_evaluation.comparison import Comparison
from headway_evaluation.intervals import Estimate, verdict
from headway_evaluation.scoring import MODEL
from headway_evaluation.tasks import Findings
from headway_evaluation.words import between, called, cell, number, percent, signed

if TYPE_CHECKING:
    from markupsafe import Markup

MATRIX = "true class"
"""The first column of a table whose cells are coloured by their share of the row."""

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
        compared: The model beside its baselines.
        predictor: What was evaluated.
        report: All but the page itself.
        shown: What is shown of the task.
        learning: The learning curves, if there are any.
    """

    compared: Comparison
    predictor: Predictor
    report: Report
    shown: Findings
    learning: tuple[Figure, ...]


@dataclass(frozen=True)
class Bar:
    """One model's line in the table of a metric, in words.

    Attributes:
        model: Its name.
        value, interval: Its figures.
        start, length, mark: Where interval and value lie on the metric's own scale, in percent.
        difference, apart: Model minus this one, and its interval; empty for the model itself.
        reading: What the difference says.
    """

    model: str
    value: str
    interval: str
    start: float
    length: float
    mark: float
    difference: str = ""
    apart: str = ""
    reading: str = ""


def render(story: Story) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"called": called, "cell": cell, "drawn": _drawn}
    template = resources.files("headway_evaluation") / "report.html.j2"
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        report=story.report,
        predictor=story.predictor,
        runtimes=", then ".join(part.runtime for part in parts_of(story.predictor.graph)),
        level=percent(story.report.level),
        summary=summary(story),
        shown=story.shown,
        learning=story.learning,
        matrix_by=MATRIX,
        own=MODEL,
        splits=[(split, list(_blocks(story, split))) for split in reversed(story.compared.stage.splits)],
        readings=SEEN,
        evidence=list(evidence_tables(story.predictor.evidence)),
    )


def summary(story: Story) -> list[str]:
    """What a reader must know, in sentences: the first metric on the last split, and each baseline."""
    stage = story.compared.stage
    name, split = stage.metrics[0], stage.splits[-1]
    found = {m.model: m for m in story.report.measurements if (m.metric, m.split) == (name, split)}
    if MODEL not in found:
        return [f"{called(name)} is undefined on the {split} rows."]
    own, places = found[MODEL], story.compared.places(split, name)
    lines = [f"{split.capitalize()} {called(name)} {_bracketed(own, number, places)} on {own.rows:,} rows."]
    for baseline in (b for b in found if b != MODEL):
        difference = _bracketed(story.compared.differences[split, baseline, name], signed, places)
        words = SENTENCE[_reading(story, baseline, name, split)]
        lines.append(f"{baseline} {number(found[baseline].value, places)}: difference {difference}, {words}.")
    return lines


def _bracketed(found: Measurement | Estimate, write: Callable[[float, int], str], places: int) -> str:
    if found.low is None or found.high is None:
        return write(found.value, places)
    return f"{write(found.value, places)} [{write(found.low, places)}, {write(found.high, places)}]"


def _reading(story: Story, baseline: str, metric: str, split: str) -> str:
    """What a difference says; nothing where neither more nor less is better."""
    maximize = story.compared.metrics[metric].maximize
    return "" if maximize is None else READING[verdict(story.compared.differences[split, baseline, metric], maximize)]


def _blocks(story: Story, split: str) -> Iterator[tuple[str, str, list[Bar]]]:
    """(metric, which direction is better, a line a model) for each metric of a split."""
    better = {True: "more is better", False: "less is better", None: "neither more nor less is better"}
    for name, metric in story.compared.metrics.items():
        found = [m for m in story.report.measurements if (m.metric, m.split) == (name, split)]
        if found:
            yield name, better[metric.maximize], [_bar(story, item, _scale(found)) for item in found]


def _scale(found: list[Measurement]) -> tuple[float, float]:
    ends = [end for m in found for end in (m.value, m.low, m.high) if end is not None]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.04 or 0.01
    return low - margin, high + margin


def _bar(story: Story, item: Measurement, scale: tuple[float, float]) -> Bar:
    def place(value: float) -> float:
        return round(100 * (value - scale[0]) / (scale[1] - scale[0]), 2)

    places = story.compared.places(item.split, item.metric)
    start = place(item.value if item.low is None else item.low)
    end = place(item.value if item.high is None else item.high)
    interval = _ends(item, places, number)
    bar = Bar(item.model, number(item.value, places), interval, start, round(end - start, 2), place(item.value))
    difference = story.compared.differences.get((item.split, item.model, item.metric))
    if difference is None:
        return bar
    reading = _reading(story, item.model, item.metric, item.split) or "–"
    apart = _ends(difference, places, signed)
    return replace(bar, difference=signed(difference.value, places), apart=apart, reading=reading)


def _ends(found: Measurement | Estimate, places: int, write: Callable[[float, int], str]) -> str:
    return "–" if found.low is None or found.high is None else between(found.low, found.high, places, write)


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
