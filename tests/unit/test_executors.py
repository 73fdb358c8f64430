"""Worker processes, driven as the runner drives them."""

import fcntl
import os
import signal
import time

import pytest
from headway.executors import THREADS, InProcess, WorkerProcesses, limits, processors
from headway.plugins import load
from headway.progress import Progress
from headway.task import Task

PLUGIN = '''
import fcntl, json, os, signal, subprocess, sys, threading, time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from headway import Context, Stage
from headway.contracts.artifact import Artifact

@dataclass(frozen=True)
class Note(Artifact):
    type_name: ClassVar[str] = "note"
    value: object
    def save(self, folder):
        (folder / "note.json").write_text(json.dumps(self.value))
    @classmethod
    def load(cls, folder, lookup):
        return cls(json.loads((folder / "note.json").read_text()))

@dataclass(frozen=True)
class Do(Stage):
    what: str
    argument: str = ""
    def run(self, context: Context) -> Note:
        return Note(getattr(self, self.what)(context))
    def meet(self, context):
        """Waits until another stage is there at the same time."""
        mine, other = (Path(name) for name in self.argument.split(":"))
        mine.touch()
        end = time.monotonic() + 60
        while not other.exists():
            assert time.monotonic() < end, "nobody came"
            time.sleep(0.01)
        return "met"
    def pid(self, context):
        return os.getpid()
    def project(self, context):
        return str(context.project)
    def threads(self, context):
        return {name: os.environ.get(name) for name in self.argument.split(",")}
    def wait(self, context):
        context.report(1, {"there": 1.0})
        context.cancelled.wait(60)
        return "stopped" if context.cancelled.is_set() else "nobody asked"
    def obey(self, context):
        """Stops in the way that Lightning does."""
        context.report(1, {"there": 1.0})
        if context.cancelled.wait(60):
            raise KeyboardInterrupt
    def leave(self, context):
        sys.exit("no more")
    def stubborn(self, context):
        context.report(1, {"there": 1.0})
        time.sleep(600)
    def die(self, context):
        os.kill(os.getpid(), signal.SIGKILL)
    def orphan(self, context):
        """Dies, leaving a child that holds its pipes open."""
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        os._exit(3)
    def nurse(self, context):
        """Waits for a child of its own, as long as which lives a file is locked."""
        held = os.open(self.argument, os.O_RDWR | os.O_CREAT)
        fcntl.flock(held, fcntl.LOCK_EX)
        child = subprocess.Popen(["sleep", "600"], pass_fds=(held,))
        os.close(held)
        context.report(1, {"there": 1.0})
        child.wait()
    def walk(self, context):
        for number in range(50_000):
            context.progress(number, 50_000, "steps", note="on foot")
        return "there"
    def chat(self, context):
        for number in range(2000):
            print("line", number)
        sys.stdout.write("10%\\r50%\\r100%\\n")
        sys.stdout.flush()
        return "said"
    def murmur(self, context):
        """Prints a line that has no end, then does what it is told to."""
        print(self.argument, "was here", end="")
        return getattr(self, self.argument)(context)
    def mutter(self, context):
        """The same, at once."""
        print("last words", end="", flush=True)
        return getattr(self, self.argument)(context)

def headway_register(registry):
    registry.add("artifact", "note", Note)
    registry.add("do", "do", Do)
'''


class Events:
    def __init__(self):
        self.steps, self.lines, self.progresses = [], [], []

    def waiting(self): ...

    def step(self, step, metrics):
        self.steps.append((step, metrics))

    def progress(self, progress):
        self.progresses.append(progress)

    def output(self, text):
        self.lines.append(text)


@pytest.fixture
def task(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "do.py").write_text(PLUGIN)
    numbers = iter(range(100))

    def make(what, argument=""):
        values = {"what": what, "argument": argument}
        key = f"{next(numbers):064x}"
        return Task(what, what, "do", "do", key, values, {}, {}, str(tmp_path / "store"), str(tmp_path))

    return make


def note(task, outcome):
    from pathlib import Path

    from headway.store import open_store

    assert outcome.status == "done", outcome
    return open_store(Path(task.store)).artifacts.load(outcome.digest, load(Path(task.project)).registry).value


def test_two_workers_run_two_stages_at_the_same_time(task, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    with WorkerProcesses(2) as workers:
        workers.start(task("meet", f"{here}:{there}"), Events())
        workers.start(task("meet", f"{there}:{here}"), Events())
        assert {workers.wait()[1].status, workers.wait()[1].status} == {"done"}


def test_a_stage_knows_the_project_whose_plugins_its_processes_would_load(task, tmp_path):
    with WorkerProcesses() as workers:
        asked = task("project")
        workers.start(asked, Events())
        assert note(asked, workers.wait()[1]) == str(tmp_path)


def test_a_worker_is_kept_warm_for_the_next_task(task):
    with WorkerProcesses() as workers:
        pids = []
        for _ in range(2):
            workers.start(task("pid"), Events())
            pids.append(note(*workers.wait()))
    assert pids[0] == pids[1] != os.getpid()


def test_what_a_stage_prints_comes_before_its_outcome_and_progress_bars_leave_one_line(task):
    events = Events()
    with WorkerProcesses() as workers:
        workers.start(task("chat"), events)
        assert workers.wait()[1].status == "done"
    assert len(events.lines) == 2001
    assert events.lines[-2:] == ["line 1999", "100%"]


def test_a_last_line_without_an_end_is_its_own_tasks(task):
    first, second = Events(), Events()
    with WorkerProcesses() as workers:
        for heard in (first, second):
            workers.start(task("murmur", "pid"), heard)
            assert workers.wait()[1].status == "done"
    assert first.lines == second.lines == ["pid was here"]


def test_the_last_words_of_a_worker_that_dies_are_told(task):
    heard = Events()
    with WorkerProcesses() as workers:
        workers.start(task("mutter", "die"), heard)
        assert workers.wait()[1].failure.code == "worker-died"
        assert heard.lines == ["last words"]


def test_the_last_words_of_a_stage_that_is_ended_are_told_before_its_outcome(task, monkeypatch):
    monkeypatch.setattr("headway.executors.GRACE", 0.2)
    heard = Events()
    with WorkerProcesses() as workers:
        workers.start(task("mutter", "stubborn"), heard)
        until(lambda: heard.steps, workers)
        for _, outcome in workers.cancel():
            assert outcome.status == "interrupted"
            assert heard.lines == ["last words"]
    assert heard.lines == ["last words"]


def test_progress_comes_through_the_pipe_some_eight_times_a_second(task):
    events = Events()
    with WorkerProcesses() as workers:
        workers.start(task("walk"), events)
        _, outcome = workers.wait()
    assert outcome.status == "done"
    assert 5 <= len(events.progresses) <= 6 + 8 * outcome.seconds
    assert events.progresses[0] == Progress(0, 50_000, "steps", note="on foot")
    assert events.progresses == sorted(events.progresses, key=lambda progress: progress.done)


@pytest.mark.parametrize(("how", "words"), [("die", "signal 9"), ("orphan", "exit code 3")])
def test_a_worker_that_dies_is_told_and_replaced(task, how, words):
    with WorkerProcesses() as workers:
        workers.start(task(how), Events())
        _, outcome = workers.wait()
        assert outcome.status == "failed"
        assert outcome.failure.code == "worker-died"
        assert words in outcome.failure.what
        workers.start(task("pid"), Events())
        assert workers.wait()[1].status == "done"


def test_a_stage_that_leaves_the_process_has_failed(task):
    with WorkerProcesses() as workers:
        workers.start(task("leave"), Events())
        _, outcome = workers.wait()
    assert outcome.status == "failed"
    assert "SystemExit: no more" in outcome.failure.what


@pytest.mark.parametrize("how", ["wait", "obey"])
def test_cancelling_asks_every_stage_and_gives_their_outcomes(task, how):
    events = [Events(), Events()]
    with WorkerProcesses(2) as workers:
        for heard in events:
            workers.start(task(how), heard)
        until(lambda: all(heard.steps for heard in events), workers)
        outcomes = [outcome.status for _, outcome in workers.cancel()]
    assert outcomes == ["interrupted", "interrupted"]


def test_a_stage_that_does_not_listen_is_ended(task, monkeypatch):
    monkeypatch.setattr("headway.executors.GRACE", 0.2)
    heard = Events()
    with WorkerProcesses() as workers:
        workers.start(task("stubborn"), heard)
        until(lambda: heard.steps, workers)
        assert [outcome.status for _, outcome in workers.cancel()] == ["interrupted"]


@pytest.mark.parametrize("how", ["cancelled", "killed", "left"])
def test_what_a_stage_started_does_not_outlive_its_worker(task, tmp_path, monkeypatch, how):
    monkeypatch.setattr("headway.executors.GRACE", 0.2)
    heard, path = Events(), tmp_path / "child"
    with WorkerProcesses() as workers:
        workers.start(task("nurse", str(path)), heard)
        until(lambda: heard.steps, workers)
        with path.open() as locked:
            assert is_locked(locked)
            process = workers._workers[0]._process
            if how == "cancelled":
                assert [outcome.status for _, outcome in workers.cancel()] == ["interrupted"]
            elif how == "killed":
                process.send_signal(signal.SIGKILL)
                assert workers.wait()[1].failure.code == "worker-died"
            else:
                process.stdin.close()  # as the kernel does it for a controller that is killed
            end = time.monotonic() + 60
            while is_locked(locked):
                assert time.monotonic() < end, "the child lives on"
                time.sleep(0.02)


def is_locked(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def until(condition, workers):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        assert workers._look(0.05) is None


def test_an_interrupt_in_process_leaves_the_task_to_be_told(task, monkeypatch):
    import headway.worker

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(headway.worker, "execute", interrupted)
    here, given = InProcess(load()), task("pid")
    here.start(given, Events())
    with pytest.raises(KeyboardInterrupt):
        here.wait()
    assert [(told.key, outcome.status) for told, outcome in here.cancel()] == [(given.key, "interrupted")]


def test_several_workers_share_the_processors(task, monkeypatch):
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    share = str(max(1, processors() // 2))
    with WorkerProcesses(2) as workers:
        workers.start(task("threads", ",".join(THREADS)), Events())
        assert note(*workers.wait()) == dict.fromkeys(THREADS, share)


def test_one_worker_has_the_whole_machine_and_a_users_word_counts(monkeypatch):
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    assert limits(1, None) == {}
    assert limits(1, 3) == dict.fromkeys(THREADS, "3")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert "OMP_NUM_THREADS" not in limits(4, None)
    assert limits(4, 1)["OMP_NUM_THREADS"] == "1"
