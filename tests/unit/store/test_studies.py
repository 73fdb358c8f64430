"""Studies in a store: descriptions, journals, who works at them, and requests to stop."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from headway.errors import StoreError, UsageError
from headway.store import Studies, locks

ASK = {"event": "ask", "trial": 0, "params": {"model.dropout": 0.1}, "words": ["model.dropout=0.1"], "time": 1.5}
SWEEP = """
import sys, time
from pathlib import Path
from headway.store import Studies
study = Studies(Path(sys.argv[1])).folder("adult")
if sys.argv[2] == "looking":
    print("begun", flush=True)
    while True:
        study.is_running
with study.held():
    study.describe({})
    for number in range(100_000):
        study.append({"event": "ask", "trial": number, "params": {}, "words": [], "time": 1.0})
        if number == 10:
            print("begun", flush=True)
        if number > 10 and sys.argv[2] == "waiting":
            time.sleep(60)
"""


@pytest.fixture
def studies(tmp_path):
    return Studies(tmp_path / "store")


@pytest.fixture
def study(studies):
    return studies.folder("adult")


def sweeping(studies, how="on"):
    """A process that sweeps study adult on and on, is waiting after 12 events, or looking whether it is swept."""
    root = studies.folder("x").path.parents[1]
    process = subprocess.Popen([sys.executable, "-c", SWEEP, str(root), how], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_study_is_there_from_its_first_description_on(studies, study):
    assert (studies.names(), study.description, study.events()) == ([], None, [])
    assert not study.path.parent.exists(), "reading makes nothing"
    study.describe({"trials": 20, "words": ["experiment=adult"]})
    studies.folder("flights").describe({})
    assert studies.names() == ["adult", "flights"]
    assert studies.find("adult").description == {"trials": 20, "words": ["experiment=adult"]}
    study.describe({"trials": 50})
    assert study.description == {"trials": 50}
    assert [path.name for path in study.path.iterdir()] == ["study.json"]


def test_events_are_kept_in_their_order(studies, study):
    with study.held():
        study.append(ASK)
        study.append({"event": "tell", "trial": 0}, durable=True)
        assert studies.folder("adult").events() == [ASK, {"event": "tell", "trial": 0}]
    with study.held():
        study.append({"event": "ask", "trial": 1})
    assert [event["trial"] for event in study.events()] == [0, 0, 1]


def test_events_are_appended_by_whoever_holds_the_study(study):
    with pytest.raises(RuntimeError, match="held"):
        study.append(ASK)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", "/etc", "a\\b", "a b", "-a", ".a", "a\n", "a" * 101, "é" * 51]
)
def test_names_from_outside_never_become_paths(studies, name):
    with pytest.raises(UsageError, match="is no name of a study") as caught:
        studies.folder(name)
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match="unknown study"):
        studies.find(name)


@pytest.mark.parametrize("name", ["adult", "adult.2", "1", "a_b-c", "größe", "_x", "a" * 100])
def test_plain_names_are_taken(studies, name):
    with studies.folder(name).held():
        studies.folder(name).describe({})
    assert studies.names() == [name]


def test_the_nearest_study_is_offered(studies):
    studies.folder("adult").describe({})
    with pytest.raises(UsageError, match="unknown study 'adlt'; did you mean 'adult'"):
        studies.find("adlt")


def test_a_study_is_swept_by_one_process(studies, study):
    process = sweeping(studies, "waiting")
    assert study.is_running
    for use in (study.held().__enter__, study.remove):
        with pytest.raises(StoreError, match="study adult is being swept by another process") as caught:
            use()
        assert "headway sweep stop adult" in caught.value.hint
    kill(process)
    assert not study.is_running
    with study.held():
        assert len(study.events()) == 12


@pytest.mark.parametrize("attempt", range(3))
def test_a_killed_process_leaves_whole_events_and_a_lock_that_is_free(studies, study, attempt):
    process = sweeping(studies)
    time.sleep(0.02 * attempt)
    kill(process)
    seen = study.events()
    with study.held():
        study.append(ASK)
    assert study.events() == [*seen, ASK]
    assert [event["trial"] for event in seen] == list(range(len(seen)))
    assert study.faults() == [f"line {len(seen) + 1} asks for trial 0 again ({study.path / 'journal.jsonl'})"]


def test_those_who_only_look_keep_nobody_from_sweeping(studies, study):
    looking = [sweeping(studies, "looking") for _ in range(2)]
    try:
        for _ in range(50):
            with study.held():
                assert study.is_running
    finally:
        for process in looking:
            kill(process)


def test_without_locks_in_the_file_system_only_a_living_process_is_in_the_way(studies, study, monkeypatch):
    def refused(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setenv(locks.TOLD, "1")
    monkeypatch.setattr(locks.fcntl, "flock", refused)
    with study.held():
        assert study.is_running
        with pytest.raises(StoreError, match="being swept"), study.held():
            pass
    lock = study.path.parents[1] / "locks" / "study-adult.lock"
    assert not lock.exists()
    with subprocess.Popen(["true"]) as gone:
        pass
    lock.write_text(locks._owner().rpartition(" ")[0] + f" {gone.pid}")
    with study.held():
        study.append(ASK)
    assert study.events() == [ASK]


def test_whoever_sweeps_is_asked_to_stop(studies, study):
    study.describe({})
    study.ask_to_stop()
    assert study.stop_asked()
    with study.held():
        assert not study.stop_asked(), "it was for another sweep"
        studies.find("adult").ask_to_stop()
        studies.find("adult").ask_to_stop()
        assert study.stop_asked()
        study.clear_stop()
        assert not study.stop_asked()


def test_a_removed_study_is_gone_and_can_begin_anew(studies, study):
    study.describe({"trials": 1})
    with study.held():
        study.append(ASK)
        with pytest.raises(StoreError, match="being swept"):
            studies.find("adult").remove()
    study.remove()
    assert (studies.names(), study.events(), study.path.exists()) == ([], [], False)
    assert list((study.path.parents[1] / "tmp").iterdir()) == []
    study.remove()
    with study.held():
        study.describe({"trials": 2})
    assert study.description == {"trials": 2}


def test_what_a_newer_headway_wrote_is_refused_and_stays(study):
    with study.held():
        study.describe({"trials": 1})
        study.append(ASK)
    (study.path / "study.json").write_text(json.dumps({"format": 2, "trials": 1}))
    with (study.path / "journal.jsonl").open("ab") as stream:
        stream.write(b"a line of tomorrow")
    before = (study.path / "journal.jsonl").read_bytes()
    for use in (study.events, lambda: study.description, study.held().__enter__, lambda: study.describe({})):
        with pytest.raises(StoreError, match=r"newer Headway \(format 2, this one knows 1\)"):
            use()
    assert (study.path / "journal.jsonl").read_bytes() == before
    assert not study.is_running


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "{}", '{"format": "new"}', '{"format": null}'])
def test_a_damaged_description_is_told(studies, study, content):
    study.describe({"trials": 1})
    (study.path / "study.json").write_text(content)
    with pytest.raises(StoreError, match="description of study adult is damaged"):
        _ = study.description
    assert studies.names() == ["adult"]
    assert "is damaged" in study.faults()[0]
    study.remove()
    assert studies.names() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_description_that_cannot_be_written_leaves_the_old_one(study, monkeypatch, name, number):
    study.describe({"trials": 1})

    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, name, refused)
    with pytest.raises(StoreError, match="no space is left" if number == errno.ENOSPC else os.strerror(number)):
        study.describe({"trials": 2})
    assert study.description == {"trials": 1}
    assert [path.name for path in study.path.iterdir()] == ["study.json"]


def test_a_description_that_was_being_written_is_swept_away(study):
    study.describe({"trials": 1})
    (study.path / "tmpabc").write_text("{")
    with study.held():
        assert sorted(path.name for path in study.path.iterdir()) == ["journal.jsonl", "study.json"]


def test_a_study_may_hold_numbers_that_json_has_only(study):
    with pytest.raises(ValueError, match="Out of range"):
        study.describe({"value": float("nan")})
    assert study.description is None
