"""The table: text, markdown or CSV."""

import csv
import io
import statistics
from collections.abc import Iterable, Sequence

from tests.benchmarks.paper.cell import Cell
from tests.benchmarks.paper.measured import Measured
from tests.benchmarks.paper.published import Published

HEADER = (
    "dataset",
    "metric",
    "model",
    "config",
    "Headway",
    "seeds",
    "paper",
    "paper's",
    "seeds of it",
    "sd better",
    "s a seed",
)
Row = tuple[str, ...]


def row(cell: Cell, measured: Measured, paper: Published | None) -> Row:
    """A line; what is unknown is a dash."""
    return (
        cell.dataset,
        cell.metric,
        cell.model,
        cell.settings,
        f"{measured.mean:.4f} ± {measured.deviation:.4f}" if measured.values else "–",
        str(len(measured.values)),
        f"{paper.mean:.4f} ± {paper.deviation:.4f}" if paper else "–",
        paper.source if paper else "–",
        str(paper.seeds) if paper else "–",
        _better(cell, measured, paper),
        f"{statistics.fmean(measured.seconds):.0f}" if measured.seconds else "–",
    )


def _better(cell: Cell, measured: Measured, paper: Published | None) -> str:
    """By how many standard deviations of the paper Headway's mean is better; negative where it is worse."""
    if paper is None or not measured.values or not paper.deviation:
        return "–"
    sign = -1 if cell.metric == "rmse" else 1
    return f"{sign * (measured.mean - paper.mean) / paper.deviation:+.1f}"


def text(rows: Sequence[Row]) -> str:
    """Columns side by side."""
    widths = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in (HEADER, *rows))


def markdown(rows: Sequence[Row]) -> str:
    """A table of GitHub's markdown."""
    return "".join(f"| {' | '.join(line)} |\n" for line in (HEADER, ("---",) * len(HEADER), *rows))


def comma_separated(rows: Iterable[Row]) -> str:
    """CSV with a header."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([HEADER, *rows])
    return written.getvalue()
