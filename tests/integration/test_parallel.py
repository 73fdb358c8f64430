"""Several stages at once, failures, signals: as a user types them."""

import json
import signal

import pytest

from tests.integration.test_run import wait_for

MORE = '''
"""Stages that meet, fail, or lack something."""
import time
from dataclasses import dataclass
from pathlib import Path

from headway import Context, HeadwayError, Stage

from .toy import Note


@dataclass(frozen=True)
class Meet(Stage):
    """Waits until another stage is there at the same time."""

    mine: str = ""
    other: str = ""

    def run(self, context: Context, lines: Note) -> Note:
        Path(self.mine).touch()
        end = time.monotonic() + 60
        while not Path(self.other).exists():
            assert time.monotonic() < end, "nobody came"
            time.sleep(0.01)
        return Note([len(self.mine)])


@dataclass(frozen=True)
class Broken(Stage):
    """Fails."""

    def run(self, context: Context, lines: Note) -> Note:
        raise HeadwayError("it is broken", hint="mend it")


@dataclass(frozen=True)
class Needy(Stage):
    """Needs what is not there."""

    def preflight(self):
        return [HeadwayError("there is no quantum computer", hint="buy one", code="no-quantum")]

    def run(self, context: Context, lines: Note) -> Note:
        return Note(1)


@dataclass(frozen=True)
class Checkpoints(Stage):
    """Keeps its state in its work folder, and notes how often it began."""

    def run(self, context: Context, lines: Note) -> Note:
        state = context.work / "state"
        begun = int(state.read_text()) + 1 if state.exists() else 1
        state.write_text(str(begun))
        context.report(begun, {"begun": begun})
        if begun == 1:
            context.cancelled.wait(60)
        return Note(begun)


def headway_register(registry):
    for cls in (Meet, Broken, Needy, Checkpoints):
        registry.add("model", cls.__name__.lower(), cls)
'''
PROJECT = """# @package _global_
defaults:
  - /lines: file
  - /model@one: count
  - /model@two: count
  - /summary: sum
name: pair
pipeline: [lines, one, two, summary]
lines: {path: lines.txt}
summary: {inputs: {model: two}}
"""


@pytest.fixture
def pair(toy):
    """A toy project with two stages that do not wait for one another."""
    (toy.folder / "plugins" / "zmore.py").write_text(MORE)
    (toy.folder / "configs" / "experiment" / "pair.yaml").write_text(PROJECT)
    return toy


def statuses(project):
    lines = project.headway("runs", "show", "latest").stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("stage "))
    rows = [line.split() for line in lines[start + 1 :]]
    return {row[0]: row[2] for row in rows[: next((n for n, row in enumerate(rows) if not row), None)]}


def test_independent_stages_run_at_once_with_two_workers(pair):
    words = ("two.mine=b", "two.other=a", "one.mine=a", "one.other=b", "runner.workers=2")
    done = pair.headway("run", "experiment=pair", "model@one=meet", "model@two=meet", *words)
    assert done.returncode == 0, done.stderr


def test_two_workers_give_the_artifacts_of_one(toys):
    for project, workers in zip(toys, ("1", "2"), strict=True):
        (project.folder / "configs" / "experiment" / "pair.yaml").write_text(PROJECT)
        done = project.headway("run", "-m", "experiment=pair", "two.power=2", "seed=1,2", f"runner.workers={workers}")
        assert done.returncode == 0, done.stderr
    assert toys[0].digests() == toys[1].digests() != {}


def test_several_workers_in_one_process_are_refused(toy):
    done = toy.headway("run", "experiment=toy", "runner.workers=2", "runner.isolate=false")
    assert done.returncode == 2
    assert "runner.isolate=true" in done.stderr


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_after_a_failure_nothing_more_begins_and_all_that_is_left_is_told(pair, isolate):
    done = pair.headway("run", "experiment=pair", "model@one=broken", f"runner.isolate={isolate}")
    assert done.returncode == 1
    assert "two                      skipped: stopped when one failed" in done.stderr
    assert done.stderr.count("error[") == 1
    assert statuses(pair) == {"lines": "done", "one": "failed", "two": "skipped", "summary": "skipped"}


def test_keeping_going_runs_all_that_does_not_need_the_failure(pair):
    done = pair.headway("run", "experiment=pair", "model@one=broken", "--keep-going")
    assert done.returncode == 1
    assert statuses(pair) == {"lines": "done", "one": "failed", "two": "done", "summary": "done"}
    other = pair.headway("run", "experiment=pair", "model@two=broken", "--keep-going")
    assert "summary                  skipped: needs two" in other.stderr, other.stderr


def test_a_grid_with_a_failure_ends_in_a_table_with_all_runs(pair):
    words = ("experiment=toy", "model=broken,count", "seed=1,2")
    done = pair.headway("run", "-m", *words, "--keep-going")
    assert done.returncode == 1
    rows = [line.split()[:3] for line in done.stdout.partition("mean ±")[0].splitlines()]
    assert [row for row in rows if row[1:2] in (["1"], ["2"])] == [
        ["broken", "1", "failed"], ["broken", "2", "failed"], ["count", "1", "done"], ["count", "2", "done"],
    ]  # fmt: skip
    assert done.stderr.count("it is broken") == 1


def test_what_is_missing_is_told_before_anything_runs_and_only_if_it_is_needed(pair):
    done = pair.headway("run", "experiment=toy", "model=needy")
    assert done.returncode == 1
    assert "no quantum computer" in done.stderr
    assert "nothing was run" in done.stderr
    assert not (pair.folder / ".headway" / "runs").exists()
    assert pair.headway("run", "experiment=toy", "model=needy", "--to", "lines").returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_closes_the_run_and_keeps_the_work_folder_for_the_next_attempt(pair, number, code):
    run = pair.start("run", "experiment=toy", "model=checkpoints")
    work = pair.folder / ".headway" / "work"
    wait_for(lambda: list(work.glob("*/state")))
    run.send_signal(number)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == code, errors
    assert "the same command goes on from what is saved" in errors
    assert "Traceback" not in errors
    assert statuses(pair)["model"] == "interrupted"
    assert list(work.glob("*/state"))
    again = pair.headway("run", "experiment=toy", "model=checkpoints", "--to", "model")
    assert again.returncode == 0, again.stderr
    shown = pair.folder / ".headway" / "runs" / "latest" / "model" / "note.json"
    assert json.loads(shown.read_text()) == 2
    assert not list(work.glob("*/state"))


def test_a_part_of_a_pipeline_runs_and_the_rest_follows_later(toy):
    assert toy.headway("run", "experiment=toy", "--to", "model").returncode == 0
    assert toy.headway("plan", "experiment=toy").stdout.splitlines()[-1] == "1 of 3 stages would run"
    assert toy.headway("run", "experiment=toy", "--from", "summary").returncode == 0
    assert toy.computed() == ["count 1"]
    assert toy.headway("run", "experiment=toy", "--force", "model").returncode == 0
    assert toy.computed() == ["count 1", "count 1"]


def test_a_plan_in_json_says_all_that_the_text_says(toy):
    toy.headway("run", "experiment=toy")
    told = json.loads(toy.headway("plan", "experiment=toy", "model.power=2", "--format", "json").stdout)
    assert [(stage["label"], stage["verdict"]) for stage in told["stages"]] == [
        ("lines", "cached"), ("model", "run"), ("summary", "run"),
    ]  # fmt: skip
    (reason,) = told["stages"][2]["reasons"]
    assert reason["cause"]["what"] == "model.power 1 → 2"
    assert reason["cause"]["where"] == {"source": "command line", "line": None, "column": 13}
    assert told["to_run"] == 2


@pytest.mark.parametrize(("form", "start"), [("dot", "digraph"), ("html", "<!doctype html>")])
def test_a_plan_can_be_drawn(toy, form, start):
    done = toy.headway("plan", "experiment=toy", "--format", form)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(start)
    assert "summary" in done.stdout
