"""The page on models: its networks are trained, its commands are planned, its tables are complete."""

import re
import shlex
import shutil

import polars as pl
import pytest
from headway.plugins import load

from tests.docs.test_docs import ROOT, blocks
from tests.integration.conftest import Project

PAGE = "docs/models.md"
CODE = blocks(PAGE, "python")
TEXT = (ROOT / PAGE).read_text()
SMALL = (
    "data: {path: small.parquet}\nevaluation: {resamples: 100}\nmodel: {trainer: {max_epochs: 2, accelerator: cpu}}\n"
)
LAB = """
import lightning.pytorch as pl
from torch import nn, optim


class Classifier(pl.LightningModule):
    def __init__(self, features, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, 32), nn.ReLU(), nn.Linear(32, classes))

    def forward(self, pixels):
        return self.layers(pixels)

    def training_step(self, batch, index):
        return nn.functional.cross_entropy(self(batch["pixels"]), batch["digit"])

    def configure_optimizers(self):
        return optim.Adam(self.parameters(), 1e-2)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The repository's configs, few rows of the sample, and the page's models as plugins."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(ROOT / "configs", folder / "configs")
    rows = pl.read_parquet(next((ROOT / "plugins").rglob("adult.parquet"))).head(2000)
    rows.write_parquet(folder / "small.parquet")
    experiment = folder / "configs" / "experiment" / "adult.yaml"
    experiment.write_text(re.sub(r"baselines: .*", "", experiment.read_text()) + SMALL)
    (folder / "plugins").mkdir()
    for name, code in zip(("residual", "logistic", "lab"), CODE, strict=True):
        (folder / "plugins" / f"{name}.py").write_text(code)
    (folder / "plugins" / "_lab.py").write_text(LAB)
    return Project(folder)


def figures(done):
    return {name: float(value) for name, value in re.findall(r"^(test\.\w+) +([\d.]+)", done.stdout, re.MULTILINE)}


def test_the_page_names_every_model():
    named = set(re.findall(r"`(\w+)`", TEXT.split("## ")[0]))
    assert set(load().registry.names("model")) <= named


@pytest.mark.parametrize("kind", ["loss", "optimizer", "schedule"])
def test_the_page_names_every_choice(kind):
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `model.{kind}`"))
    assert set(load().registry.names(kind)) <= set(re.findall(r"`(\w+)`", row))


@pytest.mark.parametrize("code", CODE)
def test_ones_own_models_have_fewer_than_25_lines(code):
    assert len([line for line in code.splitlines() if line.strip()]) < 25


@pytest.mark.parametrize("words", [("model=residual", "model.learning_rate=0.02"), ("model=logistic",)])
def test_models_of_ones_own_learn_and_are_packaged(project, words):
    done = project.headway("run", "experiment=adult", *words)
    assert done.returncode == 0, done.stderr
    assert figures(done)["test.auroc"] > 0.75
    assert "package " in done.stdout


def test_a_model_that_exists_is_trained_by_a_thin_stage(project):
    words = ("model=lab", "features.shape=[64]", "model.trainer.max_epochs=8", "evaluation.resamples=100")
    done = project.headway("run", "experiment=digits", *words, "baselines=[]")
    assert done.returncode == 0, done.stderr
    assert figures(done)["test.accuracy"] > 0.9


COMMANDS = [line for block in blocks(PAGE, "console") for line in block.splitlines()]
"""``predict`` needs a run: tests/integration/test_digits.py has one."""


@pytest.mark.parametrize("line", [line for line in COMMANDS if shlex.split(line)[2] != "predict"])
def test_every_command_is_understood(project, line):
    words = shlex.split(line)[2:]
    planned = project.headway("plan", *words[1:])
    assert planned.returncode == 0, planned.stderr
    assert "stages would run" in planned.stdout


def test_the_experiment_shown_is_the_repositorys():
    (shown,) = blocks(PAGE, "yaml")
    assert shown == (ROOT / "configs" / "experiment" / "digits.yaml").read_text()
