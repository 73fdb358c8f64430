"""Every fault of a config is told at once, with its place."""

import pytest
from headway.config import check, compose, expand
from headway.errors import ConfigError, UsageError

PLUGIN = '''
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge

from headway import Context, Registered, Secret, Seed, SourcePath, Stage
from headway.contracts import Dataset, Features, Predictor, Report


@dataclass(frozen=True)
class Split:
    """How rows are divided."""

    train: float = 0.6
    """Fraction to learn from."""
    stratify: bool = True


@dataclass(frozen=True)
class Rows(Stage):
    """Rows."""

    path: SourcePath
    """The file."""
    split: Split = field(default_factory=Split)
    token: Secret = ""

    def run(self, context: Context) -> Dataset: ...


@dataclass(frozen=True)
class Columns(Stage):
    """Columns."""

    derive: Mapping[str, str] = field(default_factory=dict)

    def run(self, context: Context, data: Dataset) -> Features: ...


@dataclass(frozen=True)
class Net(Stage):
    """A network."""

    dropout: Annotated[float, Ge(0)] = 0.1
    """Share of silenced units."""
    layers: tuple[int, ...] = (256,)
    activation: Literal["relu", "gelu"] = "relu"
    metric: Annotated[str | None, Registered("metric", also=("loss",))] = "loss"
    width: int | None = None
    seed: Seed = 0

    def run(self, context: Context, features: Features) -> Predictor: ...


@dataclass(frozen=True)
class Judge(Stage):
    """A judge."""

    def run(self, context: Context, model: Predictor, baselines: Mapping[str, Predictor] = {}) -> Report: ...


@dataclass(frozen=True)
class Vote(Stage):
    """A vote of several."""

    def run(self, context: Context, members: tuple[Predictor, ...]) -> Predictor: ...


def headway_register(registry):
    registry.add("data", "rows", Rows)
    registry.add("features", "columns", Columns)
    registry.add("model", "net", Net)
    registry.add("model", "other", Net2)
    registry.add("evaluation", "judge", Judge)
    registry.add("vote", "mean", Vote)


@dataclass(frozen=True)
class Net2(Net):
    """Another network."""
'''
EXPERIMENT = """\
# @package _global_
defaults:
  - override /data: rows
  - override /features: columns
  - override /model: net
  - override /evaluation: judge

name: trial
seed: 7
pipeline: [data, features, model, evaluation]
data:
  path: rows.csv
model:
  dropout: 0.2
"""


@pytest.fixture
def trial(project):
    project.plugin("parts", PLUGIN)
    file = project.write("configs/experiment/trial.yaml", EXPERIMENT)

    class Trial:
        folder = project.folder

        def edit(self, old, new):
            text = file.read_text()
            assert old in text
            file.write_text(text.replace(old, new))

        def check(self, *words):
            plugins = project.plugins()
            return check(compose(project.folder, ["experiment=trial", *words], plugins), plugins)

        def faults(self, *words):
            with pytest.raises(ConfigError) as caught:
                self.check(*words)
            return caught.value.faults

    return Trial()


def stage(experiment, name):
    return next(s for s in experiment.stages if s.name == name)


def test_a_config_without_faults_becomes_stages(trial):
    experiment = trial.check()
    assert [s.name for s in experiment.stages] == ["data", "features", "model", "evaluation"]
    model = stage(experiment, "model")
    assert (model.stage.dropout, model.stage.layers, model.stage.seed) == (0.2, (256,), 7)
    assert model.inputs == {"features": "features"}
    assert stage(experiment, "data").stage.split.stratify is True


def test_values_on_the_command_line_need_no_yaml(trial):
    model = stage(trial.check("model.layers=[512,256]", "model.activation=gelu", "data.split.train=0.5"), "model").stage
    assert (model.layers, model.activation) == ((512, 256), "gelu")


def test_a_seed_reaches_only_who_draws(trial):
    experiment = trial.check("seed=11")
    assert stage(experiment, "model").values["seed"] == 11
    assert "seed" not in stage(experiment, "data").values


def test_an_option_of_the_projects_own_lies_over_the_defaults_of_its_stage(trial, project):
    project.write("configs/model/wide.yaml", "use: net\nlayers: [1024]\n")
    model = stage(trial.check("model=wide"), "model")
    assert (model.use, model.stage.layers, model.stage.dropout) == ("net", (1024,), 0.2)


def test_interpolations_see_defaults(trial):
    trial.edit("  dropout: 0.2", "  dropout: ${data.split.train}")
    assert stage(trial.check(), "model").stage.dropout == 0.6


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "parts"),
    [
        ("  dropout: 0.2", "  droput: 0.2", 14, 3, ["unknown key 'droput'", "did you mean 'dropout'?"]),
        ("  dropout: 0.2", '  dropout: "0.2"', 14, 12, ["dropout is '0.2'", "number", "Share of silenced units"]),
        ("  dropout: 0.2", "  dropout: -1", 14, 12, ["dropout is -1", "greater than or equal to 0"]),
        ("  dropout: 0.2", "  dropout: yes", 14, 12, ["model.dropout is true", "a number"]),
        ("  dropout: 0.2", "  layers: [256, wide]", 14, 17, ["layers.1 is 'wide'", "integer"]),
        ("  dropout: 0.2", "  layers: 256", 14, 11, ["layers is 256"]),
        ("  dropout: 0.2", "  activation: rleu", 14, 15, ["activation is 'rleu'", "'relu' or 'gelu'"]),
        ("  dropout: 0.2", "  metric: aurok", 14, 11, ["unknown metric 'aurok'", "did you mean 'auroc'?"]),
        ("  dropout: 0.2", "  metric: los", 14, 11, ["unknown metric 'los'", "did you mean 'loss'?"]),
        ("  dropout: 0.2", "  dropout: ${model.nowhere}", 14, 12, ["model.dropout", "cannot be resolved"]),
        ("  dropout: 0.2", "  use: other", 14, 8, ["model.use is set by a choice", "model=other"]),
        ("  dropout: 0.2", "  _target_: os.system", 14, 3, ["_target_ is refused"]),
        ("  dropout: 0.2", "  inputs: {feature: data}", 14, 12, ["unknown input 'feature'", "'features'"]),
        ("  dropout: 0.2", "  inputs: {features: dat}", 14, 22, ["unknown stage 'dat'", "did you mean 'data'?"]),
        ("  dropout: 0.2", "  inputs: {features: data}", 14, 22, ["takes a Features, but 'data' gives a Dataset"]),
        ("  path: rows.csv", "  path: ???", 12, 9, ["'path' must be given"]),
        ("  path: rows.csv", "  path: rows.csv\n  split: {tran: 1}", 13, 11, ["unknown key 'tran'", "'train'"]),
        (
            "  path: rows.csv",
            "  path: rows.csv\n  split: {train: no}",
            13,
            18,
            ["data.split.train is false", "Fraction to learn from"],
        ),
        ("/model: net", "/model: nett", 5, 22, ["unknown model 'nett'", "did you mean 'net'?"]),
        ("seed: 7", "seed: seven", 9, 7, ["seed is 'seven'"]),
        ("seed: 7", "sede: 7", 9, 1, ["unknown key 'sede'", "did you mean 'seed'?"]),
        ("features, model, ev", "features, modle, ev", 10, 28, ["unknown stage 'modle'", "did you mean 'model'?"]),
        ("[data, features, model", "[data, model", 10, 0, ["takes an input 'features'"]),
        ("seed: 7", "seed: 7\nbaselines: [net, nett]", 10, 18, ["unknown model 'nett'"]),
        ("seed: 7", "seed: 7\nrunner: {isolte: true}", 10, 10, ["runner", "unknown key 'isolte'", "'isolate'"]),
    ],
)
def test_a_fault_in_a_file_is_told_with_its_place(trial, old, new, line, column, parts):
    trial.edit(old, new)
    faults = trial.faults()
    found = [f for f in faults if all(part in f.render() for part in parts)]
    assert found, [f.render() for f in faults]
    where = found[0].where
    if column:
        assert (where.source, where.line, where.column) == ("configs/experiment/trial.yaml", line, column)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("model.droput=0.2", ["unknown key 'droput'", "command line:1"]),
        ("model.dropout=high", ["dropout is 'high'", "command line:15"]),
        ("model=nett", ["unknown model 'nett'", "did you mean 'net'?", "command line:7"]),
        ("experiment=trail", ["unknown experiment 'trail'", "did you mean 'trial'?"]),
        ("modle=net", ["unknown key 'modle'", "did you mean 'model'?"]),
        ("model.use=other", ["set by a choice", "model=other"]),
        ("model._target_=os.system", ["_target_ is refused"]),
        ("~model.nothing", ["no model.nothing to delete"]),
        ("model.layers=[1", ["is no override"]),
        ("seed=1,2", ["asks for several values", "-m"]),
    ],
)
def test_a_fault_on_the_command_line_is_told_with_its_place(trial, word, parts):
    words = ["experiment=trail"] if word == "experiment=trail" else [word]
    try:
        faults = trial.faults(*words)
    except UsageError as error:
        faults = [error]
    text = "\n".join(f.render() for f in faults)
    assert all(part in text for part in parts), text


def test_all_faults_are_told_at_once_in_the_order_of_their_places(trial):
    trial.edit("  dropout: 0.2", "  droput: 0.2\n  layers: wide\n  activation: rleu\n  metric: aurok")
    trial.edit("  path: rows.csv", "  paht: rows.csv")
    trial.edit("seed: 7", "sede: 7")
    faults = trial.faults("model.width=wide")
    lines = [f.where.line for f in faults if f.where and f.where.line]
    assert lines == sorted(lines)
    text = "\n".join(f.render() for f in faults)
    for part in ("droput", "layers", "rleu", "paht", "'path' must be given", "sede", "model.width=wide"):
        assert part in text, part


def test_an_unknown_option_does_not_hide_other_faults(trial):
    trial.edit("/model: net", "/model: nett")
    trial.edit("  path: rows.csv", "  path: 3")
    text = "\n".join(f.render() for f in trial.faults())
    assert "unknown model 'nett'" in text
    assert "path is 3" in text


def test_a_file_that_is_no_yaml_is_told_with_its_place(trial):
    trial.edit("  dropout: 0.2", "  dropout: [0.2")
    fault = trial.faults()[0]
    assert fault.where.source == "configs/experiment/trial.yaml"
    assert fault.where.line in (14, 15)


def test_a_plugin_that_did_not_load_is_named_as_a_possible_owner(trial, project):
    project.plugin("broken", "import nowhere_to_be_found")
    trial.edit("evaluation]", "evaluation, vote2]")
    assert "broken" in trial.faults()[0].render()


def test_stages_that_wait_for_one_another_are_told(trial):
    trial.edit("  dropout: 0.2", "  inputs: {features: features}")
    trial.edit("  - override /data: rows", "  - /vote: mean\n  - override /data: rows")
    trial.edit("model, evaluation]", "model, vote, evaluation]\nvote: {inputs: {members: [vote, model]}}")
    assert "wait for one another: vote → vote" in "\n".join(f.render() for f in trial.faults())


def test_several_stages_fan_in(trial):
    trial.edit("  - override /data: rows", "  - model@second: other\n  - /vote: mean\n  - override /data: rows")
    trial.edit("  - model@second", "  - /model@second")
    trial.edit("model, evaluation]", "model, second, vote, evaluation]\nvote: {inputs: {members: [model, second]}}")
    trial.edit("name: trial", "name: trial\nevaluation: {inputs: {model: vote}}")
    experiment = trial.check()
    assert stage(experiment, "vote").inputs == {"members": ("model", "second")}
    assert stage(experiment, "evaluation").inputs == {"model": "vote"}
    assert (stage(experiment, "second").kind, stage(experiment, "second").use) == ("model", "other")


def test_baselines_are_options_alone_untouched_by_values_of_the_model(trial):
    trial.edit("seed: 7", "seed: 7\nbaselines: [other, {net: {layers: [8]}}]")
    experiment = trial.check("model.dropout=0.5")
    assert experiment.baselines["other"].stage.dropout == 0.1
    assert experiment.baselines["net"].stage.layers == (8,)
    assert experiment.baselines["net"].stage.seed == 7


def test_secrets_are_masked_where_people_look(trial):
    experiment = trial.check("data.token=hunter2")
    assert stage(experiment, "data").stage.token == "hunter2"
    assert experiment.public["data"]["token"] == "***"
    assert "data.token=***" in experiment.words


def test_a_grid_is_every_combination_and_the_last_varies_fastest():
    assert expand(["experiment=a", "model=x,y", "seed=range(1,3)"]) == [
        ["experiment=a", "model=x", "seed=1"],
        ["experiment=a", "model=x", "seed=2"],
        ["experiment=a", "model=y", "seed=1"],
        ["experiment=a", "model=y", "seed=2"],
    ]
    assert expand(["model.layers=choice([1,2],[3])"]) == [["model.layers=[1,2]"], ["model.layers=[3]"]]
    with pytest.raises(UsageError, match="no list of values"):
        expand(["x=interval(0,1)"])
    with pytest.raises(ConfigError):
        expand(["x=[1"])
