"""Points that hold every choice and every end, composed up front; what is wrong with them is told at the parameter."""

import pytest
from headway.config import check as checked
from headway.config import compose
from headway.errors import Place
from headway_optuna.config import Sweep
from headway_optuna.space.probing import check, probes
from headway_optuna.space.reading import read

STAGES = '''
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Le

from headway import Context, Stage
from headway.contracts import Dataset, Features, Predictor
from headway.fields import Uses


@dataclass(frozen=True)
class Rows(Stage):
    """Rows."""

    def run(self, context: Context) -> Dataset: ...


@dataclass(frozen=True)
class Deep(Stage):
    """Deep."""

    blocks: Annotated[int, Ge(1)] = 2
    dropout: Annotated[float, Ge(0), Le(1)] = 0.1
    solver: Annotated[str | Mapping[str, Any], Uses("solver")] = "sgd"

    def run(self, context: Context, data: Dataset) -> Predictor: ...


@dataclass(frozen=True)
class Flat(Stage):
    """Flat."""

    rate: float = 0.1

    def run(self, context: Context, data: Dataset) -> Predictor: ...


@dataclass(frozen=True)
class Sgd:
    momentum: float = 0.0


@dataclass(frozen=True)
class Lion:
    beta: float = 0.0


def headway_register(registry):
    registry.add("data", "rows", Rows)
    registry.add("model", "deep", Deep)
    registry.add("model", "flat", Flat)
    registry.add("solver", "sgd", Sgd)
    registry.add("solver", "lion", Lion)
'''
STUDY = """\
# @package _global_
defaults:
  - override /data: rows
  - override /model: deep
name: study
pipeline: [data, model]
model: {solver: {sgd: {momentum: 0.5}}}
"""


@pytest.fixture
def study(project):
    """Composes and checks a small project's study with some words more."""
    project.plugin("stages", STAGES)
    project.write("configs/experiment/study.yaml", STUDY)
    project.write("configs/model/wide.yaml", "use: deep\nblocks: 9\n")
    project.write("configs/model/broken.yaml", "use: deep\nblocks: many\n")
    plugins = project.plugins()

    def composed(words=()):
        return checked(compose(project.folder, ["experiment=study", *words], plugins), plugins)

    return composed


def space(*words, when=None):
    options = {"model": ["broken", "deep", "flat", "wide"], "data": ["rows"]}
    node = Sweep(when=when or {})
    return read(words, node, lambda path: Place("config"), {}, lambda group: options.get(group, []))


def faults(study, *words, when=None):
    return check(space(*words, when=when), study)


def test_every_choice_and_every_end_is_probed_and_conditions_are_respected():
    found = space("model=deep,flat", "b=int(interval(1,9))", "c=x,y", "d=tag(log,interval(1,100.0))",
                  when={"b": "model == 'flat'", "c": "b == 3"})  # fmt: skip
    points = list(probes(found))
    assert all((parameter.key in point) for parameter, point in points)
    for _, point in points:
        assert [each.key for each in found.parameters if each.is_active(point)] == list(point)
    probed = {key: [point[key] for parameter, point in points if parameter.key == key] for key in found.described()}
    assert probed == {
        "model": ["deep", "flat"], "b": [1, 5, 9], "c": ["x", "y"], "d": [1.0, pytest.approx(10), 100.0],
    }  # fmt: skip


def test_options_of_several_groups_are_combined():
    points = [point for _, point in probes(space("model=deep,flat", "data=glob(*)", "+data@other=choice(rows)"))]
    assert {tuple(point.values()) for point in points} == {("deep", "rows", "rows"), ("flat", "rows", "rows")}
    found = space("model=deep,flat,broken", "model@other=deep,flat")
    assert len({tuple(point.values()) for _, point in probes(found)}) == 6


def test_a_space_that_fits_has_no_faults(study):
    words = ("model.dropout=interval(0,0.5)", "model.blocks=int(interval(1,8))",
             "model.solver=choice({lion:{beta: 0.5}},{sgd:{}},lion)")  # fmt: skip
    assert faults(study, *words) == []


def test_a_choice_of_a_mapping_is_that_mapping_in_the_config(study):
    found = space("model.solver=choice({lion:{beta: 0.5}},{sgd:{}})")
    solvers = [study(found.words(point)).stage("model").values["solver"] for _, point in probes(found)]
    assert solvers == [{"lion": {"beta": 0.5}}, {"sgd": {"momentum": 0.0}}]  # nothing is left of momentum: 0.5


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("interval(1,8)", "int(interval(1, 8))"),
        ("interval(1.5,8)", "int(interval(2, 8))"),
        ("tag(log,interval(1,64.5))", "tag(log, int(interval(1, 64)))"),
        ("range(1,3,0.5)", "must be integers"),
    ],
)
def test_floats_for_an_integer_are_refused_with_what_to_write(study, text, hint):
    (fault,) = faults(study, f"model.blocks={text}")
    assert hint in fault.hint
    assert fault.what.startswith("model.blocks = ")
    assert fault.where == Place("command line", None, 1, f"model.blocks={text}", len(f"model.blocks={text}"))


def test_ends_outside_of_a_field_are_told(study):
    fault = faults(study, "model.dropout=interval(-0.5,1)")[0]
    assert fault.what.startswith("model.dropout = -0.5 does not do: model.dropout is -0.5")
    assert "integers" not in (fault.hint or "")
    (fault,) = faults(study, "model.dropout=choice(0.5,'high')")
    assert fault.what.startswith("model.dropout = high does not do")


def test_a_key_that_only_some_options_have_is_told_with_the_condition_that_mends_it(study):
    words = ("model=flat,deep,wide", "model.dropout=interval(0,2)")
    fault = next(fault for fault in faults(study, *words) if "unknown key 'dropout'" in fault.what)
    assert fault.where.text == words[1]
    assert "sweep.when: {model.dropout: \"model in ['deep', 'wide']\"}" in fault.hint


def test_a_condition_mends_it(study):
    words = ("model=deep,flat", "model.dropout=interval(0,0.5)")
    found = faults(lambda each: study((*each, "~model.solver")), *words, when={"model.dropout": "model == 'deep'"})
    assert found == []


def test_an_unknown_key_is_told_once(study):
    (fault,) = faults(study, "model.dropuot=interval(0,0.5)")
    assert "did you mean 'dropout'" in fault.what


def test_an_option_that_is_broken_is_told_with_its_own_place(study):
    fault = next(fault for fault in faults(study, "model=deep,broken") if "many" in fault.what)
    assert fault.what.startswith("model = broken does not do: model.blocks is")
    assert fault.where.text == "model=deep,broken"
    assert "configs/model/broken.yaml:2:9" in fault.note
