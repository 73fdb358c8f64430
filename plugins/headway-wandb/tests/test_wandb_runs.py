"""What the library keeps of runs, read back from its own files."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
import wandb
from headway.contracts import Figure, Report
from headway.testing import follow, make_run
from headway.tracker import TrackedStage
from headway_wandb import Wandb
from wandb_reading import chunks, folders, history, read_back, records, summary

OFFLINE = Wandb(mode="offline")
DIGEST = "ab" * 32
SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e366"
    "0000000049454e44ae426082"
)


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "store")


def close(tracking):
    tracking.close("done", {})


def test_the_config_tells_what_was_run(run):
    follow(OFFLINE, run, close)
    config = read_back(run).config
    assert config["seed"] == 7
    assert config["model"] == run.config["model"]
    assert config["headway"] == {
        "run": run.id, "label": "", "overrides": ["model.layers=[64,32]"],
        "git": {"commit": "5f1c0e9", "dirty": True}, "versions": {"headway": "0.1.0", "python": "3.11.7"},
    }  # fmt: skip


def head(run):
    wandb.teardown()
    return next(iter(records(run.store, run.identity, "run")))


def test_a_run_has_the_projects_name_and_a_readable_one(run):
    follow(OFFLINE, run, close)
    found = head(run)
    assert (found.project, found.display_name, found.run_id) == ("demo", f"demo {run.id}", run.id)
    assert found.host == ""


def test_what_the_user_says_about_the_runs_is_kept(run, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "from-the-environment")
    words = {"project": "census", "entity": "team", "tags": ("a", "b"), "notes": "first", "job_type": "train"}
    follow(Wandb(mode="offline", **words), run, close)
    found = head(run)
    assert (found.project, found.entity, list(found.tags)) == ("census", "team", ["a", "b"])
    assert (found.notes, found.job_type) == ("first", "train")


def test_a_run_of_a_grid_is_named_by_its_label(run):
    run = make_run(run.store, label="model=mlp seed=2", group="20261123-175500-0000")
    follow(OFFLINE, run, close)
    found = head(run)
    assert (found.display_name, found.run_group) == ("demo model=mlp seed=2", run.group)


def test_a_trial_is_named_by_its_study_and_number(run):
    run = make_run(run.store, label="rates/12", group="rates")
    follow(OFFLINE, run, close)
    assert (head(run).display_name, head(run).run_group) == ("rates/12", "rates")


def test_every_stage_has_a_step_axis_of_its_own(run):
    def story(tracking):
        for stage in ("model", "model[linear]"):
            tracking.metrics(stage, 1, {"loss": 1.0})
            tracking.metrics(stage, 2, {"loss": 0.5})
        close(tracking)

    follow(OFFLINE, run, story)
    wandb.teardown()
    axes = {record.glob_name: record.step_metric for record in records(run.store, run.id, "metric")}
    assert axes["model/*"] == "model/step"
    assert axes["model[linear]/*"] == "model[linear]/step"
    assert [row["_step"] for row in history(run.store, run.id)] == [0, 1, 2, 3]


def test_a_stages_end_is_in_the_summary(run):
    def story(tracking):
        tracking.stage_started("data")
        tracking.stage_finished(TrackedStage("data", "data", "cached", 0.0, DIGEST, None, None))
        tracking.stage_finished(TrackedStage("model", "model", "failed", 1.5, None, None, "no rows"))
        tracking.close("failed", {})

    follow(OFFLINE, run, story)
    wandb.teardown()
    found = summary(run.store, run.id)
    assert {name: found[f"stages/data/{name}"] for name in ("status", "seconds", "digest")} == {
        "status": "cached", "seconds": 0.0, "digest": DIGEST,
    }  # fmt: skip
    assert (found["stages/model/error"], found["stages/model/seconds"]) == ("no rows", 1.5)
    assert found["status"] == "failed"


@pytest.mark.parametrize(
    ("status", "code"), [("done", 0), ("pruned", 0), ("failed", 1), ("interrupted", 255), ("skipped", 1)]
)
def test_the_exit_code_tells_how_the_run_ended(run, status, code):
    follow(OFFLINE, run, lambda tracking: tracking.close(status, {}))
    wandb.teardown()
    assert [record.exit_code for record in records(run.store, run.id, "exit")] == [code]


@pytest.fixture
def evaluated(tmp_path):
    """The artifact of an evaluation, and its stage."""
    folder = tmp_path / "an artifact"
    (folder / "predictions").mkdir(parents=True)
    (folder / "curve.svg").write_text(SVG, encoding="utf-8")
    (folder / "pixel.png").write_bytes(PIXEL)
    (folder / "predictions" / "model.parquet").write_bytes(b"rows")
    report = Report(
        "A report", DIGEST, 0.95, "none", (), "<h1>Größe</h1>", figures=(Figure("Calibration", "As stated.", SVG),)
    )
    report.save(folder)
    return TrackedStage("evaluation[a b]", "evaluation", "done", 2.0, DIGEST, folder, None)


def test_pages_and_plots_of_an_artifact_are_shown(run, evaluated):
    follow(OFFLINE, run, lambda tracking: (tracking.stage_finished(evaluated), close(tracking))[1])
    wandb.teardown()
    (folder,) = folders(run.store, run.id)
    shown = {path.name.partition("_")[0]: path for path in (folder / "files" / "media").rglob("*.*")}
    assert shown["report"].read_text(encoding="utf-8") == "<h1>Größe</h1>"
    assert shown["curve"].read_text(encoding="utf-8") == shown["Calibration"].read_text(encoding="utf-8") == SVG
    assert shown["pixel"].read_bytes() == PIXEL
    found = summary(run.store, run.id)
    assert found["evaluation[a b]/report/_type"] == found["evaluation[a b]/curve/_type"] == "html-file"
    assert found["evaluation[a b]/pixel/_type"] == "image-file"


def test_an_artifact_is_referred_to_and_not_copied(run, evaluated):
    follow(OFFLINE, run, lambda tracking: (tracking.stage_finished(evaluated), close(tracking))[1])
    wandb.teardown()
    (artifact,) = records(run.store, run.id, "artifact")
    assert (artifact.name, artifact.type) == ("demo-evaluation-a-b", "evaluation")
    assert json.loads(artifact.metadata) == {"stage": "evaluation[a b]", "digest": DIGEST}
    refs = {item.path: item.ref for item in artifact.manifest.contents}
    assert refs["predictions/model.parquet"] == (evaluated.path / "predictions" / "model.parquet").as_uri()
    assert not [path for path in run.store.rglob("*") if path.is_file() and path.read_bytes() == b"rows"]


def test_references_can_be_left_out(run, evaluated):
    follow(Wandb(mode="offline", artifacts="none"), run, lambda t: (t.stage_finished(evaluated), close(t))[1])
    wandb.teardown()
    assert list(records(run.store, run.id, "artifact")) == []


def test_nothing_is_told_of_the_machine(run):
    def story(tracking):
        tracking.metrics("model", 1, {"loss": 1.0})
        close(tracking)

    follow(OFFLINE, run, story)
    wandb.teardown()
    (folder,) = folders(run.store, run.id)
    assert [path.name for path in (folder / "files").rglob("*") if path.is_file()] == []
    log = b"\n".join(chunks((folder / f"run-{run.id}.wandb").read_bytes()))
    name = re.escape(os.uname().nodename.encode())
    # As a word: a machine may be called "vm", which checksums and made-up ids hold now and then.
    assert not re.search(rb"\b" + name + rb"\b", log.replace(run.store.as_posix().encode(), b""))
    assert sys.executable.encode() not in log


def test_a_run_that_is_disabled_leaves_nothing(run):
    follow(Wandb(mode="disabled"), run, lambda t: (t.metrics("model", 1, {"loss": 1.0}), close(t))[1])
    wandb.teardown()
    assert not list(run.store.rglob("*.wandb"))


def test_the_library_ends_with_its_process_and_threads(run):
    before = set(threading.enumerate())
    follow(OFFLINE, run, close)
    pid = wandb.setup().assert_service()._proc._process.pid
    wandb.teardown()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


KILLED = """
    import os, signal, sys, time
    from pathlib import Path
    from headway.testing import make_run
    from headway_wandb import Wandb
    run = make_run(Path(sys.argv[1]))
    tracking = Wandb(mode="offline").open(run)
    tracking.metrics("model", 1, {"loss": 1.0})
    log = next((run.store / "trackers" / "wandb").glob("offline-run-*/*.wandb"))
    size, end = log.stat().st_size, time.monotonic() + 60
    while log.stat().st_size == size and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_that_is_repeated_goes_on_in_the_same_run(run):
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(run.store)], timeout=120)
    assert done.returncode == -signal.SIGKILL
    again = make_run(run.store, id="20261123-180000-1111", attempt_of=run.id)
    follow(OFFLINE, again, lambda t: (t.metrics("model", 2, {"loss": 0.5}), close(t))[1])
    kept = read_back(again)
    assert kept.steps["model"] == [(1, {"loss": 1.0}), (2, {"loss": 0.5})]
    assert kept.status == "done"
    heads = list(records(run.store, run.id, "run"))
    assert [(found.run_id, found.resume) for found in heads] == [(run.id, True)] * 2
    assert len(folders(run.store, run.id)) == 2
