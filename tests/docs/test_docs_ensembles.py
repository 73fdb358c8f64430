"""The page on ensembles: its commands are run in their order, on few rows and one epoch, and keep its promises."""

import shlex
import shutil

import numpy as np
import polars as pl
import pytest
from headway.contracts import Predictor
from headway.plugins import load
from headway.store import open_store

from tests.docs.test_docs import ROOT, blocks
from tests.integration.conftest import Project

PAGE = "docs/ensembles.md"
SMALL = """\
data: {path: small.parquet}
model: {layers: [8], trainer: {max_epochs: 1}}
evaluation: {resamples: 100}
"""


def commands():
    return [shlex.split(line)[2:] for block in blocks(PAGE, "console") for line in block.splitlines()]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The repository's configs, with few rows of the sample and a small network."""
    folder = tmp_path_factory.mktemp("ensembles")
    shutil.copytree(ROOT / "configs", folder / "configs")
    rows = pl.read_parquet(next((ROOT / "plugins").rglob("adult.parquet"))).head(2000)
    rows.write_parquet(folder / "small.parquet")
    rows.drop("income").head(50).write_csv(folder / "people.csv")
    experiment = folder / "configs" / "experiment" / "adult.yaml"
    experiment.write_text(experiment.read_text().replace("[majority, linear]", "[majority]") + SMALL)
    return Project(folder)


@pytest.fixture(scope="module")
def done(project):
    return [project.headway(*words) for words in commands()]


def predictors(project):
    """Label → predictor of the last run."""
    store = open_store(project.folder / ".headway")
    rows = store.records.show(store.records.resolve("latest")).stages
    found = [row for row in rows if row.kind in ("export", "ensemble")]
    return {row.label: store.artifacts.load(row.digest, load().registry) for row in found}


def test_every_command_of_the_page_works(done):
    for each in done:
        assert each.returncode == 0, each.stderr


def test_one_more_seed_trains_one_more_model(done):
    running = [line.split()[0] for line in done[-1].stdout.splitlines() if "run — " in line]
    assert running == ["model[seed=10]", "export[seed=10]", "ensemble", "evaluation", "deployment"]


def test_what_is_packaged_and_predicted_is_the_mean_of_the_members(project, done):
    scored = pl.read_parquet(project.folder / "scored.parquet")
    rows = pl.read_csv(project.folder / "people.csv")
    found = predictors(project)
    ensemble = found.pop("ensemble")
    assert isinstance(ensemble, Predictor)
    assert [m["name"] for m in ensemble.evidence["members"]] == ["hist_gradient_boosting", "model"]
    members = (found["export"], found["export[hist_gradient_boosting]"])
    each = [member.open(load().registry).raw(rows)["probability"] for member in members]
    expected = np.mean(np.stack(each).astype(np.float64), axis=0).astype(np.float32)
    given = scored.select("probability[<=50K]", "probability[>50K]").to_numpy()
    np.testing.assert_array_equal(given, expected)


def test_the_experiment_shown_is_one(project):
    (text,) = blocks(PAGE, "yaml")
    (project.folder / "configs" / "experiment" / "adult_ensemble.yaml").write_text(text)
    plan = project.headway("plan", "experiment=adult_ensemble")
    assert plan.returncode == 0, plan.stderr
    labels = {line.split(" ")[0] for line in plan.stdout.splitlines()}
    names = [f"{model}seed={seed}" for model in ("", "hist_gradient_boosting,", "linear,") for seed in (1, 2, 3)]
    assert {f"export[{name}]" for name in names if "linear" not in name} <= labels
    assert "model" not in labels
