"""A server is told what the run says and no more; one that can't be used costs a warning and nothing else."""

import os
import socket
import subprocess
import sys

import pytest
import wandb
from headway.testing import follow, make_run
from headway_wandb import Wandb
from wandb_reading import folders, history, read_back
from wandb_server import serving

KEY = "0123456789" * 4
CLOSED = "http://127.0.0.1:9"


def whole(tracking):
    tracking.metrics("model", 1, {"loss": 1.0})
    tracking.close("done", {})


@pytest.mark.parametrize(
    ("tracker", "words"),
    [
        (Wandb(), ["no API key", CLOSED, "wandb login"]),
        (Wandb(mode="online", api_key="short"), ["40+ characters"]),
        (Wandb(mode="online", api_key=KEY), [CLOSED, "can't be reached"]),
    ],
    ids=["no key", "bad key", "outage"],
)
def test_a_run_is_kept_offline_with_one_warning_that_says_how_to_send_it(tmp_path, tracker, words, capfd):
    run = make_run(tmp_path / "store")
    with pytest.warns(UserWarning, match="offline") as told:
        follow(tracker, run, whole)
    (warning,) = told
    for word in [*words, "wandb sync", str(run.store / "trackers" / "wandb")]:
        assert word in str(warning.message)
    kept = read_back(run)
    assert (kept.status, kept.steps) == ("done", {"model": [(1, {"loss": 1.0})]})
    assert folders(run.store, run.id)[0].name.startswith("offline-run-")
    assert capfd.readouterr() == ("", "")


def test_a_server_that_never_answers_is_an_outage_too(tmp_path):
    run = make_run(tmp_path / "store")
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.warns(UserWarning, match=f"{host} can't be used .it does not answer"):
            follow(Wandb(api_key=KEY, base_url=host), run, whole)
        assert read_back(run).status == "done"


def test_an_api_key_is_written_nowhere(tmp_path, library):
    run = make_run(tmp_path / "store")
    with pytest.warns(UserWarning, match="offline"):
        follow(Wandb(api_key=KEY), run, whole)
    wandb.teardown()
    files = [path for folder in (tmp_path, library) for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".wandb" for path in files)
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_key_of_the_environment_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with pytest.warns(UserWarning, match="can't be reached"):
        follow(Wandb(), make_run(tmp_path / "store"), whole)


def test_the_mode_of_the_environment_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = make_run(tmp_path / "store")
    follow(Wandb(), run, whole)
    assert read_back(run).status == "done"


def test_a_server_is_told_what_the_run_says_and_no_more(tmp_path):
    run = make_run(tmp_path / "store", group="20261123-175500-0000")
    with serving() as server:
        follow(Wandb(api_key=KEY, base_url=server.url, tags=("a",)), run, whole)
        wandb.teardown()
    assert [row["model/loss"] for row in server.history()] == [1.0]
    (found,) = server.runs.values()
    assert (found["name"], found["groupName"], found["tags"]) == (run.id, run.group, ["a"])
    assert '"layers"' in found["config"]
    assert {path.rpartition("/")[2] for path in server.paths} <= {"graphql", "file_stream", "upload"}
    sent = b"".join(server.bodies)
    for private in (KEY, sys.executable, str(tmp_path), "requirements.txt"):
        assert private.encode() not in sent


def test_a_connection_that_is_lost_costs_a_moment_at_the_end_and_no_metrics(tmp_path):
    run = make_run(tmp_path / "store")
    with serving() as server:

        def story(tracking):
            server.shutdown()
            server.server_close()
            whole(tracking)

        with pytest.raises(TimeoutError, match=r"wandb sync .*-20261123-175501-4f2a") as told:
            follow(Wandb(api_key=KEY, base_url=server.url, finish_timeout=1.0), run, story)
        wandb.teardown()
    command = str(told.value).partition("wandb sync ")[2].split()
    words = [sys.executable, "-m", "wandb", "sync", "--dry-run", *command]
    found = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert "Would sync 1 run" in found.stdout + found.stderr, found
    assert [row["model/loss"] for row in history(run.store, run.id)] == [1.0]


@pytest.fixture
def attempts(tmp_path):
    """A run, and another that repeats it."""
    run = make_run(tmp_path / "store")
    return run, make_run(run.store, id="20261123-180000-1111", attempt_of=run.id)


def test_all_attempts_are_one_run_of_the_server(attempts):
    with serving() as server:
        for attempt in attempts:
            follow(Wandb(api_key=KEY, base_url=server.url), attempt, whole)
        wandb.teardown()
    assert list(server.runs) == [attempts[0].id]
    asked = [variables["name"] for name, variables in server.calls if name == "RunResumeStatus"]
    assert asked == [attempts[0].id] * 2


def test_attempts_kept_offline_become_one_run_when_they_are_sent(attempts, tmp_path):
    for attempt in attempts:
        follow(Wandb(mode="offline"), attempt, whole)
    wandb.teardown()
    paths = map(str, folders(attempts[0].store, attempts[0].id))
    with serving() as server:
        environment = os.environ | {"WANDB_API_KEY": KEY, "WANDB_BASE_URL": server.url}
        command = [sys.executable, "-m", "wandb", "sync", *paths]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert list(server.runs) == [attempts[0].id]
    assert [row["model/loss"] for row in server.history()] == [1.0, 1.0]
