"""Adult: seconds to the same best validation loss, by the rival with a stock Lightning script and by `headway sweep`.

Both read one file with one column of splits, have one worker, and search what Headway's ``mlp`` ships. Four studies:
the rival's; ours of the very points that the rival chose, without and with pruning, so that luck has no part; and ours
of its own sampler's points with pruning.
"""

import json
import math
import os
import re
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import headway_samples
import numpy as np
import polars as pl
import yaml
from headway_lightning.zoo.mlp import MLP

from tests.benchmarks.sweeps import commands

TRIALS = int(os.environ.get("HEADWAY_TRIALS", "50"))
EPOCHS = int(os.environ.get("HEADWAY_EPOCHS", "100"))
WIDEST = int(os.environ.get("HEADWAY_WIDEST", "1024"))
"""The full measurement's, hours on a small machine, unless somebody asks for less."""
PATIENCE = 8
EXPERIMENT = """# @package _global_
defaults:
  - override /data: adult
  - override /features: tabular
  - override /model: mlp
  - override /evaluation: classification
seed: 7
data: {path: adult.parquet, split: {by: column, column: split}}
model: {embedding: 0}
"""


@dataclass(frozen=True)
class Searched:
    """One study.

    Attributes:
        start: UNIX time of the command.
        ends: UNIX time at which each trial ended, and its loss; None for one that was pruned.
        epochs: Of all trials.
        startup: Seconds from the command to the begin of the first trial.
        loading: Seconds that trials spent on reading and preparing the table; ours do it in the first one.
        points: What was tried, in the order of the trials.
        cpu: Seconds that processors worked for it: what a busy machine changes least.
    """

    start: float
    ends: list[tuple[float, float | None]]
    epochs: int
    startup: float
    loading: float
    points: list[dict[str, Any]]
    cpu: float

    @property
    def best(self) -> float:
        return min(loss for _, loss in self.ends if loss is not None)

    @property
    def seconds(self) -> float:
        """From the command to the end of the last trial."""
        return self.ends[-1][0] - self.start

    @property
    def best_number(self) -> int:
        """Of the best trial."""
        return next(number for number, (_, loss) in enumerate(self.ends) if loss == self.best)

    def at(self, number: int) -> float:
        """Seconds from the command to the end of a trial; infinite if it was pruned."""
        end, loss = self.ends[number]
        return math.inf if loss is None else end - self.start

    def until(self, loss: float) -> float:
        """Seconds from the command to the first trial that is as good."""
        return next(end for end, own in self.ends if own is not None and own <= loss) - self.start

    def __str__(self) -> str:
        pruned = sum(loss is None for _, loss in self.ends)
        return (
            f"{len(self.ends)} trials ({pruned} pruned) in {self.seconds:.1f} s, {self.epochs} epochs, "
            f"{(self.seconds - self.startup - self.loading) / self.epochs * 1e3:.0f} ms an epoch, "
            f"{self.startup:.1f} s to the first trial, {self.loading:.1f} s loading, "
            f"{self.cpu:.1f} s of CPU, best {self.best:.5f} after {self.until(self.best):.1f} s"
        )


def table(folder: Path) -> Path:
    """The shipped sample with a column ``split``: 60, 20 and 20 %, stratified by the target."""
    frame = pl.read_parquet(Path(headway_samples.__file__).parent / "data" / "adult.parquet")
    random, splits = np.random.default_rng(7), np.empty(len(frame), object)
    for value in frame["income"].unique().sort():
        rows = random.permutation(np.flatnonzero((frame["income"] == value).to_numpy()))
        first, second = int(0.6 * len(rows)), int(0.8 * len(rows))
        splits[rows[:first]], splits[rows[first:second]], splits[rows[second:]] = "train", "validation", "test"
    path = folder / "adult.parquet"
    frame.with_columns(pl.Series("split", splits.astype(str))).write_parquet(path)
    return path


def space() -> dict[str, str]:
    """What is searched: parameter to its text, in Hydra's grammar and without blanks."""
    layers = [choice for choice in re.findall(r"\[[^]]*\]", MLP.space["layers"]) if max(json.loads(choice)) <= WIDEST]
    return {key: text.replace(" ", "") for key, text in MLP.space.items()} | {"layers": f"choice({','.join(layers)})"}


def theirs(folder: Path, table: Path) -> Searched:
    """The rival's study."""
    searched = [f"{name}={text}" for name, text in space().items()]
    words = [f"table={table}", f"max_epochs={EPOCHS}", f"patience={PATIENCE}", f"hydra.sweeper.n_trials={TRIALS}"]
    start, before = time.time(), _cpu()
    commands.run([*commands.theirs("adult.py"), *words, *searched], folder, TRIALS=str(folder / "trials.jsonl"))
    told = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    return Searched(
        start,
        [(trial["end"], trial["loss"]) for trial in told],
        sum(trial["epochs"] for trial in told),
        told[0]["begin"] - start,
        sum(trial["loaded"] - trial["begin"] for trial in told),
        [trial["point"] for trial in told],
        _cpu() - before,
    )


def ours(folder: Path, name: str, pruner: str, points: list[dict[str, Any]] | None = None) -> Searched:
    """A study of ours.

    Args:
        folder: A project without a store.
        name: The study's.
        pruner: Its name.
        points: What is tried; by default what the sampler chooses.
    """
    searched = {f"model.{key}": text for key, text in space().items()}
    sweep = {"space": searched, "optimize": {"validation.loss": "minimize"}, "trials": TRIALS, "pruner": pruner,
             "enqueue": [{f"model.{key}": value for key, value in point.items()} for point in points or ()],
             "final": False, "name": name}  # fmt: skip
    path = folder / "configs" / "experiment" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EXPERIMENT + yaml.safe_dump({"name": name, "sweep": sweep}))
    words = [f"experiment={name}", f"model.trainer.max_epochs={EPOCHS}", f"model.patience={PATIENCE}"]
    start, before = time.time(), _cpu()
    commands.run([*commands.OURS, *words], folder)
    return _read(folder / ".headway" / "studies" / name / "journal.jsonl", start, _cpu() - before)


def _cpu() -> float:
    """Of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(journal: Path, start: float, cpu: float) -> Searched:
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    told = [event for event in events if event["event"] == "tell"]
    first = min(event["time"] for event in events if event["event"] == "begin")
    return Searched(
        start,
        [(event["time"], event["values"][0] if event["values"] else None) for event in told],
        sum(event["event"] == "report" for event in events),
        first - start,
        0.0,
        [event["params"] for event in events if event["event"] == "ask"],
        cpu,
    )


def studies(folder: Path) -> Iterator[tuple[str, Searched]]:
    """The four, told as they end."""
    data = table(folder)
    rivals = theirs(_made(folder / "rival"), data)
    yield "rival", rivals
    for name, pruner, points in (
        ("same_points", "none", rivals.points), ("same_points_pruned", "median", rivals.points),
        ("own_points_pruned", "median", None),
    ):  # fmt: skip
        project = _made(folder / name)
        (project / "adult.parquet").symlink_to(data)
        yield name, ours(project, name, pruner, points)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
