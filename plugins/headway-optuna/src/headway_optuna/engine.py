"""The one who talks to Optuna: a study in memory that is asked and told, and replays a journal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import optuna
from headway.errors import StoreError, UsageError

from headway_optuna import values
from headway_optuna.quiet import quiet
from headway_optuna.samplers import Random
from headway_optuna.space.distributions import text
from headway_optuna.supply import Supply
from headway_optuna.trial import Event, State

if TYPE_CHECKING:
    from headway_optuna.pruners import Pruner
    from headway_optuna.samplers import Sampler
    from headway_optuna.space.space import Space

MOST_INFEASIBLE = 1000
"""Points in a row that break a constraint before the search is given up."""
PATIENCE = 10
"""Points in a row that break a constraint before the next are drawn at random."""
SEEDS = 2**32
"""Seeds that NumPy takes; greater ones are taken modulo this."""
STATES = {
    "complete": optuna.trial.TrialState.COMPLETE,
    "pruned": optuna.trial.TrialState.PRUNED,
    "failed": optuna.trial.TrialState.FAIL,
    "infeasible": optuna.trial.TrialState.PRUNED,  # with its violations: TPE learns from those, and nothing from FAIL
}


@dataclass(frozen=True)
class Asked:
    """A trial that was asked for and not yet told.

    Attributes:
        number: From 0, in the order in which they were asked for.
        params: Parameter to its value for configs; those whose condition does not hold are left out.
        step: The last step that it reported, if any.
        is_pruned: Whether its last report was answered by a prune: it need not run on.
    """

    number: int
    params: Mapping[str, Any]
    step: int | None = None
    is_pruned: bool = False


class Engine:
    """An Optuna study in memory.

    With one worker, trials are those of ``study.optimize`` with the same sampler, pruner, seed and study name, bit for
    bit; only values of steps are the decimals that are meant, 0.3 where Optuna adds up to 0.30000000000000004. It is
    used from one thread.

    Args:
        name: The study's name; Hyperband deals trials out by it.
        directions: ``maximize`` or ``minimize`` for each objective.
        space: What is searched.
        sampler: What chooses the next point.
        pruner: What stops trials.
        seed: The sampler's.
        record: Takes each event (see `headway_optuna.trial.Event`, without its time) as it happens: every ask, report
            and tell, those of infeasible points included, and none while a journal is replayed. A report says also
            under ``prune`` how it was answered.

    Raises:
        HeadwayError: The sampler or the pruner cannot work here, or an enqueued point is outside of the space.
    """

    def __init__(
        self,
        name: str,
        directions: Sequence[str],
        space: Space,
        sampler: Sampler,
        pruner: Pruner,
        seed: int,
        record: Callable[[Event], None] = lambda event: None,
    ) -> None:
        sampler.check(space, len(directions))
        pruner.check(len(directions))
        self._space, self._record, self._objectives = space, record, len(directions)
        self._chance = Random().build((seed + 1) % SEEDS, space)  # not what a sampler began with
        self._infeasible = 0
        self._running: dict[int, tuple[optuna.Trial, Asked]] = {}
        self._supply = Supply(sampler, space)
        with quiet():
            self._study = optuna.create_study(
                study_name=name,
                directions=list(directions),
                sampler=sampler.build(seed % SEEDS, space),
                pruner=pruner.build(),
            )
            for point in space.enqueue:
                self._study.enqueue_trial(_fixed(space, point))

    @property
    def running(self) -> list[Asked]:
        """The trials that were asked for and not told, in the order of their numbers."""
        return [self._running[number][1] for number in sorted(self._running)]

    @property
    def is_exhausted(self) -> bool:
        """Whether the sampler has tried every point."""
        return self._supply.is_used_up

    def ask(self) -> Asked | None:
        """The next trial; None if the sampler has tried every point.

        Points that break a constraint on parameters are told as infeasible at once, and the next is drawn. Not every
        sampler learns from that, so after ten in a row points are drawn at random until one holds.

        Raises:
            UsageError: Very many points in a row break constraints.
        """
        for _ in range(MOST_INFEASIBLE):
            if self.is_exhausted:
                return None
            asked = self._draw()
            words = list(self._space.words(asked.params))
            self._record({"event": "ask", "trial": asked.number, "params": dict(asked.params), "words": words})
            if not self._settle(asked):
                return asked
        raise UsageError(
            f"{MOST_INFEASIBLE} points in a row break a constraint on parameters",
            hint="loosen sweep.constraints, or narrow the space to where they hold",
            code="sweep-infeasible",
        )

    def report(self, number: int, step: int, value: float) -> bool:
        """Takes the objective at a step of a trial, and answers whether to prune it.

        A step that is not after the last one (of a trial that was resumed) and reports after a prune are ignored; of
        several objectives nothing is pruned.
        """
        if number not in self._running:
            return True  # told meanwhile; its worker runs on for a moment
        asked = self._running[number][1]
        if asked.is_pruned or (asked.step is not None and step <= asked.step):
            return asked.is_pruned
        prune = self._report(number, step, float(value))
        self._record({"event": "report", "trial": number, "step": step, "value": float(value), "prune": prune})
        return prune

    def tell(
        self,
        number: int,
        state: State,
        values: Sequence[float] = (),
        violations: Sequence[float] = (),
        reason: str = "",
    ) -> State:
        """Ends a trial.

        Args:
            number: Its number.
            state: What has become of it.
            values: The objectives of a complete trial.
            violations: How far each constraint of the space is violated; a complete trial must have them.
            reason: Why it failed, was pruned or is infeasible.

        Returns:
            The state it has now: a complete trial with a NaN among its values or violations has failed. Infinite values
            are taken as they are, as Optuna does.
        """
        if state == "complete" and any(map(math.isnan, (*values, *violations))):
            what = "an objective" if any(map(math.isnan, values)) else "a constraint"
            state, reason = "failed", f"{what} is not a number"
        given = tuple(map(float, values)) if state == "complete" else ()
        told = tuple(map(float, violations)) if state != "failed" else ()
        self._tell(number, state, given, told)
        self._record(
            {"event": "tell", "trial": number, "state": state, "values": list(given), "reason": reason,
             "violations": list(told)}
        )  # fmt: skip
        return state

    def replay(self, events: Iterable[Event], made_with: str | None = None) -> list[Asked]:
        """Takes the events of a journal again, so that the sampler goes on as if it had not stopped.

        Args:
            events: All of them, in their order; those of other kinds are passed over.
            made_with: The version of Optuna that the study was begun with, for the error.

        Returns:
            The trials that are to be begun again.

        Raises:
            StoreError: The study draws or prunes otherwise than the journal says.
        """
        record, self._record = self._record, lambda event: None
        again = {"ask": self._ask_again, "report": self._report_again, "tell": self._tell_again}
        try:
            with quiet():
                for event in events:
                    if event["event"] in again:
                        again[event["event"]](event, made_with)
        finally:
            self._record = record
        for asked in self.running:  # an infeasible point that the journal did not live to see told
            self._settle(asked)
        return self.running

    def importances(self) -> dict[str, float]:
        """The share of each parameter in reaching the best trials; see `headway_optuna.records.importances`."""
        from headway_optuna.records import of_study

        return of_study(self._study)

    def _draw(self) -> Asked:
        """Asks Optuna, and the trial for each parameter whose condition holds."""
        params: dict[str, Any] = {}
        with quiet(), self._sampler_of_turn():
            trial = self._study.ask()
            for parameter in self._space.parameters:
                if parameter.when is None or parameter.when.holds(params):
                    params[parameter.key] = values.suggest(trial, parameter.key, parameter.distribution)
        asked = Asked(trial.number, params)
        self._running[trial.number] = trial, asked
        self._supply.take(trial.number, params)
        self._infeasible = 0 if _holds(self._violations(params)) else self._infeasible + 1
        return asked

    @contextmanager
    def _sampler_of_turn(self) -> Iterator[None]:
        """Chance instead of a sampler that draws one infeasible point after another; not of one that repeats none."""
        usual = self._study.sampler
        if self._infeasible >= PATIENCE and not self._supply.is_finite:
            self._study.sampler = self._chance
        try:
            yield
        finally:
            self._study.sampler = usual

    def _violations(self, params: Mapping[str, Any]) -> list[float]:
        """Of each constraint; those on metrics count as 0 until there are any."""
        return [0.0 if c.needs_metrics else float(c.violation(params, {})) for c in self._space.constraints]

    def _settle(self, asked: Asked) -> bool:
        """Tells a point as infeasible if it breaks a constraint on parameters."""
        violations = self._violations(asked.params)
        if _holds(violations):
            return False
        constraints = zip(self._space.constraints, violations, strict=True)
        broken = "; ".join(str(constraint) for constraint, violation in constraints if not violation <= 0)
        self.tell(asked.number, "infeasible", (), violations, f"does not hold: {broken}")
        return True

    def _report(self, number: int, step: int, value: float) -> bool:
        trial, asked = self._running[number]
        prune = False
        if self._objectives == 1:
            with quiet():
                trial.report(value, step)
                prune = bool(trial.should_prune())
        self._running[number] = trial, replace(asked, step=step, is_pruned=prune)
        return prune

    def _tell(self, number: int, state: State, given: Sequence[float], violations: Sequence[float]) -> None:
        trial, _ = self._running.pop(number)
        with quiet():
            pairs = zip(self._space.constraints, violations, strict=state in ("complete", "infeasible"))
            for index, (constraint, violation) in enumerate(pairs):
                if constraint.needs_metrics or state == "infeasible":
                    trial.set_constraint(str(index), math.inf if math.isnan(violation) else violation)
            self._study.tell(trial, values=list(given) if state == "complete" else None, state=STATES[state])

    def _ask_again(self, event: Event, made_with: str | None) -> None:
        asked = self._draw()
        if asked.number != event["trial"]:
            _differs(f"the journal asks for trial {event['trial']} next, the study draws {asked.number}", made_with)
        was, now = event["params"], asked.params
        for key in [*was, *(key for key in now if key not in was)]:
            told, drawn = (text(params[key]) if key in params else "nothing" for params in (was, now))
            if told != drawn:
                _differs(f"trial {asked.number} had {key}={told}, the sampler now draws {drawn}", made_with)

    def _known(self, event: Event) -> int:
        if event["trial"] not in self._running:
            what = f"has a {event['event']} of trial {event['trial']}, which does not run then"
            raise StoreError(f"the journal cannot be continued: it {what}", code="study-damaged")
        return event["trial"]

    def _report_again(self, event: Event, made_with: str | None) -> None:
        number, step = self._known(event), event["step"]
        prune = self._report(number, step, event["value"])
        if prune != event.get("prune", prune):
            was, now = ("is stopped" if answer else "goes on" for answer in (event["prune"], prune))
            _differs(f"after step {step}, trial {number} {was} in the journal, the pruner says it {now}", made_with)

    def _tell_again(self, event: Event, made_with: str | None) -> None:
        self._tell(self._known(event), event["state"], event["values"], event["violations"])


def _holds(violations: Sequence[float]) -> bool:
    return all(violation <= 0 for violation in violations)


def _fixed(space: Space, point: Mapping[str, Any]) -> dict[str, Any]:
    """An enqueued point as Optuna sees it."""
    distributions = {parameter.key: parameter.distribution for parameter in space.parameters}
    try:
        return {key: values.internal(distributions[key], value) for key, value in point.items()}
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"sweep.enqueue: the point {text(point)} is outside of the space: {error}", code="sweep-enqueue"
        ) from error


def _differs(what: str, made_with: str | None) -> None:
    versions = f" (made with Optuna {made_with}, this is {optuna.__version__})" if made_with else ""
    hint = (
        "put the sampler, pruner, seed and version of Optuna back to what they were, or begin a new study: sweep.name=…"
    )
    raise StoreError(f"the journal cannot be continued: {what}{versions}", hint=hint, code="study-differs")
