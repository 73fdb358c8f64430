"""What each worker did when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from headway_optuna.figures.panel import CHARACTER, Figure, number, svg, text
from headway_optuna.figures.scales import Numeric
from headway_optuna.texts import clock, seconds_of, took
from headway_optuna.trial import Study, Trial

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 1040.0, 26.0, 70.0, 14.0, 8.0, 42.0
HIGH = {"complete": (0.0, 1.0), "pruned": (0.0, 1.0), "failed": (0.5, 1.0), "infeasible": (0.35, 0.65)}
"""Which part of a row's height the bars of each state fill, so that they are told apart without colours."""
PAUSE = (60.0, 10.0)
"""A time without any trial is a pause of the study if it is longer than so many seconds and so many median trials."""
UNITS = ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


@dataclass(frozen=True)
class Clock:
    """The time in which the study was worked at: pauses between commands are left out.

    Attributes:
        spans: UNIX times of beginning and end of each stretch, in their order.
    """

    spans: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Clock:
        """The stretches of trials that have a beginning and an end."""
        times = sorted((t.begun, t.ended) for t in trials if t.begun is not None and t.ended is not None)
        lengths = sorted(max(0.0, end - begin) for begin, end in times)
        longest = max(PAUSE[0], PAUSE[1] * lengths[len(lengths) // 2]) if lengths else 0.0
        spans: list[tuple[float, float]] = []
        for begin, end in times:
            if spans and begin - spans[-1][1] <= longest:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((begin, max(begin, end)))
        return cls(tuple(spans))

    @property
    def total(self) -> float:
        """Seconds without the pauses."""
        return sum(end - begin for begin, end in self.spans)

    @property
    def pauses(self) -> list[float]:
        """Where pauses were, in seconds of this clock."""
        return [self.at(begin) for begin, _ in self.spans[1:]]

    def at(self, time: float) -> float:
        """Seconds of this clock at a UNIX time."""
        return sum(max(0.0, min(time, end) - begin) for begin, end in self.spans)


def utilisation(study: Study) -> float | None:
    """The share of the workers' time in which they had a trial, from the first to the last; None if that is unknown."""
    trials = _placed(study)
    slots = len({trial.worker for trial in trials})
    total = Clock.of(trials).total * slots
    return min(1.0, sum(seconds_of(trial) or 0.0 for trial in trials) / total) if total else None


def _placed(study: Study) -> list[Trial]:
    return [t for t in study.trials if t.worker is not None and seconds_of(t) is not None]


def timeline(study: Study) -> Iterator[Figure]:
    """A row a worker, a bar a trial."""
    trials = _placed(study)
    time = Clock.of(trials)
    if not time.total:
        return
    slots = sorted({trial.worker or 0 for trial in trials})
    seconds, unit = next((each for each in UNITS if time.total >= 2 * each[0]), UNITS[-1])
    axis = Numeric(0.0, time.total / seconds)
    height = TOP + ROW * len(slots) + BOTTOM
    parts = [*_frame(axis, slots, unit, height)]
    for trial in trials:
        parts.append(_bar(trial, time, slots.index(trial.worker or 0)))
    for pause in time.pauses:
        x = number(LEFT + (WIDTH - LEFT - RIGHT) * pause / time.total)
        parts.append(f'<path class="pause" d="M{x} {number(TOP)}V{number(height - BOTTOM)}"/>')
    share = utilisation(study)
    caption = f"{len(slots)} worker{'s' if len(slots) > 1 else ''}, {clock(time.total)} in all."
    caption += f" They had a trial for {share:.1%} of it." if share is not None else ""
    caption += " Pale bars were pruned, half-high ones failed, thin ones are infeasible."
    caption += " At dashed lines the study was stopped and went on later." if time.pauses else ""
    yield Figure("What the workers did", svg(WIDTH, height, "What the workers did", parts), caption, wide=True)


def _frame(axis: Numeric, slots: Sequence[int], unit: str, height: float) -> Iterator[str]:
    foot = height - BOTTOM
    for place, label in axis.ticks():
        x = LEFT + (WIDTH - LEFT - RIGHT) * place
        yield f'<path class="grid" d="M{number(x)} {number(TOP)}V{number(foot)}"/>'
        yield text(min(x, WIDTH - CHARACTER * len(label) / 2), foot + 16, label, "middle")
    yield from (text(LEFT - 8, TOP + ROW * (i + 0.5) + 4, f"worker {slot}", "end") for i, slot in enumerate(slots))
    yield text((LEFT + WIDTH - RIGHT) / 2, height - 6, unit, "middle", of="name")


def _bar(trial: Trial, time: Clock, row: int) -> str:
    scale = (WIDTH - LEFT - RIGHT) / time.total
    begin, end = time.at(trial.begun or 0.0), time.at(trial.ended or 0.0)
    wide = max(0.8, (end - begin) * scale - 0.8)
    upper, lower = HIGH[trial.state]
    full = ROW - 8
    x, y, high = LEFT + begin * scale, TOP + ROW * row + 4 + upper * full, (lower - upper) * full
    label = str(trial.number)
    inside = ""
    if wide > CHARACTER * len(label) + 6 and high == full:
        inside = text(x + wide / 2, y + high - 5, label, "middle", of=f"inside {trial.state}")
    return (
        f'<rect class="bar {trial.state}" x="{number(x)}" y="{number(y)}" width="{number(wide)}" '
        f'height="{number(high)}" rx="2"><title>{escape(f"trial {label}, {trial.state}, {took(trial)}")}</title></rect>'
        f"{inside}"
    )
