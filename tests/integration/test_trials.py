"""`--trial STUDY/N` as a user types it, studies in the store's commands, and runs of trials."""

import json

import pytest
from headway.cli.progress import progress
from headway.errors import Pruned
from headway.executors import InProcess
from headway.opening import describe, open_journal
from headway.runner import execute
from headway.session import Session
from headway.store import RunFilter, open_store

from tests.integration.conftest import write_toy
from tests.integration.test_init import complete

BASE = ["experiment=toy", "seed=5", "runner.isolate=false"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A project with a study of three trials."""
    project = write_toy(tmp_path_factory.mktemp("swept"))
    study = open_store(project.folder / ".headway").studies.folder("toy")
    with study.held():
        study.describe({"trials": 3, "words": BASE})
        for number in range(3):
            study.append({"event": "ask", "trial": number, "params": {}, "words": words(number), "time": 1.0})
    return project


def words(number):
    return ["model=count", f"model.power={number + 2}"]


def test_a_trial_is_run_in_full_like_the_same_words_typed(swept):
    done = swept.headway("run", "--trial", "toy/1")
    assert done.returncode == 0, done.stderr
    [run] = open_store(swept.folder / ".headway").records.list(RunFilter(limit=1))
    assert (list(run.overrides), run.config["model"]["power"], run.seed) == ([*BASE, *words(1)], 3, 5)
    again = swept.headway("plan", *BASE, *words(1))
    assert "0 of 3 stages would run" in again.stdout


def test_every_command_that_composes_takes_a_trial_and_the_command_line_has_the_last_word(swept):
    config = swept.headway("config", "--trial", "toy/2", "seed=6", "--format", "json")
    assert json.loads(config.stdout)["model"]["power"] == 4, config.stderr
    assert json.loads(config.stdout)["seed"] == 6
    explained = swept.headway("explain", "model.power", "--trial", "toy/2", "model.power=7", "--format", "json")
    assert json.loads(explained.stdout)["value"] == 7, explained.stderr
    checked = swept.headway("check", "--trial", "toy/2", "-m", "seed=1,2", "--format", "json")
    assert [e["overrides"][-1] for e in json.loads(checked.stdout)["experiments"]] == ["seed=1", "seed=2"]


def test_a_trial_that_is_not_there_is_a_usage_error(swept):
    done = swept.headway("run", "--trial", "toy/3")
    assert done.returncode == 2
    assert "there is no trial toy/3" in done.stderr
    assert "study toy has 3 trials" in done.stderr


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("headway run --trial ", ["toy/"]),
        ("headway plan --trial toy/", ["toy/0 ", "toy/1 ", "toy/2 "]),
        ("headway run --trial tyo/", []),
        ("headway run --trial ../", []),
        ("headway run --tri", ["--trial "]),
        ("headway runs list --status p", ["pruned "]),
    ],
)
def test_studies_and_trials_are_completed(swept, line, answers):
    assert complete(swept, line) == answers


def test_the_store_measures_and_verifies_studies(swept):
    size = json.loads(swept.headway("store", "size", "--format", "json").stdout)
    study = open_store(swept.folder / ".headway").studies.folder("toy")
    assert size["parts"]["study"] == {"count": 1, "bytes": study.size}
    assert swept.headway("store", "verify").returncode == 0
    path = study.path / "journal.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"power=3", b"power=9"))
    verified = swept.headway("store", "verify", "--repair")
    path.write_bytes(content)
    assert verified.returncode == 1
    assert "study toy: line 2 of a journal is not what was written" in verified.stdout


@pytest.fixture
def session(toy):
    return Session.open(toy.folder)


def execution(session, overrides, **named):
    experiments = session.experiments(overrides, multirun=True)
    plan = session.plan(experiments)
    with progress() as listener, open_journal(session, plan, experiments, listener, **named) as journal:
        execute(plan, InProcess(session.plugins), journal, (session.store, session.project))
    return journal


def test_runs_of_a_study_are_described_once_and_share_its_name(session, monkeypatch):
    known = describe(session)
    monkeypatch.setattr("headway.opening.subprocess", None)  # git is not asked again
    journals = [
        execution(session, ["experiment=toy", f"seed={seed}"], described=known, group="study", label=label)
        for seed, label in (("1", "trial 0"), ("2,3", "trial 1"))
    ]
    labels = [result.label for journal in journals for result in journal.results]
    assert labels == ["trial 0", "trial 1 seed=2", "trial 1 seed=3"]
    runs = session.records.list()[::-1]
    assert [run.id for run in runs] == [*journals[0].ids, *journals[1].ids]
    assert {run.group for run in runs} == {"study"}
    assert {run.versions["headway"] for run in runs} == {known.versions["headway"]}


def test_runs_of_one_command_share_the_id_of_the_first(session):
    journal = execution(session, ["experiment=toy", "seed=1,2"])
    assert {run.group for run in session.records.list()} == {journal.ids[0]}
    execution(session, ["experiment=toy", "seed=3"])
    assert session.records.list()[0].group is None


def test_a_run_whose_stage_was_pruned_is_pruned(session, monkeypatch):
    def stop(*_):
        raise Pruned

    monkeypatch.setattr("headway.worker._Recorder.report", stop)
    journal = execution(session, ["experiment=toy"])
    assert [result.status for result in journal.results] == ["pruned"]
    [run] = session.records.list(RunFilter(statuses=("pruned",)))
    assert [stage.status for stage in session.records.show(run.id).stages] == ["done", "pruned", "skipped"]
