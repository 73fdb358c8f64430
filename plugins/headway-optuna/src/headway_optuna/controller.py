"""The loop of a sweep: a free worker gets a trial at once, and everything is written down before it counts."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headway.errors import HeadwayError, StoreError

from headway_optuna.following import Following

if TYPE_CHECKING:
    from headway_optuna.engine import Asked, Engine
    from headway_optuna.live import Watch
    from headway_optuna.search import Search
    from headway_optuna.study import Kept
    from headway_optuna.trial import State

PULSE = 0.25
"""Seconds after which the clock and the request to stop are looked at."""
AHEAD = 2
"""Trials on their way for each worker: those that wait for a stage of another trial hold no worker."""
NOT_ITS_FAULT = ("disk-full", "store")
"""Codes of failures that say nothing about a trial: the sweep ends, and the next command begins it again."""


class Launcher(Protocol):
    """What the controller needs of `headway.launcher.Launcher`, where it is described."""

    @property
    def is_hungry(self) -> bool:
        """Whether a worker is free."""

    def launch(self, experiments: Sequence[Any], listener: Any, group: str, label: str, to: Sequence[str] = ()) -> Any:
        """Begins runs."""

    def wait(self, seconds: float | None = None) -> list[Any]:
        """What has ended."""

    def stop(self, launched: Any) -> None:
        """Prunes what was launched."""

    def history(self, launched: Any, label: str) -> Sequence[tuple[int, Mapping[str, float]]]:
        """What a cached stage reported."""


@dataclass
class Live:
    """A trial on its way; what `headway_optuna.following.Following` tells of.

    Attributes:
        asked: Its number, its parameters, and what it reported before, if it is begun again.
        controller: Who is told.
        lane: The slot it works in, from 0; None until a stage of it begins.
        launched: Its runs.
        pruned: At which step it was told to end.
    """

    asked: Asked
    controller: Controller
    lane: int | None = None
    launched: Any = None
    pruned: str = ""

    @property
    def number(self) -> int:
        """Its number."""
        return self.asked.number

    def began(self, stage: str, text: str) -> None:
        """A stage begins, or waits."""
        self.controller.began(self, stage, text)

    def report(self, step: int, value: float) -> None:
        """It has an intermediate value."""
        self.controller.report(self, step, value)

    def said(self, text: str) -> None:
        """A stage printed a line."""
        if text.endswith("begun again"):
            self.controller.watching.note(f"trial {self.number}: {text}")


class Controller:
    """Asks for trials, runs them, and tells what became of them, until enough are finished.

    Args:
        search: What the sweep is about.
        engine: The sampler's side; the journal has been replayed.
        kept: The study on disk.
        launcher: Where trials run.
        compose: Overrides → the experiment that they come to.
        watching: What shows the sweep.
    """

    def __init__(
        self,
        search: Search,
        engine: Engine,
        kept: Kept,
        launcher: Launcher,
        compose: Callable[[Sequence[str]], Any],
        watching: Watch,
    ) -> None:
        self.watching = watching
        self._search = search
        self._engine = engine
        self._kept = kept
        self._launcher = launcher
        self._compose = compose
        self._again = deque(engine.running)
        self._live: dict[int, Live] = {}
        self._failures = 0
        self._is_exhausted = False
        self._end = time.monotonic() + search.timeout

    def run(self) -> str:
        """Runs trials.

        Raises:
            StoreError: The store cannot be written any more; nothing was told that it is to blame for.

        Returns:
            Why it ended: ``done``, ``exhausted``, ``failures``, ``time`` or ``stopped``. In the last two cases trials
            may be on their way; the caller ends the workers, and the next command goes on with them.
        """
        while True:
            if time.monotonic() >= self._end:
                return "time"
            if self._kept.stop_asked():
                return "stopped"
            while self._may_begin():
                self._begin()
                self._collect(0.0)  # what was cached has ended: the sampler knows it before it is asked again
            if not self._live:
                return self._verdict()
            self._collect(PULSE)

    def _collect(self, seconds: float) -> None:
        for launched in self._launcher.wait(seconds):
            self._ended(next(live for live in self._live.values() if live.launched is launched))

    def _verdict(self) -> str:
        if self._kept.finished >= self._search.sweep.trials:
            return "done"
        return "failures" if self._fails_too_often else "exhausted"

    @property
    def _fails_too_often(self) -> bool:
        return self._failures > self._search.sweep.max_failures

    def _may_begin(self) -> bool:
        """Whether a trial is wanted now: none is asked for that would be one too many."""
        if self._fails_too_often or (self._is_exhausted and not self._again):
            return False
        wanted = self._kept.finished + len(self._live) < self._search.sweep.trials
        workers = self._search.sweep.workers
        room = len(self._live) < (AHEAD * workers if workers > 1 else 1)
        return wanted and room and (self._launcher.is_hungry or self._may_prepare)

    @property
    def _may_prepare(self) -> bool:
        """Whether a trial is to wait for a worker, as there are several: none then waits for the next trial.

        One worker's trials are those of plain Optuna, which knows all results before it is asked.
        """
        several = self._search.sweep.workers > 1 and self._search.sweep.folds is None
        return several and all(live.lane is not None for live in self._live.values())

    def _begin(self) -> None:
        asked = self._again.popleft() if self._again else self._engine.ask()
        if asked is None:
            self._is_exhausted = True
            return
        live = self._live[asked.number] = Live(asked, self)
        if asked.is_pruned:
            self._tell(live, "pruned", reason=f"step {asked.step}")
            return
        try:
            self._launch(live)
        except HeadwayError as error:
            self._fail(live, error.what)

    def _launch(self, live: Live) -> None:
        words, folds = self._search.words_of(live.asked.params), self._search.folds()
        experiments = [self._compose((*words, *fold)) for fold in folds]
        metric = self._search.objectives[0].metric
        following = Following(metric, len(folds), live, lambda label: self._launcher.history(live.launched, label))
        live.launched = self._launcher.launch(
            experiments, following, self._search.name, f"{self._search.name}/{live.number}", self._search.stages
        )

    def began(self, live: Live, stage: str, text: str) -> None:
        """A stage of a trial begins to run."""
        if live.lane is None:
            busy = (other.lane for other in self._live.values() if not other.launched.has_ended)
            taken = Counter(busy)  # some may wait, for a stage or a new worker
            live.lane = min(range(self._search.sweep.workers), key=lambda lane: taken[lane])
            self._kept.began(live.number, live.launched.runs, live.lane)
            self.watching.began(self._kept.trial(live.number))
        self.watching.stage(live.number, stage, text)

    def report(self, live: Live, step: int, value: float) -> None:
        """An intermediate value of a trial: it may be its last."""
        if live.pruned:
            return
        if self._engine.report(live.number, step, value):
            live.pruned = f"step {step}: {value:.6g}"
            self._launcher.stop(live.launched)
        self.watching.report(live.number, step, value)

    def _ended(self, live: Live) -> None:
        if live.lane is None:  # all of it was cached
            self._kept.began(live.number, live.launched.runs, 0)
        results = live.launched.results
        failures = (stage.failure for result in results for stage in result.stages if stage.status == "failed")
        failure = next(failures, None)
        if failure is not None and failure.code in NOT_ITS_FAULT:
            raise StoreError(failure.what, hint=failure.hint, code=failure.code)
        if live.pruned:
            self._tell(live, "pruned", reason=live.pruned)
        elif failure is not None:
            self._fail(live, "\n".join(part for part in (failure.traceback.rstrip(), failure.what) if part))
        else:
            self._measure(live)

    def _measure(self, live: Live) -> None:
        recorded = [{stage.label: stage.metrics for stage in result.stages} for result in live.launched.results]
        outcome = self._search.outcome(live.asked.params, recorded)
        if outcome.reason:
            self._fail(live, outcome.reason)
        else:
            self._tell(live, "complete", outcome.values, outcome.violations)

    def _fail(self, live: Live, reason: str) -> None:
        self._tell(live, "failed", reason=reason)

    def _tell(
        self, live: Live, state: State, values: Sequence[float] = (), violations: Sequence[float] = (), reason: str = ""
    ) -> None:
        told = self._engine.tell(live.number, state, values, violations, reason)
        self._failures += told == "failed"
        del self._live[live.number]
        self.watching.ended(self._kept.trial(live.number), self._kept.study)
