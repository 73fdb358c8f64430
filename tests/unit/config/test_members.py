"""Ensembles: where they stand in the pipeline, what takes from them, and which members they have."""

from dataclasses import replace

import pytest
from headway.plugins import load

ENSEMBLES = '''
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from headway import Context, Stage, Uncached
from headway.contracts import Predictor


@dataclass(frozen=True)
class Average(Stage):
    """Several models as one."""

    refines: ClassVar[str] = "model"
    members: Annotated[tuple[str | Mapping[str, Any], ...], Uncached()] = ("model",)
    seeds: Annotated[int | tuple[int, ...], Uncached()] = 1

    def run(self, context: Context, members: Mapping[str, Predictor]) -> Predictor: ...


@dataclass(frozen=True)
class Calibrate(Stage):
    """Better probabilities."""

    refines: ClassVar[str] = "model"

    def run(self, context: Context, model: Predictor) -> Predictor: ...


def headway_register(registry):
    registry.add("ensemble", "average", Average)
    registry.add("calibration", "platt", Calibrate)
'''


@pytest.fixture
def study(study):
    study.project.plugin("ensembles", ENSEMBLES)
    return replace(study, plugins=load(study.project.folder, [info.name for info in load().infos]))


def members(study, *words):
    """Name of each member → its own stages, and what the ensemble takes."""
    experiment = study.check("ensemble=average", *words)
    return experiment.members, experiment.stage("ensemble").inputs["members"]


def test_a_chosen_ensemble_stands_behind_what_it_refines_and_the_others_take_from_it(study):
    words = ("ensemble=average", "ensemble.seeds=2")
    experiment = study.check(*words)
    assert [stage.name for stage in experiment.stages] == ["data", "features", "model", "ensemble", "evaluation"]
    assert experiment.public["pipeline"] == ["data", "features", "model", "ensemble", "evaluation"]
    assert experiment.stage("evaluation").inputs == {"model": "ensemble"}
    assert study.stage("evaluation", *words, "evaluation.inputs.model=model").inputs == {"model": "model"}
    assert study.stage("evaluation").inputs == {"model": "model"}


def test_stages_that_refine_the_same_one_refine_one_another(study):
    words = ("ensemble=average", "ensemble.seeds=2", "+calibration=platt")
    experiment = study.check(*words)
    assert [s.name for s in experiment.stages] == ["data", "features", "model", "ensemble", "calibration", "evaluation"]
    assert experiment.stage("calibration").inputs == {"model": "ensemble"}
    assert experiment.stage("evaluation").inputs == {"model": "calibration"}
    turned = study.check(*words, "pipeline=[data,features,model,calibration,ensemble,evaluation]")
    assert set(turned.stage("ensemble").inputs["members"].values()) == {"calibration", "calibration[seed=1]"}
    assert turned.stage("evaluation").inputs == {"model": "ensemble"}


def test_seeds_count_from_the_runs_own_which_is_the_pipeline_itself(study):
    own, taken = members(study, "ensemble.seeds=3", "seed=7")
    assert taken == {"seed=7": "model", "seed=8": "model[seed=8]", "seed=9": "model[seed=9]"}
    assert {name: stages["model"].stage.seed for name, stages in own.items()} == {"seed=8": 8, "seed=9": 9}
    assert all(set(stages) == {"model"} for stages in own.values())


def test_seeds_may_be_named_and_reach_whatever_follows_the_runs(study):
    study.add("features: {derive: {noise: 'x * ${seed}'}}\n")
    own, taken = members(study, "ensemble.seeds=[3,5]")
    assert taken == {"seed=3": "model[seed=3]", "seed=5": "model[seed=5]"}
    assert own["seed=5"]["features"].stage.derive == {"noise": "x * 5"}
    assert (
        study.check("ensemble=average", "ensemble.seeds=[3,5]").stage("features[seed=3]").stage.derive["noise"]
        == "x * 3"
    )


def test_models_are_named_as_baselines_are_each_with_every_seed(study):
    study.write("configs/model/wide.yaml", "use: net\nlayers: [9]\n")
    own, taken = members(
        study, "ensemble.members=[model,{wide: {dropout: 0.5}}]", "ensemble.seeds=2", "model.dropout=0.3"
    )
    assert list(taken) == ["seed=0", "wide,seed=0", "seed=1", "wide,seed=1"]
    found = {name: stages["model"].stage for name, stages in own.items()}
    assert {name: (s.layers, s.dropout, s.seed) for name, s in found.items()} == {
        "wide,seed=0": ((9,), 0.5, 0),
        "seed=1": ((256, 256), 0.3, 1),
        "wide,seed=1": ((9,), 0.5, 1),
    }


def test_members_by_fan_in_are_what_the_config_says(study):
    words = ("+model@other=linear", "pipeline=[data,features,model,other,ensemble,evaluation]")
    own, taken = members(study, *words, "ensemble.inputs.members=[model,other]")
    assert (own, taken) == ({}, {"model": "model", "other": "other"})


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], "member", "'ensemble' has one member"),
        (["ensemble.seeds=2", "model.seed=4"], "member", "nothing before it is drawn by the run's seed"),
        (["ensemble.members=[model,nett]"], "unknown-member", "did you mean 'net'"),
        (["ensemble.members=[model,linear,linear]"], "member", "the member 'linear' is there twice"),
        (["ensemble.members=[model,{linear: {C: no}}]"], "wrong-type", "ensemble.members.linear.C"),
        (["ensemble.members=[model,3]"], "wrong-type", "ensemble.members.1"),
        (["ensemble.members=[model,{linear: {C: 2}}]", "baselines=[linear]"], "member", "both a member"),
        (["ensemble.seeds=few"], "wrong-type", "ensemble.seeds"),
        (["ensemble.members=[model,{linear: {use: net}}]"], "member", "'use' is none"),
    ],
)
def test_wrong_members_are_told_where_they_stand(study, words, code, told):
    faults = study.faults("ensemble=average", *words)
    assert any(fault.code == code and told in f"{fault.what} {fault.hint}" for fault in faults), faults
    assert all(fault.where for fault in faults)


def test_equal_members_and_baselines_share_a_name(study):
    own, _ = members(study, "ensemble.members=[model,linear]", "baselines=[linear]")
    assert list(own) == ["linear"]


def test_an_ensemble_without_what_it_refines_is_told(study):
    words = ("ensemble=average", "ensemble.seeds=2", "pipeline=[data,features,ensemble,evaluation]")
    found = {fault.what for fault in study.faults(*words)}
    assert "ensemble: unknown stage 'model'; there are: data, ensemble, evaluation, features" in found


def test_secrets_of_members_are_masked(study):
    experiment = study.check("ensemble=average", "ensemble.members=[model,{net: {token: hush}}]")
    assert "hush" not in str(experiment.public)
    assert "hush" not in str(experiment.words)
