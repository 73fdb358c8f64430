"""The options of `sweep` that plugins ship: each searches what its model ships, on the experiments here."""

from dataclasses import fields
from pathlib import Path

import pytest
from headway.plugins import load
from headway.session import Session
from headway.sweeping import read_text
from headway_optuna.resolving import asked
from headway_optuna.space.grammar import meaning
from headway_optuna.space.resolving import resolved
from headway_optuna.sweeping import dry_run

ROOT = Path(__file__).parents[2]
FILES = {path.stem: path for path in (ROOT / "plugins").glob("*/src/*/conf/sweep/*.yaml")}
EXPERIMENTS = sorted(path.stem for path in (ROOT / "configs" / "experiment").glob("*.yaml"))
FITTING = {"cnn": "digits"}
NOT_SEARCHED = ("paper",)
"""Experiments whose settings are published ones."""


@pytest.fixture(scope="module")
def session():
    return Session(ROOT, load(ROOT))


def test_every_model_that_ships_a_space_has_an_option_of_its_name(session):
    registry = session.plugins.registry
    shipping = {name for name in registry.names("model") if registry.get("model", name).space}
    assert set(FILES) == shipping


def test_the_space_of_every_stage_is_of_the_grammar_and_names_its_fields(session):
    registry = session.plugins.registry
    stages = [registry.get(kind, name) for kind in registry.stage_kinds() for name in registry.names(kind)]
    texts = [(stage, key, text) for stage in stages for key, text in stage.space.items()]
    assert len(texts) > 30
    for stage, key, text in texts:
        distribution, notes = resolved(meaning(read_text(text)), None)
        assert distribution.size != 1, (stage, key, notes)
        assert key.partition(".")[0] in {field.name for field in fields(stage)}, (stage, key)


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_option_searches_the_space_of_its_model(session, capsys, name):
    words = [f"experiment={FITTING.get(name, 'adult')}", f"sweep={name}", "sweep.trials=20"]
    assert dry_run(words, session) == 0
    assert f"sweep/{name}.yaml:" in capsys.readouterr().out
    found = asked(words, session)
    model = found.base.stage("model")
    assert model.use == name
    space = {parameter.key.removeprefix("model.") for parameter in found.search.space.parameters}
    assert space == set(type(model.stage).space)
    assert len(found.search.objectives) == 1, "the experiment's alone"


@pytest.mark.parametrize("experiment", [name for name in EXPERIMENTS if name not in NOT_SEARCHED])
def test_an_experiment_says_what_its_model_is_chosen_by(session, experiment):
    found = asked([f"experiment={experiment}", "sweep.space=default"], session)
    (objective,) = found.search.objectives
    task = found.base.stage("evaluation").use
    metric = session.plugins.registry.get("metric", objective.metric.name.removeprefix("validation."))
    assert metric.task == task
    assert objective.direction == ("maximize" if metric.maximize else "minimize")


def test_the_command_line_comes_after_an_option_and_an_option_after_the_experiment(session):
    def use(*words):
        return session.variants(("experiment=adult", *words)).base.stage("model").use

    assert (use(), use("sweep=linear"), use("sweep=linear", "model=majority")) == ("mlp", "linear", "majority")


def test_what_an_experiment_searches_beside_is_kept(session):
    words = ["experiment=adult", "sweep=linear", "sweep.space={features.fit_rows: 'int(interval(1000, 2000))'}"]
    keys = {parameter.key for parameter in asked(words, session).search.space.parameters}
    assert keys == {"model.C", "features.fit_rows"}
