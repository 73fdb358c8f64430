"""Variants of a config: composed as if each stood alone, from files that are read once."""

from pathlib import Path

import pytest
from headway.errors import ConfigError
from headway.plugins import load
from headway.session import Session

from tests.unit.config.conftest import EXPERIMENT, PEOPLE, STAGES

WORDS = ["experiment=study", "model.dropout=0.2"]


@pytest.fixture
def session(project):
    project.plugin("stages", STAGES)
    project.write("configs/experiment/study.yaml", EXPERIMENT)
    project.write("configs/experiment/other.yaml", EXPERIMENT)
    project.write("configs/data/people.yaml", PEOPLE)
    return Session(project.folder, load(project.folder, [info.name for info in load().infos]))


@pytest.fixture
def variants(session):
    return session.variants(WORDS)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["model.dropout=0.4", "model.layers=[8]"],
        ["model=linear", "~model.dropout"],
        ["experiment=other"],
        ["seed=3"],
    ],
)
def test_a_variant_is_what_all_its_words_make_alone(session, variants, words):
    (alone,) = session.experiments([*WORDS, *words])
    for _ in range(2):  # the second time from memory
        found = variants.experiment(words)
        assert (found.public, found.stages, found.words) == (alone.public, alone.stages, alone.words)


def test_one_variant_leaves_nothing_in_the_next(variants):
    before = variants.base.public
    variants.experiment(["model.layers=[1]", "data.keys=[a]", "baselines=[linear]", "data.rules={age: {max: 3}}"])
    assert variants.experiment([]).public == before
    assert variants.base.public == before


def test_interpolations_in_a_list_are_resolved_for_each_variant(variants):
    for name in ("first", "second"):
        found = variants.experiment(["data.lags=['${seed}']", f"data.path={name}", f"seed={len(name)}"])
        assert found.stage("data").values["lags"] == [len(name)]


def test_files_are_read_once_for_each_set_of_choices(session, variants):
    variants.experiment(["seed=1"])
    Path(session.project, "configs/data/people.yaml").write_text("use: rows\npath: others.csv\n")
    assert variants.experiment(["seed=2"]).stage("data").values["path"] == "people.csv"
    assert variants.experiment(["model=linear", "~model.dropout"]).stage("data").values["path"] == "others.csv"


def test_faults_of_a_variant_are_those_of_its_words(variants):
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            variants.experiment(["model.dropout=3", "model=mlp"])
        assert {str(fault.where.source) for fault in caught.value.faults} == {"command line"}
    assert variants.experiment(["model.dropout=0.5"]).stage("model").values["dropout"] == 0.5


@pytest.mark.parametrize(
    ("group", "options"),
    [
        ("model", ["linear", "net"]),
        ("data", ["people", "rows"]),
        ("experiment", ["other", "study"]),
        ("features@other", ["columns"]),
        ("model.dropout", []),
        ("nothing", []),
    ],
)
def test_the_options_of_a_group_are_known(variants, group, options):
    assert variants.options(group) == options
