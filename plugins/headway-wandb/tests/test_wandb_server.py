"""A server that can't be used costs one warning, nothing else."""

import pytest
import wandb
from conftest import CLOSED
from headway.testing import follow, make_run
from headway_wandb import Wandb
from reading import folders, read_back

KEY = "0123456789" * 4


def whole(tracking):
    tracking.metrics("model", 1, {"loss": 1.0})
    tracking.close("done", {})


@pytest.mark.parametrize(
    ("tracker", "words"),
    [
        (Wandb(), ["no API key", CLOSED, "wandb login"]),
        (Wandb(mode="online", api_key="short"), ["40+ characters"]),
        (Wandb(mode="online", api_key=KEY), ["does not answer"]),
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
    with pytest.warns(UserWarning, match="does not answer"):
        follow(Wandb(), make_run(tmp_path / "store"), whole)


def test_the_mode_of_the_environment_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = make_run(tmp_path / "store")
    follow(Wandb(), run, whole)
    assert read_back(run).status == "done"
