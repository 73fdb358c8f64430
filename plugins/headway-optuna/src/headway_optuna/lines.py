"""The lines that a running sweep shows, for a terminal of any width."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from headway_optuna.tally import Tally
from headway_optuna.texts import clock, figures, gist, one_line, point, took
from headway_optuna.trial import Study, Trial

GAP = "  "
NEWS = 30
"""Columns that a running trial's news may take."""


class Working:
    """A trial that is running.

    Args:
        trial: As it was begun.

    Attributes:
        news: What it said last.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.news = "begins"
        self._since = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds for which it has been running."""
        return time.monotonic() - self._since


def header(study: Study, tally: Tally, working: Sequence[Working], elapsed: float, width: int) -> str:
    """Such as ``adult  17/50  best 0.9271 (trial 12)  2 running  6 pruned  1 failed  3:21, 5:10 left``.

    What matters least is left out where there is no room for all.
    """
    left = tally.left(work.elapsed for work in working)
    ended = [f"{tally.counts[state]} {state}" for state in ("pruned", "failed", "infeasible") if tally.counts[state]]
    parts = {
        "name": one_line(study.name),
        "finished": f"{tally.finished}/{study.wanted}",
        "best": best_text(study, tally.best),
        "running": f"{len(working)} running",
        **{part.partition(" ")[2]: part for part in ended},
        "time": clock(elapsed) if left is None else f"{clock(elapsed)}, {clock(left)} left",
    }
    for least in ("infeasible", "running", "failed", "pruned", "time", "name"):
        if wide(GAP.join(filter(None, parts.values()))) <= width:
            break
        parts.pop(least, None)
    return cropped(GAP.join(filter(None, parts.values())), width)


def best_text(study: Study, best: Sequence[Trial]) -> str:
    """The best value with its trial, or the size of the Pareto front."""
    if not best:
        return ""
    if len(study.objectives) > 1:
        return f"{len(best)} on the front"
    return f"best {figures(best[0].values)} (trial {best[0].number})"


def running(working: Sequence[Working], names: Mapping[str, str], width: int) -> list[str]:
    """A line a running trial: number, worker, time, what it said last, parameters as far as there is room."""
    rows = [
        [str(w.trial.number), f"w{_slot(w.trial)}", clock(w.elapsed), cropped(one_line(w.news), min(NEWS, width // 3))]
        for w in working
    ]
    widths = [max((wide(row[i]) for row in rows), default=0) for i in range(4)]
    lines = []
    for row, work in zip(rows, working, strict=True):
        number, slot, elapsed, news = (
            cell.rjust(w) if i in (0, 2) else cell + " " * (w - wide(cell))
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        head = GAP.join((f" {number}", slot, elapsed, news))
        lines.append(cropped(f"{head}{GAP}{fitting(point(work.trial.params, names), width - wide(head) - 2)}", width))
    return lines


def ended(trial: Trial, study: Study, is_best: bool, names: Mapping[str, str], width: int | None) -> str:
    """The line of a trial that has ended: number, state, value, time, why; parameters as far as there is room."""
    digits = len(str(max(study.wanted - 1, trial.number)))
    value = figures(trial.values) or (f"{figures([trial.reports[-1][1]])}" if trial.reports else "")
    mark = ("on the front" if len(study.objectives) > 1 else "new best") if is_best else ""
    head = f"trial {trial.number:>{digits}}{GAP}{trial.state:<8}{GAP}{value:<10}{GAP}{took(trial):>7}"
    parts = [head, *filter(None, (mark, gist(trial.reason)))]
    line = GAP.join(parts)
    room = None if width is None else width - wide(line) - 2
    params = fitting(point(trial.params, names), room)
    line = f"{line}{GAP}{params}" if params else line
    return line.rstrip() if width is None else cropped(line.rstrip(), width)


def _slot(trial: Trial) -> str:
    return "?" if trial.worker is None else str(trial.worker)


def final(study: Study, tally: Tally, elapsed: float) -> str:
    """What a sweep has come to."""
    states = [f"{tally.counts[s]} {s}" for s in ("complete", "pruned", "failed", "infeasible") if tally.counts[s]]
    parts = [f"{one_line(study.name)}: {tally.finished} of {study.wanted} trials finished", ", ".join(states)]
    best = best_text(study, tally.best)
    return GAP.join([*filter(None, (*parts, best)), clock(elapsed)])


def fitting(parts: Iterable[str], room: int | None) -> str:
    """As many parts as there is room for, and how many more there are."""
    parts = list(parts)
    if room is None:
        return GAP.join(parts)
    for count in range(len(parts), 0, -1):
        more = f"{GAP}+{len(parts) - count}" if count < len(parts) else ""
        text = GAP.join(parts[:count]) + more
        if wide(text) <= room:
            return text
    return ""


def wide(text: str) -> int:
    """Columns that a text takes on a terminal."""
    from rich.cells import cell_len

    return cell_len(text)


def cropped(text: str, width: int) -> str:
    """Text of at most so many columns."""
    from rich.cells import set_cell_size

    return text if wide(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"
