"""Running stages drawn on a terminal: a bar each, and below it what was said last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.spinner import Spinner
from rich.text import Text

from headway.cli.running import Running, clock, percentage, times

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

LABEL = 22
"""Columns of a label, as in the lines of what is finished."""
BAR = (8, 32)
"""Columns of a bar: at least, or the times are left out; and at most."""
STEP = 8
"""Columns by which bars differ: none changes because a number beside it grew by a digit."""


class Bars:
    """What rich draws anew several times a second, for the terminal as wide and high as it is then.

    Args:
        stages: The running stages; the caller goes on changing them.
    """

    def __init__(self, stages: dict[str, Running]) -> None:
        self._stages = stages
        self._spinners = {True: Spinner("line"), False: Spinner("dots")}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        stages = list(self._stages.values())
        width, plain = options.max_width - 3, options.ascii_only  # room for the ^C that a terminal echoes
        spinner = self._spinners[plain].render(console.get_time())
        mark = spinner if isinstance(spinner, Text) else Text(str(spinner))
        bars = [line for stage in stages for line in _lines(stage, mark, width, plain)]
        room = console.height - 1
        if len(bars) > room:
            bars = [next(_lines(stage, mark, width, plain)) for stage in stages[:room]]
        yield from bars


def _lines(stage: Running, mark: Text, width: int, plain: bool) -> Iterator[Text]:
    """The bar and, indented, what there is to say; without a bar, all in one line."""
    label = Text(stage.label.ljust(min(LABEL, width // 4)))
    head = Text.assemble(mark, " ", label, " ")
    if stage.progress is None:
        yield _cropped(Text.assemble(head, clock(stage.elapsed), "  ", (stage.details, "dim")), width)
        return
    yield _cropped(Text.assemble(head, *_bar(stage, width - cell_len(head.plain), plain)), width)
    yield _cropped(Text(f"  {stage.details}", "dim"), width)


def _bar(stage: Running, width: int, plain: bool) -> Iterator[Text | tuple[str, str]]:
    """The bar, the percentage and, where there is room, the times."""
    assert stage.progress is not None  # noqa: S101 - that is what is drawn
    progress, least, most = stage.progress, *BAR
    beside = f" {percentage(progress)}  {times(stage)}"
    if cell_len(beside) + least > width:
        beside = f" {percentage(progress)}"
    room = min(most, (width - cell_len(beside)) // STEP * STEP)
    if room >= least:
        done = int(progress.share * room)
        full, empty = "#-" if plain else "━─"
        yield full * done, "green"
        yield empty * (room - done), "dim"
    yield Text(beside)


def _cropped(text: Text, width: int) -> Text:
    text.no_wrap, text.overflow = True, "crop"
    text.truncate(width)
    return text
