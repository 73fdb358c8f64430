"""A ratio of medians, and its budget."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """How long `ours` takes for each second of `theirs`."""

    name: str
    ours: float
    theirs: float
    budget: float

    @property
    def value(self) -> float:
        return self.ours / self.theirs

    @property
    def within(self) -> bool:
        return self.value <= self.budget

    def __str__(self) -> str:
        verdict = "ok  " if self.within else "OVER"
        figures = f"{self.ours * 1e3:9.2f} ms / {self.theirs * 1e3:9.2f} ms"
        return f"{verdict} {self.name:<58} {self.value:6.2f}x  (budget {self.budget:g}x)  {figures}"


def compare(name: str, ours: Callable[[], None], theirs: Callable[[], None], *, budget: float, rounds: int) -> Ratio:
    """Times both in turn, after one round that is not counted, and compares the medians."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for call, kept in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            call()
            if number:
                kept.append(time.perf_counter() - start)
    return Ratio(name, statistics.median(times[0]), statistics.median(times[1]), budget)


def command(*words: str, cwd: str) -> Callable[[], None]:
    """A call that runs ``python WORDS`` to its end."""
    return lambda: subprocess.run([sys.executable, *words], cwd=cwd, check=True, capture_output=True)
