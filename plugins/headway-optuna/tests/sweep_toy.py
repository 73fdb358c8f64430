"""A project whose models are hills: a trial costs milliseconds, keeps checkpoints, and can be told to go wrong."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from headway.cli.main import main
from headway_optuna.trial import trials

PLUGIN = '''
import errno, json, os, signal, time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from headway import Context, DataError, Stage
from headway.contracts.artifact import Artifact


@dataclass(frozen=True)
class Note(Artifact):
    type_name: ClassVar[str] = "note"
    value: str

    def save(self, folder):
        (folder / "note.txt").write_text(self.value)

    @classmethod
    def load(cls, folder, lookup):
        return cls((folder / "note.txt").read_text())


def count(name):
    with open(Path(os.environ["TOY_LOG"]), "a") as log:
        log.write(name + "\\n")


@dataclass(frozen=True)
class Split:
    folds: int | None = None
    fold: int | None = None
    keep_test: bool = False


@dataclass(frozen=True)
class Rows(Stage):
    split: Split = Split()

    def run(self, context: Context) -> Note:
        count(f"data {self.split.fold}")
        return Note(str(self.split.fold or 0))


@dataclass(frozen=True)
class Scale(Stage):
    width: int = 1
    seconds: float = 0.0

    def run(self, context: Context, data: Note) -> Note:
        count(f"features {self.width}")
        time.sleep(self.seconds)
        return Note(data.value)


@dataclass(frozen=True)
class Hill(Stage):
    """A step at a time; a step that was taken is not taken again."""

    space: ClassVar = {"x": "interval(-3, 3)", "y": "int(interval(0, 8))"}
    x: float = 0.0
    y: int = 0
    layers: tuple[int, ...] = (1,)
    epochs: int = 4
    seconds: float = 0.0
    break_at: float | None = None
    die_at: int | None = None
    leave_out: bool = False

    def run(self, context: Context, features: Note) -> Note:
        if Path("full").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.break_at is not None and self.x > self.break_at:
            raise DataError(f"x is {self.x:.3f}, too high")
        loss = (self.x - 1) ** 2 + abs(self.y - 3) + 0.1 * len(self.layers) + int(features.value)
        checkpoint = context.work / "step"
        done = int(checkpoint.read_text()) if checkpoint.exists() else 0
        for step in range(1, self.epochs + 1):
            if step > done:
                time.sleep(self.seconds)
                count(f"step {self.x!r} {step}")
                (context.work / "next").write_text(str(step))
                (context.work / "next").rename(checkpoint)
            if step == self.die_at and not (context.work / "died").exists():
                (context.work / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            context.report(step, {"validation.loss": loss + 1 / step})
        metrics = {"validation.loss": loss, "validation.cost": float(self.y)}
        context.record({} if self.leave_out else metrics)
        return Note(str(loss))


@dataclass(frozen=True)
class Flat(Stage):
    space: ClassVar = {"height": "interval(0, 1)"}
    height: float = 0.5

    def run(self, context: Context, features: Note) -> Note:
        context.record({"validation.loss": 2 + self.height, "validation.cost": 0.0})
        return Note("flat")


@dataclass(frozen=True)
class Judge(Stage):
    def run(self, context: Context, model: Note) -> Note:
        count("evaluation")
        context.record({"test.loss": float(model.value) if model.value != "flat" else 2.0})
        return Note(model.value)


def headway_register(registry):
    registry.add("artifact", "note", Note)
    registry.add("data", "rows", Rows)
    registry.add("features", "scale", Scale)
    registry.add("model", "hill", Hill)
    registry.add("model", "flat", Flat)
    registry.add("evaluation", "judge", Judge)
'''
EXPERIMENT = """# @package _global_
defaults:
  - override /data: rows
  - override /features: scale
  - override /model: hill
  - override /evaluation: judge
  - override /export: null
  - override /deployment: null
name: toy
pipeline: [data, features, model, evaluation]
sweep:
  optimize: {validation.loss: minimize}
  trials: 8
"""
SPACE = ("model.x=interval(-3,3)", "model.y=int(interval(0,8))", "model.layers=choice([1],[1,2],[2,2,2])")


def hear_ctrl_c():
    """A shell without job control starts what is in its background deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Toy:
    """The project, and its command line in a process of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.log = folder / "log.txt"
        for path, text in (("plugins/toy.py", PLUGIN), ("configs/experiment/toy.yaml", EXPERIMENT)):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    @property
    def environment(self):
        return {**os.environ, "TOY_LOG": str(self.log), "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}

    def start(self, *words):
        command = [sys.executable, "-m", "headway.cli.main", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, preexec_fn=hear_ctrl_c, **pipes)

    def headway(self, *words):
        process = self.start(*words)
        process.out, process.err = process.communicate(timeout=120)
        return process

    def sweep(self, *words):
        return self.headway("sweep", "experiment=toy", *words)

    @property
    def events(self):
        return self.events_of("toy")

    def events_of(self, name):
        path = self.folder / ".headway" / "studies" / name / "journal.jsonl"
        if not path.exists():
            return []
        lines = path.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def trials(self):
        return trials(self.events)

    def trials_of(self, name):
        return trials(self.events_of(name))

    @property
    def computed(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def until(self, condition, process, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it never happened"
            if process.poll() is not None:
                return False
            time.sleep(0.003)
        return True


class Here(Toy):
    """The same in this process, with one worker in it too: quicker, and nothing can be killed."""

    def headway(self, *words):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.dict(os.environ, self.environment))
            for each in (
                contextlib.chdir(self.folder),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                stack.enter_context(each)
            code = main(list(words))
        return SimpleNamespace(returncode=code, out=out.getvalue(), err=err.getvalue())

    def sweep(self, *words):
        return super().sweep("runner.isolate=false", *words)


def children(pid):
    """The child processes of a process."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def lives(pid):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
