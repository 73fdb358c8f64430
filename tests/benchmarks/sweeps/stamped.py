"""Trials that only stamp their begin and end, run by each contender in processes of its own."""

import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.sweeps import commands, rival

PLUGIN = (
    (rival.APP / "stamps.py").read_text()
    + """
from dataclasses import dataclass
from typing import ClassVar
from headway import Context, Stage
from headway.contracts import Features
from headway.contracts.artifact import Artifact

@dataclass(frozen=True)
class Note(Artifact):
    type_name: ClassVar[str] = "note"
    value: float
    def save(self, folder):
        (folder / "note").write_text(str(self.value))
    @classmethod
    def load(cls, folder, lookup):
        return cls(float((folder / "note").read_text()))

@dataclass(frozen=True)
class Nothing(Stage):
    def run(self, context: Context) -> Note:
        return Note(0)

@dataclass(frozen=True)
class Idle(Stage):
    x: float = 0.0
    y: float = 1e-3
    def run(self, context: Context, data: Note) -> Note:
        value = trial(self.x, self.y)
        context.record({"validation.loss": value})
        return Note(value)

@dataclass(frozen=True)
class IdleModel(Stage):
    x: float = 0.0
    y: float = 1e-3
    def run(self, context: Context, features: Features) -> Note:
        value = trial(self.x, self.y)
        context.record({"validation.loss": value})
        return Note(value)

def headway_register(registry):
    registry.add("artifact", "note", Note)
    registry.add("data", "nothing", Nothing)
    registry.add("model", "idle", Idle)
    registry.add("model", "idle_model", IdleModel)
"""
)
SWEEP = """
sweep:
  optimize: {validation.loss: minimize}
  space: {model.x: "interval(-3, 3)", model.y: "tag(log, interval(1e-5, 1e-1))"}
  final: false
"""
EXPERIMENTS = {
    "idle": "# @package _global_\ndefaults:\n  - override /data: nothing\n  - override /model: idle\n"
    "  - override /features: null\n  - override /export: null\n  - override /evaluation: null\n"
    "  - override /deployment: null\nname: idle\npipeline: [data, model]\nseed: 7\n" + SWEEP,
    "adult": "# @package _global_\ndefaults:\n  - override /data: adult\n  - override /features: tabular\n"
    "  - override /model: idle_model\n  - override /export: null\n  - override /evaluation: null\n"
    "  - override /deployment: null\nname: adult\npipeline: [data, features, model]\nseed: 7\n" + SWEEP,
}


@dataclass(frozen=True)
class Stamps:
    """One study.

    Attributes:
        start: UNIX time of the command.
        spans: Begin and end of each trial's own work and who did it, in the order in which they began.
    """

    start: float
    spans: list[tuple[float, float, str]]

    @property
    def startup(self) -> float:
        """Seconds from the command to the first trial."""
        return self.spans[0][0] - self.start

    @property
    def beside(self) -> float:
        """Seconds a trial beyond its own work, with one worker: from its end to the next one's begin."""
        gaps = [after[0] - before[1] for before, after in itertools.pairwise(self.spans)]
        return sum(gaps) / len(gaps)

    def used(self, workers: int, until: float = math.inf) -> float:
        """The share of the workers' time in which trials work: of each worker from its own first trial's begin.

        Args:
            workers: How many there are.
            until: UNIX time at which it ends; by default the end of the last trial.
        """
        until = min(until, max(end for _, end, _ in self.spans))
        firsts: dict[str, float] = {}
        for begin, _, worker in self.spans:
            firsts.setdefault(worker, begin)
        there = sorted(firsts.values())[:workers]
        return sum(min(end, until) - begin for begin, end, _ in self.spans) / sum(until - first for first in there)

    def used_while_waiting(self, workers: int) -> float:
        """The same until the last trial begins: as long as there is something to do for a free worker."""
        return self.used(workers, self.spans[-1][0])


class Bench:
    """Runs the contenders, each study in a fresh folder.

    Args:
        trials: How many a study has.
        workers: How many of them run at once.
        sleeps: Seconds of each, in the order in which they begin; none by default.
    """

    def __init__(self, trials: int, workers: int = 1, sleeps: Sequence[float] = ()) -> None:
        self.trials = trials
        self.workers = workers
        self._sleeps = json.dumps(list(sleeps))

    def ours(self, experiment: str = "idle") -> Stamps:
        """`headway sweep`."""
        words = [f"experiment={experiment}", f"sweep.trials={self.trials}", f"sweep.workers={self.workers}"]
        return self._run([*commands.OURS, *words])

    def rival(self) -> Stamps:
        """hydra-optuna-sweeper; several at once through its joblib launcher."""
        words = [f"hydra.sweeper.n_trials={self.trials}"]
        if self.workers > 1:
            jobs = [f"hydra.{node}.n_jobs={self.workers}" for node in ("sweeper", "launcher")]
            words += ["hydra/launcher=joblib", *jobs]
        return self._run([*commands.theirs("trials.py"), *words])

    def loop(self, storage: str = "") -> Stamps:
        """The loop by hand; several at once in threads."""
        script = Path(__file__).parent / "loop.py"
        words = [str(self.trials), str(self.workers), *([storage] if storage else [])]
        return self._run([sys.executable, str(script), *words])

    def _run(self, command: Sequence[str]) -> Stamps:
        with tempfile.TemporaryDirectory() as name:
            folder, stamps = Path(name), Path(name) / "stamps"
            stamps.mkdir()
            _project(folder)
            start = time.time()
            commands.run(command, folder, STAMPS=str(stamps), SLEEPS=self._sleeps)
            found = [json.loads(path.read_text()) for path in stamps.glob("*.json")]
        assert len(found) == self.trials, f"{len(found)} trials, not {self.trials}"
        return Stamps(start, sorted(tuple(span) for span in found))


def _project(folder: Path) -> None:
    texts = {f"configs/experiment/{name}.yaml": text for name, text in EXPERIMENTS.items()}
    for path, text in {"plugins/idle.py": PLUGIN, **texts}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
