"""The best configuration of a sweep that chose an option of `sweep`, as a file."""

import pytest
from headway.errors import DataError
from headway.plugins import load
from headway.session import Session
from headway.testing import Project
from headway_optuna.studies import write_best
from headway_optuna.trial import Study, Trial

TRIAL = Trial(3, {"model.C": 0.5}, ("model.C=0.5",), "complete", (0.9,))
STUDY = Study("found", {"validation.auroc": "maximize"}, (TRIAL,), 1)
BASE = """# @package _global_
defaults:
  - override /data: adult
  - override /features: tabular
  - override /model: mlp
  - override /evaluation: classification

name: base
"""


@pytest.fixture
def session(tmp_path):
    project = Project(tmp_path)
    project.write("configs/experiment/base.yaml", BASE)
    project.write(
        "configs/experiment/tuned.yaml",
        BASE.replace("  - override /model: mlp\n", "").replace("defaults:", "defaults:\n  - /sweep: mlp"),
    )
    return Session(tmp_path, load(tmp_path))


@pytest.mark.parametrize("experiment", ["base", "tuned"])
def test_the_file_chooses_the_option_for_the_model_that_it_chooses(session, experiment):
    words = (f"experiment={experiment}", "sweep=linear")
    path = write_best(session, STUDY, TRIAL, words)
    found = session.variants(("experiment=found_best",)).base
    assert found.stage("model").use == "linear"
    assert found.stage("model").stage.C == 0.5
    assert ("override /sweep" in path.read_text()) == (experiment == "tuned")


def test_no_file_is_left_that_comes_to_something_else(session):
    words = ("experiment=base", "model=linear", "~features.columns", "features.columns={}", "~data.kinds")
    trial = Trial(3, {}, ("~model.C",), "complete", (0.9,))
    with pytest.raises(DataError):
        write_best(session, STUDY, trial, words)
    assert not (session.project / "configs/experiment/found_best.yaml").exists()
