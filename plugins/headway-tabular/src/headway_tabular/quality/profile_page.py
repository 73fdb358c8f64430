"""A profile for people: a table for the terminal and a self-contained page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from headway_tabular.quality.profile import QUANTILES, ColumnProfile, Profile

WIDTH, HEIGHT = 300, 56
"""Of a histogram, in units of its drawing."""
CUT = 80
"""Longer names are cut on the page; nothing that comes from data may make it large."""


def page(profile: Profile, title: str) -> str:
    """The profile as HTML: one file, no script, nothing from elsewhere, at most some 4 KB a column.

    Args:
        profile: What was found.
        title: What the table is called.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filters: dict[str, Callable[..., Any]] = {
        "figure": figure, "share": lambda count: share(count, profile.rows), "bars": _bars, "cut": _cut,
        "facts": facts, "brief": lambda column: brief(column, profile.rows),
    }  # fmt: skip
    environment.filters |= filters
    template = resources.files("headway_tabular.quality") / "profile.html.j2"
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        profile=profile, title=title, width=WIDTH, height=HEIGHT
    )


def lines(profile: Profile) -> Iterator[list[str]]:
    """A line a column for the terminal: name, kind, missing, distinct, what it holds, warnings."""
    for column in profile.columns:
        mark = " (target)" if column.name in profile.targets else ""
        yield [
            _cut(column.name, 40) + mark, column.kind, share(column.missing, profile.rows), distinct(column),
            brief(column, profile.rows), ", ".join(column.warnings),
        ]  # fmt: skip


def distinct(column: ColumnProfile) -> str:
    """How many different values, with a sign where it is an estimate."""
    return f"{'' if column.is_exact else '≈'}{column.distinct:,}"


def brief(column: ColumnProfile, rows: int) -> str:
    """What a column holds, in a few words."""
    if column.numbers:
        numbers = column.numbers
        return f"{figure(numbers.low)} … {figure(numbers.quantiles[3])} … {figure(numbers.high)}"
    if column.times:
        return f"{_moment(column.times.first)} … {_moment(column.times.last)}"
    if column.texts and not column.top:
        return f"{column.texts.shortest:,} … {column.texts.longest:,} characters"
    present = max(rows - column.missing, 1)
    return ", ".join(f"{_cut(value, 24)} {share(count, present)}" for value, count in column.top[:3])


def facts(column: ColumnProfile) -> list[tuple[str, str]]:
    """The figures of a column, by what they are called."""
    found = [("different", distinct(column))]
    if column.numbers:
        numbers = column.numbers
        found += [("mean", _or_dash(numbers.mean)), ("deviation", _or_dash(numbers.sd)), ("least", figure(numbers.low))]
        names = [f"{level:.0%}" if level != 0.5 else "median" for level in QUANTILES]
        found += list(zip(names, map(figure, numbers.quantiles), strict=True))
        found += [("greatest", figure(numbers.high)), ("zero", f"{numbers.zeros:,}")]
        found += [
            (name, f"{n:,}") for name, n in (("negative", numbers.negatives), ("infinite", numbers.infinite)) if n
        ]
    if column.times:
        times = column.times
        found += [("first", _moment(times.first)), ("last", _moment(times.last)), ("median step", _span(times.step))]
        found += [("greatest gap", f"{_span(times.gap)} after {_moment(times.after)}")]
    if column.texts:
        texts = column.texts
        found += [("characters", f"{texts.shortest:,} … {figure(texts.mean)} … {texts.longest:,}")]
    return found


def figure(value: float) -> str:
    """A number to four digits."""
    if value == 0:
        return "0"
    if abs(value) < 1e9 and (abs(value) >= 1e4 or float(value).is_integer()):
        return f"{value:,.0f}".replace("-", "−")
    text = f"{value:,.4g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.3g}"
    return text.replace("-", "−")


def share(count: int, rows: int) -> str:
    """A share of the rows, never rounded to all or nothing."""
    if not rows or not count:
        return "0 %"
    part = 100 * count / rows
    if part < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if 99.9 < part < 100 else f"{part:.3g} %"


def _bars(counts: Sequence[int]) -> str:
    """A histogram as the path of an SVG element; a bar that is not empty can be seen."""
    top, step = max(counts) or 1, WIDTH / len(counts)
    path = []
    for at, count in enumerate(counts):
        if count:
            height = max(1.0, (HEIGHT - 2) * count / top)
            path.append(f"M{at * step:.1f} {HEIGHT}v-{height:.1f}h{step - 1:.1f}v{height:.1f}z")
    return "".join(path)


def _cut(text: str, width: int = CUT) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _or_dash(value: float | None) -> str:
    return "–" if value is None else figure(value)


def _moment(moment: datetime) -> str:
    text = moment.isoformat(" ", "seconds")
    return text.removesuffix(" 00:00:00")


def _span(span: timedelta) -> str:
    """A duration in its greatest unit."""
    seconds = span.total_seconds()
    units: list[tuple[str, Callable[[float], Any]]] = [("d", lambda s: s / 86400), ("h", lambda s: s / 3600)]
    for unit, converted in [*units, ("min", lambda s: s / 60)]:
        if converted(seconds) >= 1:
            return f"{converted(seconds):.4g} {unit}"
    return f"{seconds:.4g} s"
