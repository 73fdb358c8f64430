"""What a command composed is there for the next, and never when anything has changed."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from headway.cached import Kept
from headway.config import compose, draft
from headway.config.drafts import Draft, Drafts
from headway.plugins import load
from headway.session import Session

from tests.integration.conftest import write_toy

WORDS = ["experiment=toy", "model.power=2", "+lines.token=x", "baselines=[{count: {power: 3}}]"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def toy(tmp_path):
    (tmp_path / "toy").mkdir()
    project = write_toy(tmp_path / "toy")
    age(project.folder)
    return project.folder


def age(folder):
    for path in (folder / "configs").rglob("*.yaml"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def experiment(folder, *words):
    return Session.open(folder).experiments(["experiment=toy", *words])[0]


def is_known(folder, *words):
    return Drafts(folder, load(folder)).recall(["experiment=toy", *words]) is not None


def test_a_recalled_draft_comes_to_the_same_config(toy):
    plugins = load(toy)
    text = draft(toy, WORDS, plugins).to_json()
    composed, recalled = compose(toy, WORDS, plugins), Draft.from_json(text).finished(toy, WORDS, plugins)
    assert recalled.tree.root == composed.tree.root
    assert recalled.tree.origins == composed.tree.origins
    assert (recalled.kinds, recalled.faults) == (composed.kinds, composed.faults)
    assert {name: option.root for name, option in recalled.options.items()} == {
        name: option.root for name, option in composed.options.items()
    }
    assert replace(recalled, tree=composed.tree, options=composed.options) == composed


def test_a_command_is_known_when_it_is_repeated(toy):
    assert not is_known(toy)
    first = experiment(toy)
    assert is_known(toy)
    assert not is_known(toy, "seed=1")
    second = experiment(toy)
    assert (second.public, second.config.place(("seed",))) == (first.public, first.config.place(("seed",)))
    assert [(s.name, s.use, s.values) for s in second.stages] == [(s.name, s.use, s.values) for s in first.stages]


@pytest.mark.parametrize(
    "change",
    [
        lambda toy: (toy / "configs/experiment/toy.yaml").write_text("# @package _global_\nname: other\n"),
        lambda toy: (toy / "configs/experiment/toy.yaml").rename(toy / "configs/experiment/gone.yaml"),
        lambda toy: (toy / "configs/lines").mkdir() or (toy / "configs/lines/file.yaml").write_text("use: file\n"),
        lambda toy: (toy / "plugins/more.py").write_text(
            "from .toy import Count\n\ndef headway_register(registry):\n    registry.add('model', 'more', Count)\n"
        ),
    ],
    ids=["a file is edited", "a file is gone", "a file comes before an option", "a plugin registers more"],
)
def test_any_change_that_matters_makes_it_unknown(toy, change):
    experiment(toy)
    change(toy)
    age(toy)
    assert not is_known(toy)


def test_an_edit_that_keeps_size_and_time_in_another_file_is_seen(toy):
    experiment(toy)
    file = toy / "configs/experiment/toy.yaml"
    beside = file.with_name("beside")
    beside.write_text(file.read_text().replace("seed: 3", "seed: 4"))
    os.utime(beside, (1_700_000_000, 1_700_000_000))
    beside.replace(file)
    assert experiment(toy).seed == 4


def test_a_default_of_a_stage_is_never_remembered(toy):
    assert experiment(toy).stages[1].values["power"] == 1
    text = (toy / "plugins/toy.py").read_text()
    (toy / "plugins/toy.py").write_text(text.replace("power: int = 1", "power: int = 5"))
    assert experiment(toy).stages[1].values["power"] == 5


def test_a_file_written_just_now_is_not_trusted(toy):
    (toy / "configs/experiment/toy.yaml").touch()
    experiment(toy)
    assert not is_known(toy)


def test_secrets_are_never_kept(toy, tmp_path):
    experiment(toy, "lines.token=hunter2hunter2")
    experiment(toy)
    kept = [path.read_text() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    assert not [text for text in kept if "hunter2" in text]


def test_a_choice_by_the_environment_is_made_anew(toy, monkeypatch):
    text = (toy / "configs/experiment/toy.yaml").read_text()
    (toy / "configs/experiment/toy.yaml").write_text(
        text.replace("override /model: count", "override /model: ${oc.env:TOY_MODEL}")
    )
    age(toy)
    for name in ("count", "crash"):
        monkeypatch.setenv("TOY_MODEL", name)
        assert experiment(toy).stages[1].use == name


def test_values_from_the_environment_are_read_anew(toy, monkeypatch):
    with (toy / "configs/experiment/toy.yaml").open("a") as file:
        file.write("model: {power: '${oc.decode:${oc.env:TOY_POWER}}'}\n")
    age(toy)
    for value in ("2", "3"):
        monkeypatch.setenv("TOY_POWER", value)
        assert experiment(toy).stages[1].values["power"] == int(value)


def test_a_config_with_faults_is_never_kept(toy):
    with pytest.raises(Exception, match="fault"):
        experiment(toy, "model.power=two")
    assert not is_known(toy, "model.power=two")


def test_the_newest_are_kept_and_a_damaged_file_is_no_harm(tmp_path):
    kept = Kept("drafts", "here", 3)
    for number in range(5):
        kept.write(f"name {number}", number)
    assert [kept.read(f"name {number}") for number in range(5)] == [None, None, 2, 3, 4]
    (file,) = (tmp_path / "cache" / "headway").iterdir()
    for damage in ("", "[]", "{", json.dumps({"x": 1})):
        Path(file).write_text(damage)
        assert kept.read("name 4") is None
    kept.write("name 5", 5)
    assert kept.read("name 5") == 5
