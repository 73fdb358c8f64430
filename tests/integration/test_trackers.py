"""Trackers: what holds for each, and that none can stop or slow a run."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from headway.testing import Kept, TrackerSuite
from headway.tracker import TrackedRun, TrackedStage, Tracker


@dataclass(frozen=True)
class Lines(Tracker):
    """Appends what happens to a file of JSON lines."""

    token: str = ""
    """Nothing needs it."""

    def open(self, run: TrackedRun):
        return LinesTracking(run)


class LinesTracking:
    def __init__(self, run):
        self._path = path_of(run)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._write("run", name=run.name, group=run.group, config=run.config)

    def stage_started(self, stage):
        self._write("stage", name=stage, status="running")

    def metrics(self, stage, step, metrics):
        self._write("metrics", stage=stage, step=step, metrics=metrics)

    def stage_finished(self, stage: TrackedStage):
        self._write("stage", name=stage.name, status=stage.status)

    def close(self, status, metrics):
        self._write("close", status=status)

    def _write(self, what, **values):
        with self._path.open("a") as file:
            file.write(json.dumps({"what": what, **values}) + "\n")


def path_of(run):
    return run.store / "trackers" / "lines" / f"{run.identity}.jsonl"


def read_lines(run):
    lines = [json.loads(line) for line in path_of(run).read_text().splitlines()]
    steps, final, stages = {}, {}, {}
    for line in lines:
        if line["what"] == "metrics" and line["step"] is not None:
            steps.setdefault(line["stage"], []).append((line["step"], line["metrics"]))
        elif line["what"] == "metrics":
            final.setdefault(line["stage"], {}).update(line["metrics"])
        elif line["what"] == "stage":
            stages[line["name"]] = line["status"]
    head, end = lines[0], lines[-1]
    return Kept(head["name"], head["group"], head["config"], steps, final, stages, end.get("status"))


class TestLines(TrackerSuite):
    @pytest.fixture
    def tracker(self):
        return Lines()

    @pytest.fixture
    def read_back(self):
        return read_lines
