"""What is known of one trial, and the events of a journal that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

State = Literal["running", "complete", "pruned", "failed", "infeasible"]
FINISHED: tuple[State, ...] = ("complete", "pruned")
"""States that count."""


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: From 0, in the order in which they were asked for.
        params: Parameter to its value, in JSON types; those whose condition does not hold are left out.
        words: The overrides that make its config.
        state: What has become of it; ``running`` also when it was interrupted.
        values: The objectives, in their order; none unless it is complete.
        reports: (step, first objective) pairs, in their order.
        runs: The ids of its runs, one an attempt; with folds the first fold's.
        worker: The slot that last worked at it, from 0.
        begun: UNIX time at which it was begun, the last time if it was several.
        ended: UNIX time at which it was told.
        reason: Why it failed, was pruned or is infeasible.
        violations: How far each constraint is violated; at most 0 if it holds.
    """

    number: int
    params: Mapping[str, Any]
    words: tuple[str, ...] = ()
    state: State = "running"
    values: tuple[float, ...] = ()
    reports: tuple[tuple[int, float], ...] = ()
    runs: tuple[str, ...] = ()
    worker: int | None = None
    begun: float | None = None
    ended: float | None = None
    reason: str = ""
    violations: tuple[float, ...] = ()

    @property
    def is_feasible(self) -> bool:
        """Whether all constraints hold."""
        return all(violation <= 0 for violation in self.violations)


Event = Mapping[str, Any]
"""A line of a study's journal, in JSON types. ``event`` is one of

- ``ask``: ``trial`` (its number), ``params``, ``words``, ``time``
- ``begin``: ``trial``, ``run`` (a run's id), ``folds`` (the runs of further folds), ``worker``, ``time``
- ``report``: ``trial``, ``step``, ``value``, ``prune`` (how it was answered), ``time``
- ``tell``: ``trial``, ``state``, ``values``, ``reason``, ``violations``, ``time``
- ``final``: ``trial``, ``run``, ``time``: the best configuration was run in full
"""


def trials(events: Iterable[Event]) -> list[Trial]:
    """The trials of a journal, in the order of their numbers."""
    found: dict[int, Trial] = {}
    for event in events:
        number = event["trial"]
        if event["event"] == "ask":
            found[number] = Trial(number, event["params"], tuple(event["words"]))
        elif number in found:
            found[number] = after(found[number], event)
    return [found[number] for number in sorted(found)]


def after(trial: Trial, event: Event) -> Trial:
    """The trial after an event."""
    kind, time = event["event"], event["time"]
    if kind == "begin":
        runs = (*trial.runs, event["run"])
        return replace(trial, runs=runs, worker=event["worker"], begun=time)
    if kind == "report":
        return replace(trial, reports=(*trial.reports, (event["step"], event["value"])))
    if kind == "tell":
        return replace(
            trial, state=event["state"], values=tuple(event["values"]), reason=event["reason"],
            violations=tuple(event["violations"]), ended=time,
        )  # fmt: skip
    return trial


@dataclass(frozen=True)
class Study:
    """What is known of a study: what a table or a report shows.

    Attributes:
        name: Its name.
        objectives: Metric to direction, in their order.
        trials: All trials.
        wanted: How many trials are to be finished.
        parameters: Parameter to its resolved distribution in words, such as ``float 0.0001 … 0.01, log``.
        sampler: The sampler and its options, in words.
        pruner: The pruner and its options, in words.
        constraints: The constraints, as written.
        final: The id of the run of the best configuration, once there is one.
    """

    name: str
    objectives: Mapping[str, str]
    trials: tuple[Trial, ...]
    wanted: int
    parameters: Mapping[str, str] = field(default_factory=dict)
    sampler: str = ""
    pruner: str = ""
    constraints: tuple[str, ...] = ()
    final: str | None = None

    def of(self, *states: State) -> list[Trial]:
        """The trials in some states."""
        return [trial for trial in self.trials if trial.state in states]

    @property
    def finished(self) -> int:
        """How many trials count."""
        return len(self.of(*FINISHED))

    @property
    def best(self) -> list[Trial]:
        """The best feasible complete trial, the earliest of equals; of several objectives, the Pareto front."""
        complete = [trial for trial in self.of("complete") if trial.is_feasible]
        signs = [1 if direction == "maximize" else -1 for direction in self.objectives.values()]
        gains = {trial.number: [s * v for s, v in zip(signs, trial.values, strict=True)] for trial in complete}
        if len(signs) == 1:
            return sorted(complete, key=lambda trial: (-gains[trial.number][0], trial.number))[:1]
        return [t for t in complete if not any(_dominates(gains[o.number], gains[t.number]) for o in complete)]


def _dominates(one: list[float], other: list[float]) -> bool:
    """Whether one point is nowhere worse than the other, and better somewhere."""
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
