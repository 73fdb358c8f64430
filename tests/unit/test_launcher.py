"""Experiments that are launched while others run."""

import pytest
from headway.config import check, compose
from headway.errors import StoreError, UsageError
from headway.executors import shares, visible_gpus
from headway.planning import up_to
from headway.session import Session

PLUGIN = """
import os, signal, time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from headway import Context, SourcePath, Stage
from headway.tracker import Tracker
from headway.contracts.artifact import Artifact

@dataclass(frozen=True)
class Note(Artifact):
    type_name: ClassVar[str] = "note"
    value: str
    def save(self, folder):
        (folder / "note.txt").write_text(self.value)
    @classmethod
    def load(cls, folder, lookup):
        print("loaded", flush=True)
        return cls((folder / "note.txt").read_text())

@dataclass(frozen=True)
class Rows(Stage):
    name: str = "rows"
    seconds: float = 0.0
    path: SourcePath = ""
    def run(self, context: Context) -> Note:
        time.sleep(self.seconds)
        with open(Path(os.environ["TOY_LOG"]), "a") as log:
            log.write(f"{self.name}\\n")
        return Note(self.name)

@dataclass(frozen=True)
class Learn(Stage):
    steps: int = 3
    seconds: float = 0.0
    deaths: int = 0
    def run(self, context: Context, data: Note) -> Note:
        there = context.work / "deaths"
        died = int(there.read_text()) if there.exists() else 0
        if died < self.deaths:
            there.write_text(str(died + 1))
            os.kill(os.getpid(), signal.SIGKILL)
        for step in range(1, self.steps + 1):
            context.report(step, {"validation.loss": 1 / step})
            time.sleep(self.seconds)
        context.record({"validation.loss": 1 / self.steps})
        return Note(data.value)

class Slow:
    def __getattr__(self, name):
        return lambda *given: None
    def close(self, status, metrics):
        folder = Path(os.environ["TOY_LOG"]).parent
        while not (folder / "go").exists():
            time.sleep(0.01)
        with open(folder / "closed", "a") as file:
            file.write("x")

@dataclass(frozen=True)
class SlowTracker(Tracker):
    def open(self, run):
        return Slow()

def headway_register(registry):
    registry.add("tracker", "slow", SlowTracker)
    registry.add("artifact", "note", Note)
    registry.add("data", "rows", Rows)
    registry.add("model", "learn", Learn)
"""


class Heard:
    """Everything that is told, in its order."""

    def __init__(self):
        self.started, self.steps, self.outcomes, self.lines = [], [], {}, []
        self.on_step = lambda label, step: None

    def stage_started(self, label, reasons):
        self.started.append(label)

    def stage_waiting(self, label): ...

    def step(self, label, step, metrics):
        self.steps.append((label, step, metrics["validation.loss"]))
        self.on_step(label, step)

    def progress(self, label, progress): ...

    def output(self, label, text):
        self.lines.append(text)

    def stage_finished(self, label, outcome):
        self.outcomes[label] = outcome


class Toy:
    def __init__(self, folder):
        self.log = folder / "log.txt"
        self.session = Session.open(folder)

    def experiment(self, *words, to="model"):
        base = ("data=rows", "model=learn", "pipeline=[data,model]", "~export", "~deployment")
        session = self.session
        made = check(compose(session.project, [*base, *words], session.plugins), session.plugins)
        return up_to(made, [to])

    @property
    def computed(self):
        return self.log.read_text().split()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "toy.py").write_text(PLUGIN)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log.txt"))
    monkeypatch.setenv("HEADWAY_BLOCK", "")
    return Toy(tmp_path)


def finish(launcher, count):
    over = []
    while len(over) < count:
        over += launcher.wait(1.0)
    return over


@pytest.mark.parametrize("workers", [0, 2])
def test_what_two_launches_share_is_computed_once(toy, workers):
    heard = [Heard(), Heard()]
    with toy.session.launching(workers, 1, 1) as launcher:
        for index, each in enumerate(heard):
            experiment = toy.experiment("data.seconds=0.2", f"model.steps={index + 2}")
            launcher.launch([experiment], each, "group", f"trial {index}")
        done = finish(launcher, 2)
    assert toy.computed == ["rows"]
    results = [result for launched in done for result in launched.results]
    assert sorted((result.label, result.status) for result in results) == [("trial 0", "done"), ("trial 1", "done")]
    assert {run.group for run in toy.session.records.list()} == {"group"}
    assert [len(each.steps) for each in heard] == [2, 3]


def test_a_launch_joins_while_others_run(toy):
    first, second = Heard(), Heard()
    with toy.session.launching(2, 1, 1) as launcher:
        launcher.launch([toy.experiment("model.steps=40", "model.seconds=0.05")], first, "group", "long")
        while not first.steps:
            launcher.wait(0.1)
        assert launcher.is_hungry
        short = launcher.launch([toy.experiment("model.steps=1")], second, "group", "short")
        assert finish(launcher, 1) == [short]
        assert len(first.steps) < 40


@pytest.mark.parametrize("workers", [0, 1])
def test_a_stage_that_is_stopped_is_pruned_and_leaves_nothing(toy, workers):
    heard = Heard()
    with toy.session.launching(workers, 1, 1) as launcher:
        launched = launcher.launch([toy.experiment("model.steps=60", "model.seconds=0.01")], heard, "group", "one")
        heard.on_step = lambda label, step: step == 2 and launcher.stop(launched)
        finish(launcher, 1)
        heard.on_step = lambda label, step: None
        again = launcher.launch([toy.experiment("model.steps=60", "model.seconds=0.01")], Heard(), "group", "two")
        finish(launcher, 1)
    assert heard.outcomes["model"].status == "pruned"
    assert [run.status for run in toy.session.records.list()] == ["done", "pruned"]
    assert len(heard.steps) < 60
    assert [result.status for result in again.results] == ["done"], "though it is the same stage"
    key = next(node.key for node in launched.plan.nodes if node.label == "model")
    assert toy.session.artifacts.find(key) is not None
    assert not toy.session.artifacts.work_folder(key).exists()


def test_trackers_of_what_has_ended_keep_nothing_else_waiting(toy, tmp_path):
    with toy.session.launching(0, 1, 1) as launcher:
        for number in range(2):
            experiment = toy.experiment(f"model.steps={number + 1}", "trackers=slow")
            launched = launcher.launch([experiment], Heard(), "group", str(number))
            assert finish(launcher, 1) == [launched]
            assert [result.status for result in launched.results] == ["done"]
        assert not (tmp_path / "closed").exists(), "the trackers of both are at work"
        (tmp_path / "go").touch()
    assert (tmp_path / "closed").read_text() == "xx"


def test_stages_that_have_not_begun_when_a_launch_is_stopped_do_not_begin(toy):
    heard = Heard()
    with toy.session.launching(1, 1, 1) as launcher:
        launched = launcher.launch([toy.experiment("data.seconds=0.1")], heard, "group", "one")
        launcher.wait(0.05)
        launcher.stop(launched)
        finish(launcher, 1)
    assert heard.outcomes["data"].status == "done"
    assert heard.outcomes["model"].status == "pruned"
    assert heard.started == ["data"]


@pytest.mark.parametrize(("deaths", "status"), [(2, "done"), (3, "failed")])
def test_a_stage_whose_worker_dies_begins_again_twice(toy, deaths, status):
    heard = Heard()
    with toy.session.launching(1, 1, 1) as launcher:
        launched = launcher.launch([toy.experiment(f"model.deaths={deaths}")], heard, "group", "one")
        finish(launcher, 1)
    assert heard.outcomes["model"].status == status
    assert [line for line in heard.lines if "signal 9" in line and "begun again" in line][1:] != []
    assert [result.status for result in launched.results] == [status]


def test_inputs_stay_in_the_memory_of_a_worker(toy):
    heard = [Heard(), Heard()]
    with toy.session.launching(1, 1, 1) as launcher:
        for index, each in enumerate(heard):
            launcher.launch([toy.experiment(f"model.steps={index + 1}")], each, "group", str(index))
            finish(launcher, 1)
    assert [each.lines.count("loaded") for each in heard] == [1, 0]


def test_the_history_of_a_cached_stage_can_be_asked_for(toy):
    with toy.session.launching(1, 1, 1) as launcher:
        for _ in range(2):
            launched = launcher.launch([toy.experiment()], Heard(), "group", "one")
            finish(launcher, 1)
        steps = [(step, metrics["validation.loss"]) for step, metrics in launcher.history(launched, "model")]
    assert launched.results[0].stages[-1].status == "cached"
    assert steps == [(1, 1.0), (2, 1 / 2), (3, 1 / 3)]


def test_runs_are_closed_as_interrupted_when_the_block_ends(toy, monkeypatch):
    monkeypatch.setattr("headway.executors.GRACE", 0.2)
    heard = Heard()
    with toy.session.launching(1, 1, 1) as launcher:
        launched = launcher.launch([toy.experiment("model.seconds=10")], heard, "group", "one")
        while not heard.steps:
            launcher.wait(0.1)
    assert toy.session.records.show(launched.runs[0]).status == "interrupted"


def test_a_launch_that_cannot_be_closed_keeps_no_other_open(toy, monkeypatch):
    records, runs = toy.session.records, []
    real = records.close_run

    def full(run, *told):
        if run == runs[0]:
            raise StoreError("no space left on device")
        real(run, *told)

    monkeypatch.setattr(records, "close_run", full)
    launching = toy.session.launching(0, 1, 1)
    launcher = launching.__enter__()
    for number in range(2):
        runs += launcher.launch([toy.experiment(f"model.steps={number + 1}")], Heard(), "group", str(number)).runs
    with pytest.raises(StoreError, match="no space"):
        launching.__exit__(None, None, None)
    assert [records.show(run).status for run in runs] == ["running", "interrupted"]


def test_gpus_are_dealt_out_in_turn_and_shared_where_they_are_few(monkeypatch):
    assert shares(["0", "1", "2", "3"], 2, 2) == ("0,1", "2,3")
    assert shares(["0", "1"], 3, 1) == ("0", "1", "0")
    assert shares(["0"], 2, 4) == ("0", "0")
    assert shares([], 2, 1) == ()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, 5")
    assert visible_gpus() == ["3", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []


def test_what_stages_are_made_of_beside_their_config_tells_changes_of_code_and_data(toy):
    rows = toy.session.project / "rows.csv"
    rows.write_text("1")

    def made_of():
        with Toy(toy.session.project).session.launching(0, 1, 1) as launcher:
            return launcher.made_of([toy.experiment(f"data.path={rows.name}", "model.steps=2")], ["model"])

    first = made_of()
    assert set(first) == {"data rows", "model learn"}
    assert made_of() == first
    rows.write_text("23")
    data = made_of()
    differ = {part for part in first["data rows"] if first["data rows"][part] != data["data rows"][part]}
    assert differ == {"source path"}
    assert data["model learn"] == first["model learn"]


def test_more_gpus_for_a_worker_than_there_are_are_refused(toy, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(UsageError, match="2 GPUs, and there are 1"), toy.session.launching(1, 1, 2):
        pass
    with toy.session.launching(1, 1, 1):
        pass
