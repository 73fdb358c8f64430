"""A pipeline of light stages: lines → counts → summary → ledger, to try the engine without any library."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from headway import Context, Secret, Seed, SourcePath, Stage, Uncached
from headway.contracts.artifact import Artifact
from headway.errors import DataError

from . import _arithmetic


@dataclass(frozen=True)
class Note(Artifact):
    """A JSON value."""

    type_name: ClassVar[str] = "note"
    value: object

    def save(self, folder: Path) -> None:
        (folder / "note.json").write_text(json.dumps(self.value, sort_keys=True))

    @classmethod
    def load(cls, folder: Path, lookup) -> Note:
        return cls(json.loads((folder / "note.json").read_text()))


@dataclass(frozen=True)
class Lines(Stage):
    """The lines of a text file."""

    path: SourcePath
    """The file."""
    token: Secret = ""
    """Used, never written."""

    def run(self, context: Context) -> Note:
        return Note(Path(self.path).read_text().splitlines())


@dataclass(frozen=True)
class Count(Stage):
    """How long each line is, slowly."""

    power: int = 1
    """The lengths are raised to it."""
    seconds: Annotated[float, Uncached()] = 0.0
    """How long to pretend to work."""

    def run(self, context: Context, lines: Note) -> Note:
        for step in range(1, 6):
            context.progress(step - 1, 5, "steps")
            if context.cancelled.wait(self.seconds / 5):
                break
            context.report(step, {"progress": step / 5})
        with Path(os.environ.get("TOY_LOG", os.devnull)).open("a") as log:
            log.write(f"count {self.power}\n")
        lengths = [_arithmetic.power(len(line), self.power) for line in lines.value]
        context.record({"total": sum(lengths)})
        return Note(lengths)


@dataclass(frozen=True)
class Crash(Stage):
    """A count that goes wrong in the way it is told to."""

    how: str = "error"
    """``error``, ``bug``, ``die`` or ``print``."""

    def run(self, context: Context, lines: Note) -> Note:
        if self.how == "error":
            raise DataError("the lines are too short", hint="write longer lines", code="too-short")
        if self.how == "bug":
            return Note(os.environ["NO_SUCH_VARIABLE"])  # the innermost line is Python's own
        if self.how == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        print("printed by the stage")
        context.log.info("logged by the stage")
        return Note([])


@dataclass(frozen=True)
class Summary(Stage):
    """The sum of the counts, beside those of the baselines."""

    seed: Seed = 0
    """Added to the sum."""

    def run(self, context: Context, model: Note, baselines: Mapping[str, Note] = {}) -> Note:
        value = {"sum": sum(model.value) + self.seed, "baselines": {n: sum(b.value) for n, b in baselines.items()}}
        context.record({"sum": value["sum"]} | {f"baselines.{n}.sum": v for n, v in value["baselines"].items()})
        return Note(value)


@dataclass(frozen=True)
class Ledger(Stage):
    """Appends the sum to a file outside the store."""

    effect: ClassVar[bool] = True
    path: str = ""
    """The file."""

    def run(self, context: Context, summary: Note) -> Note:
        with Path(self.path).open("a") as file:
            file.write(f"{summary.value['sum']}\n")
        time.sleep(0)
        return Note("written")


def headway_register(registry):
    registry.add("artifact", "note", Note)
    registry.add("lines", "file", Lines)
    registry.add("model", "count", Count)
    registry.add("model", "crash", Crash)
    registry.add("summary", "sum", Summary)
    registry.add("ledger", "append", Ledger)
