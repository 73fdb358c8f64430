"""Trackers: one that keeps JSON lines, one that fails, one that never answers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from headway import Secret
from headway.tracker import TrackedRun, TrackedStage, Tracker


@dataclass(frozen=True)
class Lines(Tracker):
    """Appends what happens to a file of JSON lines, one for all attempts at a run."""

    token: Secret = ""
    """Used, never written."""

    def open(self, run: TrackedRun) -> LinesTracking:
        return LinesTracking(run)


class LinesTracking:
    """The file of one run."""

    def __init__(self, run: TrackedRun) -> None:
        self._path = path_of(run)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._write("run", id=run.id, name=run.name, group=run.group, label=run.label, config=run.config)

    def stage_started(self, stage):
        self._write("stage", name=stage, status="running")

    def metrics(self, stage, step, metrics):
        self._write("metrics", stage=stage, step=step, metrics=metrics)

    def stage_finished(self, stage: TrackedStage):
        self._write("stage", name=stage.name, status=stage.status)

    def close(self, status, metrics):
        self._write("close", status=status, metrics=metrics)

    def _write(self, what, **values):
        with self._path.open("a") as file:
            file.write(json.dumps({"what": what, **values}) + "\n")


def path_of(run):
    return run.store / "trackers" / "lines" / f"{run.identity}.jsonl"


@dataclass(frozen=True)
class Failing(Tracker):
    """Fails at the first metrics."""

    def open(self, run):
        return FailingTracking()


class FailingTracking:
    """Knows of stages only."""

    def stage_started(self, stage):
        pass

    def stage_finished(self, stage):
        pass


@dataclass(frozen=True)
class Blocking(Tracker):
    """Opens when there is a file ``released`` in the store."""

    def open(self, run):
        while not (run.store / "released").exists():
            time.sleep(0.01)
        return LinesTracking(run)


def headway_register(registry):
    registry.add("tracker", "lines", Lines)
    registry.add("tracker", "failing", Failing)
    registry.add("tracker", "blocking", Blocking)
