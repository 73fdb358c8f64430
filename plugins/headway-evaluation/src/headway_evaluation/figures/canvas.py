"""What all pictures of a report share: SVG, the same bytes every time, readable on light and on dark paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure as Canvas

COLOURS = ("#2f7ed8", "#e07b39", "#3a9d6e", "#9a6fc0", "#b5882b", "#c8506f")
INK = "#010203"
"""Stands for the text colour of the page until the SVG is written; no other element has it."""

FAINT = "#88888899"
"""Of lines to compare with, such as a diagonal."""

_INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "legend.labelcolor")
_CLEAR = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")

STYLE: dict[str, Any] = {
    **dict.fromkeys(_INKED, INK), **dict.fromkeys(_CLEAR, "none"),
    "svg.fonttype": "none", "text.parse_math": False, "font.family": "sans-serif", "font.size": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLOURS), "axes.grid": True, "grid.color": "#88888855",
    "grid.linewidth": 0.6, "lines.linewidth": 1.8, "legend.frameon": False,
}  # fmt: skip


@contextmanager
def canvas_of(name: str, width: float, height: float) -> Iterator[tuple[Canvas, list[str]]]:
    """A canvas in the report's style; when the block ends, its SVG is in the list.

    The figure is made without pyplot: nothing global is kept, and no screen is asked for.
    """
    drawn: list[str] = []
    style: Any = {**STYLE, "svg.hashsalt": name}
    with matplotlib.rc_context(style):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        yield canvas, drawn
        text = StringIO()
        canvas.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn.append(_portable(text.getvalue(), name))


def legible(name: str) -> str:
    """The label of a name in a legend, which leaves out what begins with an underscore: a space without width first."""
    return name if name and not name.startswith("_") else f"\u200b{name}"


def _portable(svg: str, name: str) -> str:
    """One element that can stand alone or within a page among others of its kind."""
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px; font-family: inherit", svg)
    return svg.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" role="img" ', 1).strip() + "\n"
