"""`headway sweep` beside hydra-optuna-sweeper 1.3.0 (Hydra 1.3.8, Optuna 2.10) and loops by hand with Optuna 5.

``HEADWAY_LONG=1``, or ``python -m tests.benchmarks.bench_sweeps adult``, also searches Adult: hours on a small machine;
``HEADWAY_TRIALS``, ``HEADWAY_EPOCHS`` and ``HEADWAY_WIDEST`` make less of it. The rival lives in an environment of its
own, made once under ``.benchmarks``.
"""

import heapq
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.ratio import Ratio
from tests.benchmarks.sweeps import adult, rival
from tests.benchmarks.sweeps.stamped import Bench, Stamps

ROUNDS, TRIALS = 3, 30
LIMIT = 0.030
"""Seconds beside its training that the framework may take a trial."""
WORKERS, SLEEPING, MEDIAN, SIGMA = 2, 100, 0.5, 1.0
SHARE = 0.95
"""Of the workers' time, what trials are to use."""


def measure(*names: str) -> Iterator[Ratio]:
    """All but Adult, or what is named: ``beside``, ``used``, ``adult``."""
    if rival.python() is None:
        print("     hydra-optuna-sweeper could not be installed here: nothing to compare with")
        return
    long = ("adult",) if os.environ.get("HEADWAY_LONG") else ()
    parts: dict[str, Callable[[], Iterator[Ratio]]] = {"beside": beside, "used": used, "adult": searched}
    for name in names or ("beside", "used", *long):
        yield from parts[name]()


def beside() -> Iterator[Ratio]:
    """What a trial takes beyond its own work: from the end of one's to the begin of the next one's."""
    bench = Bench(TRIALS)
    calls = {
        "ours": bench.ours,
        "ours, behind Adult's features": lambda: bench.ours("adult"),
        "hydra-optuna-sweeper": bench.rival,
        "loop by hand, in memory": bench.loop,
        "loop by hand, in SQLite": lambda: bench.loop("sqlite:///study.db"),
    }
    rounds: dict[str, list[Stamps]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            rounds[name].append(call())
    found = {}
    for name, studies in rounds.items():
        times = sorted(study.beside for study in studies)
        found[name] = statistics.median(times)
        starts = statistics.median(study.startup for study in studies)
        spread = " ".join(f"{seconds * 1e3:.1f}" for seconds in times)
        print(f"     {name:<30} {spread} ms a trial; {starts:.2f} s from the command to the first")
    for name in ("ours", "ours, behind Adult's features"):  # the least: what else the machine does only adds to it
        least = min(study.beside for study in rounds[name])
        yield Ratio(f"a trial beyond its own work, to 30 ms, {name}", least, LIMIT, 1)
    ours = found["ours"]
    yield Ratio("the same, to hydra-optuna-sweeper", ours, found["hydra-optuna-sweeper"], 0.2)
    yield Ratio("the same, to a loop that keeps its trials in SQLite", ours, found["loop by hand, in SQLite"], 1)


def used() -> Iterator[Ratio]:
    """The share of two workers' time in which trials of log-normal length work."""
    random = np.random.default_rng(0)
    sleeps = [float(seconds) for seconds in random.lognormal(np.log(MEDIAN), SIGMA, SLEEPING)]
    bench = Bench(SLEEPING, WORKERS, sleeps)
    calls = {"ours": bench.ours, "hydra-optuna-sweeper, joblib": bench.rival, "loop by hand, threads": bench.loop}
    studies = {name: call() for name, call in calls.items()}
    for name, study in studies.items():
        print(
            f"     {name:<30} {study.used_while_waiting(WORKERS):.1%} until the last trial begins, "
            f"{study.used(WORKERS):.1%} until the last ends (at best {best(sleeps):.1%})"
        )
    shares = [study.used(WORKERS) for study in studies.values()]
    yield Ratio("workers' use: 95 % to ours", SHARE, shares[0], 1)
    yield Ratio("workers' use: hydra-optuna-sweeper's to ours", shares[1], shares[0], 1)


def best(sleeps: Sequence[float]) -> float:
    """The share if a free worker began the next trial at once, to the end of the last one."""
    free = [0.0] * WORKERS
    for seconds in sleeps:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return sum(sleeps) / (WORKERS * max(free))


def searched() -> Iterator[Ratio]:
    """Seconds to the same best on Adult.

    Where both try the same points, the best is the rival's best configuration, as losses of equal ones differ by what
    is drawn in training; where each tries its own, it is the worse of their two best losses.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for name, study in adult.studies(Path(folder)):
            print(f"     {name:<30} {study}", flush=True)
            found[name] = study
    theirs, own = found.pop("rival"), found["own_points_pruned"]
    best = theirs.best_number
    for name, study in found.items():
        told, count = name.replace("_", " "), len(study.ends)
        yield Ratio(f"Adult, {count} trials, {told}", study.seconds, theirs.seconds, 1)
        yield Ratio(f"the same, CPU, {told}", study.cpu, theirs.cpu, 1)
        if study is not own:
            yield Ratio(f"Adult to the rival's best configuration, {told}", study.at(best), theirs.at(best), 0.2)
    goal = max(own.best, theirs.best)
    yield Ratio(f"Adult to loss {goal:.5f}, own points pruned", own.until(goal), theirs.until(goal), 0.2)


if __name__ == "__main__":
    results = list(measure(*sys.argv[1:]))
    print(*results, sep="\n")
    sys.exit(0 if all(result.within for result in results) else 1)
