"""One picture with two axes, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from headway_optuna.figures.scales import Axis, Categories
from headway_optuna.texts import shortened

CHARACTER = 6.2
"""Pixels of a character of a label, about."""
MARKS = {
    "complete": "h0", "best": "h0", "pruned": "m-3 0h6", "infeasible": "m0-4l4 4l-4 4l-4-4z",
    "failed": "m-3-3l6 6m0-6l-6 6",
}  # fmt: skip
"""How the trials of each state are drawn from their place on; also told apart without colours."""
CROWD = 150
"""Lines from which on each is drawn fainter."""
LABEL = 18
"""Characters of a label, at most."""


@dataclass(frozen=True)
class Figure:
    """A picture with its words.

    Attributes:
        title: What is shown.
        svg: The picture, safe to be put into a page as it is.
        caption: How to read it.
        wide: Whether it takes the whole width.
    """

    title: str
    svg: str
    caption: str = ""
    wide: bool = False


def number(value: float) -> str:
    """A coordinate."""
    return f"{value:.1f}".removesuffix(".0")


def svg(width: float, height: float, title: str, parts: Iterable[str], of: str = "") -> str:
    """A picture of so many pixels, which grows and shrinks with the page; `of` is a class of its style."""
    name = escape(title)
    inner = "\n".join(parts)
    look = f' class="{of}"' if of else ""
    return (
        f'<svg{look} viewBox="0 0 {number(width)} {number(height)}" role="img" aria-label="{name}">'
        f"<title>{name}</title>\n{inner}\n</svg>"
    )


@dataclass
class Panel:
    """Two axes and what is drawn between them.

    Attributes:
        x, y: The axes.
        x_title, y_title: What they are of.
        width, height: Pixels of it all.
    """

    x: Axis
    y: Axis
    x_title: str
    y_title: str
    width: float = 480
    height: float = 280
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = 14 + CHARACTER * max((len(_label(label)) for _, label in self.y.ticks()), default=0)
        self.right, self.top = 14.0, 26.0
        longest = max((len(_label(label)) for _, label in self.x.ticks()), default=0) * CHARACTER
        slot = (self.width - self.left - self.right) / max(1, len(self.x.ticks()))
        self.turned = isinstance(self.x, Categories) and longest + 6 > slot
        self.bottom = 38 + (longest * 0.57 if self.turned else 0)

    def at(self, x: object, y: object) -> tuple[float, float]:
        """The pixels of a point."""
        wide, high = self.width - self.left - self.right, self.height - self.top - self.bottom
        return self.left + wide * self.x.place(x), self.top + high * (1 - self.y.place(y))

    def marks(self, kind: str, points: Iterable[tuple[float, float]]) -> None:
        """Draws many trials of one state as one path: small, and quick to show."""
        path = "".join(f"M{number(x)} {number(y)}{MARKS[kind]}" for x, y in points)
        if path:
            self.parts.append(f'<path class="mark {kind}" d="{path}"/>')

    def mark(self, kind: str, x: float, y: float, says: str) -> None:
        """Draws one trial, which says what it is when it is pointed at."""
        path = f"M{number(x)} {number(y)}{MARKS[kind]}"
        self.parts.append(f'<path class="mark {kind}" d="{path}"><title>{escape(says)}</title></path>')

    def line(self, kind: str, points: Sequence[tuple[float, float]]) -> None:
        """Draws a line through points."""
        if points:
            self.parts.append(f'<path class="line {kind}" d="{path_of(points)}"/>')

    def drawn(self, title: str) -> str:
        """The picture with its axes."""
        crowd = sum(part.startswith('<path class="line') for part in self.parts)
        return svg(self.width, self.height, title, [*self._frame(), *self.parts], "many" if crowd > CROWD else "")

    def _frame(self) -> Iterable[str]:
        right, bottom = self.width - self.right, self.height - self.bottom
        lines = []
        for place, label in self.y.ticks():
            y = self.top + (bottom - self.top) * (1 - place)
            lines.append(f"M{number(self.left)} {number(y)}H{number(right)}")
            yield text(self.left - 7, y + 4, label, "end")
        yield f'<path class="grid" d="{"".join(lines)}"/>' if lines else ""
        yield f'<path class="axis" d="M{number(self.left)} {number(self.top)}V{number(bottom)}H{number(right)}"/>'
        yield from self._x_labels(right, bottom)
        middle = (self.left + right) / 2
        yield text(
            middle, self.height - 7, self.x_title, "middle", most=int((right - self.left) / CHARACTER), of="name"
        )
        yield text(2, 14, self.y_title, "start", most=int(self.width / CHARACTER), of="name")

    def _x_labels(self, right: float, bottom: float) -> Iterable[str]:
        free = 0.0
        for place, label in self.x.ticks():
            x = self.left + (right - self.left) * place
            half = len(_label(label)) * CHARACTER / 2
            if self.turned:
                half = CHARACTER
            if x - half < free:
                continue
            free = x + half + 4
            if self.turned:
                yield text(x + 4, bottom + 13, label, "end", turn=-35)
            else:
                yield text(min(x, self.width - half), bottom + 15, label, "middle")


def path_of(points: Iterable[tuple[float, float]]) -> str:
    """A line through points, as a path."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def _label(text: str) -> str:
    return shortened(text, LABEL)


def text(x: float, y: float, words: str, anchor: str, **look: Any) -> str:
    """A label.

    Args:
        x: Pixels from the left.
        y: Pixels from the top, of the line that the letters stand on.
        words: What it says.
        anchor: Which of its ends lies there: start, middle or end.
        **look: ``most`` characters (the whole is told when it is pointed at), ``turn`` in degrees, the class ``of``
            the style, ``full``: what `words` is short for.
    """
    short, full = shortened(words, look.get("most", LABEL)), look.get("full", words)
    says = f"<title>{escape(full)}</title>" if short != full else ""
    turned = f' transform="rotate({look["turn"]} {number(x)} {number(y)})"' if "turn" in look else ""
    at = f'x="{number(x)}" y="{number(y)}" text-anchor="{anchor}"{turned}'
    return f'<text class="{look.get("of", "tick")}" {at}>{escape(short)}{says}</text>'
