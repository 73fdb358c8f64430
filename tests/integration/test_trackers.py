"""Trackers: what holds for each of them, what a run tells them, and that none can stop or slow it."""

import json
import shutil
import signal
import warnings

import pytest
from headway.session import Session
from headway.testing import Kept, TrackerSuite

from tests.integration.conftest import TOY
from tests.integration.test_run import wait_for
from tests.integration.toy.following import Lines, path_of


class TestLines(TrackerSuite):
    @pytest.fixture
    def tracker(self):
        return Lines()

    @pytest.fixture
    def read_back(self):
        return lambda run: kept(read(path_of(run)))


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def kept(lines):
    metrics = [line for line in lines if line["what"] == "metrics"]
    steps, final = {}, {}
    for line in metrics:
        if line["step"] is None:
            final.setdefault(line["stage"], {}).update(line["metrics"])
        else:
            steps.setdefault(line["stage"], []).append((line["step"], line["metrics"]))
    stages = {line["name"]: line["status"] for line in lines if line["what"] == "stage"}
    head, end = lines[0], lines[-1]
    return Kept(head["name"], head["group"], head["config"], steps, final, stages, end.get("status"))


@pytest.fixture
def followed(toy):
    """The toy pipeline and its trackers."""
    shutil.copy(TOY / "following.py", toy.folder / "plugins" / "following.py")
    return toy


def files(toy):
    """What each run was told, oldest first."""
    paths = (toy.folder / ".headway" / "trackers" / "lines").glob("*.jsonl")
    return [read(path) for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path))]  # ids of one second


def test_a_tracker_is_told_everything_in_order(followed):
    done = followed.headway("run", "experiment=toy", "trackers=lines", "baselines=[count]")
    assert done.returncode == 0, done.stderr
    (lines,) = files(followed)
    assert [line["what"] for line in (lines[0], lines[-1])] == ["run", "close"]
    model = [line for line in lines if "model" in (line.get("name"), line.get("stage"))]
    assert [line.get("status", line.get("step")) for line in model] == ["running", 1, 2, 3, 4, 5, None, "done"]
    told = kept(lines)
    assert told.final["model"] == told.final["model[count]"] == {"total": 13}
    assert told.config["seed"] == 3
    assert lines[-1]["metrics"] == {"model.total": 13, "model[count].total": 13, "summary.sum": 16,
                                    "summary.baselines.count.sum": 13}  # fmt: skip


def test_the_history_of_cached_stages_is_told_again(followed):
    for _ in range(2):
        assert followed.headway("run", "experiment=toy", "trackers=lines").returncode == 0
    first, second = map(kept, files(followed))
    assert second.stages == {"lines": "cached", "model": "cached", "summary": "cached"}
    assert (second.steps, second.final, second.status) == (first.steps, first.final, "done")
    assert [step for step, _ in second.steps["model"]] == [1, 2, 3, 4, 5]


def test_every_run_of_a_grid_is_followed_on_its_own(followed):
    assert followed.headway("run", "-m", "experiment=toy", "seed=1,2", "trackers=lines").returncode == 0
    heads = [lines[0] for lines in files(followed)]
    assert {head["label"] for head in heads} == {"seed=1", "seed=2"}
    assert len({head["group"] for head in heads} - {None}) == 1
    assert [kept(lines).final["summary"]["sum"] for lines in files(followed)] == [
        13 + head["config"]["seed"] for head in heads
    ]


def test_a_stage_that_fails_is_told(followed):
    assert followed.headway("run", "experiment=toy", "model=crash", "trackers=lines").returncode == 1
    (lines,) = files(followed)
    assert (kept(lines).status, kept(lines).stages["model"]) == ("failed", "failed")


def test_a_run_that_was_killed_goes_on_in_the_same_file(followed):
    words = ("run", "experiment=toy", "model.seconds=3", "trackers=lines")
    run = followed.start(*words)
    wait_for(lambda: files(followed) and kept(files(followed)[0]).stages.get("model") == "running")
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)
    again = followed.headway(*words)
    assert again.returncode == 0, again.stderr
    assert len(files(followed)) == 1, "the second attempt was told as another run"
    (lines,) = files(followed)
    assert [line["what"] for line in lines].count("run") == 2
    assert kept(lines).status == "done"


def test_a_tracker_that_fails_is_one_warning_and_the_others_go_on(followed):
    done = followed.headway("run", "experiment=toy", "trackers=[failing,lines]")
    assert done.returncode == 0, done.stderr
    assert "done in" in done.stderr
    assert done.stderr.count("warning") == done.stderr.count("tracker failing") == 1
    (lines,) = files(followed)
    assert kept(lines).status == "done"


def test_a_tracker_that_never_answers_is_one_warning_and_the_run_is_done_before(followed, monkeypatch):
    monkeypatch.setattr("headway.journal.PATIENCE", 1.0)
    monkeypatch.setenv("TOY_LOG", str(followed.folder / "toy.log"))
    monkeypatch.chdir(followed.folder)
    session = Session.open(followed.folder)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        words = ["experiment=toy", "trackers=[blocking,lines]", "runner.isolate=false"]
        (result,) = session.run(words, listener=Quiet())
    (session.store / "released").touch()
    assert result.status == "done"
    assert ["tracker blocking" in str(warning.message) for warning in told] == [True]
    assert kept(files(followed)[0]).final["summary"] == {"sum": 16}


class Quiet:
    """A listener that shows nothing."""

    def __getattr__(self, name):
        return lambda *arguments: None


def test_a_secret_of_a_tracker_reaches_no_file(followed):
    done = followed.headway("run", "experiment=toy", "trackers=lines", "trackers.lines.token=hush-hush-1234")
    assert done.returncode == 0, done.stderr
    found = [path for path in (followed.folder / ".headway").rglob("*") if path.is_file()]
    assert any(path.suffix == ".jsonl" for path in found)
    assert [path.name for path in found if b"hush-hush-1234" in path.read_bytes()] == []
