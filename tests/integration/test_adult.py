"""The Adult experiment through all stages, as users run it."""

import json
import random
import shutil
import signal
import time
from pathlib import Path

import polars as pl
import pytest

from tests.integration.conftest import Project

ROOT = Path(__file__).parents[2]
QUICK = ("experiment=adult", "model.trainer.max_epochs=2")


def project(folder):
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "configs", folder / "configs")
    return Project(folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    made = project(tmp_path_factory.mktemp("one") / "here")
    done = made.headway("run", *QUICK)
    assert done.returncode == 0, done.stderr
    return made, done


def test_the_run_ends_with_a_report_and_a_package_and_beats_its_baselines(ran):
    made, done = ran
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.startswith("test.")}
    model, majority, linear = map(float, rows["test.auroc"])
    assert model >= 0.90
    assert majority == 0.5
    assert 0.90 <= linear <= 0.92
    places = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line.startswith(("report", "package")))
    assert (made.folder / places["report"]).read_text().lower().startswith("<!doctype html>")
    assert json.loads((made.folder / places["package"] / "manifest.json").read_text())


def test_the_second_run_is_cached_whole(ran):
    made, first = ran
    again = made.headway("run", *QUICK)
    assert again.stderr.count("cached") == 10
    assert "done in" not in again.stderr
    tables = [[line for line in done.stdout.splitlines() if line.startswith("test.")] for done in (first, again)]
    assert tables[0] == tables[1]


def test_a_value_of_the_model_reruns_the_model_and_what_follows(ran):
    made, _ = ran
    plan = made.headway("plan", *QUICK, "model.dropout=0.2").stdout
    running = {line.split()[0] for line in plan.splitlines() if "  run — " in line}
    assert running == {"model", "export", "evaluation", "deployment"}
    assert "model.dropout 0.3 → 0.2 (command line)" in plan


def test_a_package_scores_raw_rows_as_the_evaluation_did(ran):
    made, _ = ran
    report = made.folder / ".headway" / "runs" / "latest" / "evaluation"
    judged = pl.read_parquet(report / "predictions" / "model" / "predictions.parquet").filter(split="test")
    adult = pl.read_parquet(next((ROOT / "plugins").rglob("adult.parquet")))
    adult[judged["__row__"]].drop("income").write_csv(made.folder / "rows.csv")
    done = made.headway("predict", "adult@latest", "rows.csv", "scored.parquet")
    assert done.returncode == 0, done.stderr
    scored = pl.read_parquet(made.folder / "scored.parquet")
    assert scored["probability[>50K]"].equals(judged["probability[>50K]"])


def test_another_folder_gives_the_same_bytes(ran, tmp_path):
    made, _ = ran
    other = project(tmp_path / "some" / "where" / "else")
    assert other.headway("run", *QUICK).returncode == 0
    assert other.digests() == {key: digest for key, digest in made.digests().items() if key in other.digests()}
    assert len(other.digests()) == 10


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_ten_random_moments_the_same_command_ends_in_the_same_digests(ran, tmp_path):
    made, _ = ran
    killed, moments = project(tmp_path / "killed"), random.Random(0)
    for _ in range(10):
        run = killed.start("run", *QUICK)
        time.sleep(moments.uniform(0.3, 8))
        run.send_signal(signal.SIGKILL)
        run.communicate()
    assert killed.headway("run", *QUICK).returncode == 0
    assert killed.digests() == {key: digest for key, digest in made.digests().items() if key in killed.digests()}
    assert len(killed.digests()) == 10


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_runs_at_once_compute_each_stage_once(tmp_path):
    made = project(tmp_path / "both")
    runs = [made.start("run", *QUICK) for _ in range(2)]
    ended = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ended
    lines = [line for _, errors in ended for line in errors.splitlines()]
    assert len([line for line in lines if "done in" in line]) == 10
