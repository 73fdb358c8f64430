import io
import math

import pytest
import yaml
from headway import DataError
from headway.session import Session
from headway.testing import Project, alone
from headway_optuna.best import experiment_text, save_best, written
from headway_optuna.trial import Study, Trial
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

STAGES = """
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headway import Context, Stage
from headway.contracts import Dataset, Predictor


@dataclass(frozen=True)
class Rows(Stage):
    '''Rows.'''

    path: str = "rows.csv"
    def run(self, context: Context) -> Dataset: ...


@dataclass(frozen=True)
class Small(Stage):
    '''A model.'''

    rate: float = 0.1
    hidden: tuple[int, ...] = (8,)
    extra: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()
    note: str | None = None
    def run(self, context: Context, data: Dataset) -> Predictor: ...


@dataclass(frozen=True)
class Large(Small):
    '''A larger one.'''

    depth: int = 2


def headway_register(registry):
    registry.add("data", "rows", Rows)
    registry.add("data", "others", Rows)
    registry.add("model", "small", Small)
    registry.add("model", "large", Large)
"""
BASE = """# @package _global_
defaults:
  - override /data: rows
  - override /model: small
  - _self_

name: base
pipeline: [data, model]
model:
  rate: 0.5
  steps: [{a: 1, b: x}, {a: 2}]
"""
TUNED = "use: large\nrate: 0.01\ndepth: 7\nextra: {a: 1}\n"
STUDY = Study("base", {"validation.loss": "minimize"}, (), 5)
TRIAL = Trial(3, {}, state="complete", values=(0.25,))


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("project"))
    project.plugin("stages", STAGES)
    project.write("configs/experiment/base.yaml", BASE)
    project.write("configs/experiment/other.yaml", BASE.replace("rate: 0.5", "rate: 0.7").replace("name: base", ""))
    project.write("configs/experiment/louder.yaml", BASE.replace("defaults:", "defaults:\n  - /extra: loud"))
    project.write("configs/model/tuned.yaml", TUNED)
    project.write("configs/extra/loud.yaml", "# @package model\nnote: loud\n")
    return Session(project.folder, alone("optuna", project.folder))


def is_group(key):
    return key in ("experiment", "data", "model", "export", "evaluation", "deployment", "extra")


def saved(session, words):
    """The trial's experiment, the file's text, and what the file composes to."""
    experiment = session.experiments(words)[0]
    text = experiment_text(STUDY, TRIAL, words, is_group, experiment.config.tree.root)
    (session.project / "configs/experiment/base_best.yaml").unlink(missing_ok=True)
    save_best(session.project, STUDY, text)
    return experiment, text, session.experiments(["experiment=base_best"])[0]


@pytest.mark.parametrize(
    "words",
    [
        ["experiment=base"],
        ["experiment=base", "model=large", "model.depth=5", "model.rate=1e-05"],
        ["experiment=base", "model=tuned", "model.extra={b:null,c:[1,2.0,'3']}", "+model.extra.d=1e300"],
        ["experiment=base", "model=large", "model=tuned", "model.rate=1", "model.rate=0.30000000000000004"],
        ["experiment=base", "data=others", "data.path='with space: and # more'", "model.note=null", "seed=3"],
        ["experiment=base", "model.note='1e-5'", "model.hidden=[1,2,3]", "name='null'"],
        ["experiment=base", "model.note='yes'", "model.hidden=[]", "model.extra={on:off,2:true}"],
        ["experiment=base", "model.steps.1.a=5", "++model.extra.text='a\"b\\\\'"],
        ["experiment=base", "+extra=loud", "model.rate=${seed}", "seed=12"],
        ["experiment=[base,other]", "model.extra={a:{b:1}}", "model.extra={a:{c:2}}"],
        ["experiment=louder", "~extra", "model.rate=2"],
        ["data=rows", "model=small", "pipeline=[data,model]"],
        ["experiment=base", "model.note='ünï'", "model.extra={k:'line\tone'}"],
        ["experiment=base", "model.extra={a:1}", "~model.extra", "+model.extra={b:2}"],
    ],
    ids=range(14),
)
def test_the_file_composes_to_the_config_of_the_trial(session, words):
    asked, text, found = saved(session, words)
    assert found.public == asked.public, text
    assert [dict(stage.values) for stage in found.stages] == [dict(stage.values) for stage in asked.stages]
    assert [stage.use for stage in found.stages] == [stage.use for stage in asked.stages]


def test_the_file_reads_as_if_a_person_had_written_it(session):
    words = ["experiment=base", "sweep.trials=9", "model=tuned", "model.rate=0.0001234", "model.extra.b='7'"]
    _, text, _ = saved(session, [word for word in words if not word.startswith("sweep")])
    assert text == (
        "# @package _global_\n"
        "# Trial 3 of the study base: validation.loss 0.25      headway run experiment=base_best\n"
        "defaults:\n"
        "  - base\n"
        "  - _self_\n"
        "  - override /model: tuned\n"
        "\n"
        "model:\n"
        "  rate: 0.0001234\n"
        "  extra:\n"
        '    b: "7"\n'
    )
    assert experiment_text(STUDY, TRIAL, words, is_group, {}) == text, "how it was searched is left out"


def test_the_same_is_written_twice_but_nothing_else_is_overwritten(project):
    path = save_best(project.folder, STUDY, "a: 1\n")
    assert save_best(project.folder, STUDY, "a: 1\n") == path
    with pytest.raises(DataError, match=r"configs/experiment/base_best.yaml exists") as caught:
        save_best(project.folder, STUDY, "a: 2\n")
    assert "sweep.name" in caught.value.hint
    assert path.read_text() == "a: 1\n"
    assert [each.name for each in path.parent.iterdir()] == ["base_best.yaml"]


@pytest.mark.parametrize(("word", "says"), [("~model.note", "deletes"), ("model.key=***", "secret"), ("a=[1", "no ov")])
def test_what_a_file_cannot_say_is_refused(word, says):
    with pytest.raises(DataError, match=says):
        experiment_text(STUDY, TRIAL, [word], is_group, {})


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
odd = st.sampled_from(["1e-5", "1_0", "12:30", "0o7", "null", "~", "yes", "y", "=", "<<", "- a", "#", "2020-01-01", ""])
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, odd)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts | odd, inner), max_leaves=8)


def same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return one.hex() == other.hex() or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@settings(max_examples=300, deadline=None)
@given(values)
def test_values_are_read_back_to_the_last_bit(value):
    assert same(value, yaml.safe_load(f"k: {written(value)}")["k"])


@settings(max_examples=300, deadline=None)
@given(scalars.filter(lambda value: "${" not in str(value)))
def test_values_are_read_back_by_the_reader_of_configs(value):
    read = OmegaConf.load(io.StringIO(f"k: {written(value)}\n"))
    assert same(value, OmegaConf.to_container(read, resolve=False)["k"])
