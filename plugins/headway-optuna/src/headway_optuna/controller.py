"""The loop of a sweep: a free worker gets a trial at once, and everything is written down before it counts."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from headway.errors import HeadwayError

from headway_optuna.following import Following

if TYPE_CHECKING:
    from headway_optuna.engine import Engine
    from headway_optuna.live import Watching
    from headway_optuna.search import Search
    from headway_optuna.study import Kept

PULSE = 0.25
"""Seconds after which the clock and the request to stop are looked at."""
AHEAD = 2
"""Trials on their way for each worker: those that wait for a stage of another trial hold no worker."""


class Launcher(Protocol):
    """What the controller needs of `headway.launcher.Launcher`."""

    @property
    def is_hungry(self) -> bool: ...  # noqa: D102
    def launch(self, experiments: Sequence[Any], listener: Any, group: str, label: str) -> Any: ...  # noqa: D102
    def wait(self, seconds: float | None = None) -> list[Any]: ...  # noqa: D102
    def stop(self, launched: Any) -> None: ...  # noqa: D102
    def history(self, launched: Any, label: str) -> Sequence[tuple[int, Mapping[str, float]]]: ...  # noqa: D102


@dataclass
class Live:
    """A trial on its way.

    Attributes:
        number: Its number.
        params: Its parameters.
        lane: The slot it works in, from 0; None until a stage of it begins.
        launched: Its runs.
        pruned: Whether it is to end.
        recorded: Stage to metrics, one mapping a fold.
    """

    number: int
    params: Mapping[str, Any]
    lane: int | None = None
    launched: Any = None
    pruned: str = ""
    recorded: list[dict[str, Mapping[str, float]]] = field(default_factory=list)


class Controller:
    """Asks for trials, runs them, and tells what became of them, until enough are finished.

    Args:
        search: What the sweep is about.
        engine: The sampler's side; what was journaled has been replayed.
        kept: The study on disk.
        launcher: Where trials run.
        compose: Overrides → the experiment that they come to.
        watching: What shows the sweep.
        interrupted: Trials that were asked for and have no end: number and parameters.
    """

    def __init__(
        self,
        search: Search,
        engine: Engine,
        kept: Kept,
        launcher: Launcher,
        compose: Any,
        watching: Watching,
        interrupted: Sequence[tuple[int, Mapping[str, Any]]] = (),
    ) -> None:
        self._search = search
        self._engine = engine
        self._kept = kept
        self._launcher = launcher
        self._compose = compose
        self._watching = watching
        self._again = deque(interrupted)
        self._live: dict[int, Live] = {}
        self._failures = 0
        self._end = time.monotonic() + search.timeout
        self.verdict = ""

    def run(self) -> str:
        """Runs trials.

        Returns:
            Why it ended: ``done``, ``failures``, ``time`` or ``stopped``. Trials that ran until then are interrupted
            in the last two cases; the caller ends the workers.
        """
        while True:
            if (verdict := self._over()) is not None:
                return verdict
            while self._may_begin():
                self._begin()
            if not self._live:
                return "failures" if self._failed_too_often else "done"
            for launched in self._launcher.wait(PULSE):
                self._ended(next(live for live in self._live.values() if live.launched is launched))

    def _over(self) -> str | None:
        if time.monotonic() >= self._end:
            return "time"
        return "stopped" if self._kept.stop_asked() else None

    @property
    def _failed_too_often(self) -> bool:
        return self._failures > self._search.sweep.max_failures

    def _may_begin(self) -> bool:
        """Whether a trial is wanted now: none is asked for that would be one too many."""
        wanted = self._kept.study.finished + len(self._live) < self._search.sweep.trials
        room = len(self._live) < AHEAD * self._search.sweep.workers
        return wanted and room and not self._failed_too_often and self._launcher.is_hungry

    def _begin(self) -> None:
        if self._again:
            live = Live(*self._again.popleft())
        else:
            asked = self._engine.ask()
            self._kept.asked(asked.number, asked.params, self._search.words_of(asked.params))
            live = Live(asked.number, asked.params)
        if asked_in_vain := self._infeasible(live):
            self._tell(live, "infeasible", reason=asked_in_vain)
            return
        self._live[live.number] = live
        try:
            self._launch(live)
        except HeadwayError as error:
            del self._live[live.number]
            self._fail(live, error.what)

    def _infeasible(self, live: Live) -> str:
        """The constraint on parameters that a trial breaks."""
        broken = self._search.space.broken(live.params)
        return f"{broken} does not hold" if broken else ""

    def _launch(self, live: Live) -> None:
        words = self._search.words_of(live.params)
        folds = self._search.folds()
        live.recorded = [{} for _ in folds]
        experiments = [self._compose((*words, *fold)) for fold in folds]
        listener = Following(self, live)
        live.launched = self._launcher.launch(experiments, listener, self._search.name, f"trial {live.number}")
        self._watching.began(self._kept.trial(live.number))

    def began(self, live: Live, text: str) -> None:
        """A stage of a trial begins to run."""
        if live.lane is None:
            taken = {other.lane for other in self._live.values()}
            live.lane = next(lane for lane in range(len(taken) + 1) if lane not in taken)
            self._kept.began(live.number, live.launched.runs[0], live.lane)
        self._watching.stage(live.number, text)

    def report(self, live: Live, step: int, value: float) -> None:
        """An intermediate value of a trial: it may be its last."""
        if live.pruned or not self._kept.is_news(live.number, step):
            return
        self._kept.reported(live.number, step, value)
        self._watching.report(live.number, step, value)
        if self._engine.report(live.number, step, value):
            live.pruned = f"step {step}, {value:.6g}"
            self._launcher.stop(live.launched)

    def _ended(self, live: Live) -> None:
        del self._live[live.number]
        results = live.launched.results
        failure = next((s.failure for r in results for s in r.stages if s.status == "failed" and s.failure), None)
        if live.pruned:
            self._tell(live, "pruned", reason=live.pruned)
        elif failure is not None:
            self._fail(live, failure.what)
        else:
            self._measure(live)

    def _measure(self, live: Live) -> None:
        results = live.launched.results
        recorded = [{stage.label: stage.metrics for stage in result.stages} for result in results]
        outcome = self._search.outcome(recorded)
        if outcome.reason:
            self._fail(live, outcome.reason)
            return
        violations = self._search.space.violations(live.params, outcome.metrics)
        self._tell(live, "complete", outcome.values, violations=violations)

    def _fail(self, live: Live, reason: str) -> None:
        self._failures += 1
        self._tell(live, "failed", reason=reason)

    def _tell(
        self,
        live: Live,
        state: str,
        values: Sequence[float] = (),
        *,
        reason: str = "",
        violations: Sequence[float] = (),
    ) -> None:
        """Written down first: what was not written will be done again, to the same end."""
        self._kept.told(live.number, state, values, reason, violations)
        self._engine.tell(live.number, state, values, violations)
        self._watching.ended(self._kept.trial(live.number), self._kept.study)
