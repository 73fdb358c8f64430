"""What is counted while a sweep runs: as cheap for the thousandth trial as for the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from headway_optuna.texts import seconds_of
from headway_optuna.trial import FINISHED, Study, Trial


class Tally:
    """States, the best, and the time that is left.

    Args:
        study: What is known when the command starts.
        workers: How many trials run at once.

    Attributes:
        counts: State to the number of trials that have ended in it.
        best: As `Study.best`.
    """

    def __init__(self, study: Study, workers: int) -> None:
        self.counts: Counter[str] = Counter()
        self.best: list[Trial] = study.best
        self._signs = [1 if direction == "maximize" else -1 for direction in study.objectives.values()]
        self._wanted = study.wanted
        self._workers = workers
        self._seconds: list[float] = []
        for trial in study.trials:
            if trial.state != "running":
                self._count(trial)

    @property
    def finished(self) -> int:
        """How many trials count."""
        return sum(self.counts[state] for state in FINISHED)

    def add(self, trial: Trial) -> bool:
        """Counts a trial that has ended; whether it is among the best now."""
        self._count(trial)
        if trial.state != "complete" or not trial.is_feasible:
            return False
        gain = self._gain(trial)
        others = [(best, self._gain(best)) for best in self.best]
        if len(gain) == 1:
            if any((other[0], -best.number) > (gain[0], -trial.number) for best, other in others):
                return False
            self.best = [trial]
            return True
        if any(_dominates(other, gain) for _, other in others):
            return False
        self.best = sorted(
            [trial, *(best for best, other in others if not _dominates(gain, other))], key=lambda best: best.number
        )
        return True

    def left(self, elapsed: Iterable[float]) -> float | None:
        """Seconds until all wanted trials are finished, by the mean of those that are; None before the first.

        Args:
            elapsed: Seconds for which each running trial has been running.
        """
        missing = self._wanted - self.finished
        if missing <= 0:
            return 0.0
        if not self._seconds:
            return None
        mean = sum(self._seconds) / len(self._seconds)
        running = [max(0.0, mean - seconds) for seconds in elapsed][:missing]
        return (sum(running) + (missing - len(running)) * mean) / min(self._workers, missing)

    def _count(self, trial: Trial) -> None:
        self.counts[trial.state] += 1
        seconds = seconds_of(trial)
        if trial.state in FINISHED and seconds is not None:
            self._seconds.append(seconds)

    def _gain(self, trial: Trial) -> list[float]:
        return [sign * value for sign, value in zip(self._signs, trial.values, strict=True)]


def _dominates(one: list[float], other: list[float]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
