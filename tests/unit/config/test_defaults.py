"""Dataclasses in mappings, lists and unions are filled, explained, located and overridden like all others."""

import pytest
from headway.config.defaults import defaults_of, fill
from headway.config.explain import explain
from headway.config.text import render

RULE = {"policy": "error", "max": None, "bounds": {"low": 0.0, "high": 9.0}}


def test_defaults_are_filled_in_mappings_and_lists(study):
    study.add("data: {rules: {age: {max: 9}, sex: {}}, steps: [{policy: drop}]}\n")
    public = study.check().public["data"]
    assert public["rules"] == {"age": RULE | {"max": 9}, "sex": RULE}
    assert public["steps"] == [RULE | {"policy": "drop"}]


def test_the_command_line_reaches_into_them_without_a_plus(study):
    words = ["data.rules.age.max=90", "data.rules.sex.policy=drop", "data.checks.duplicates=off"]
    stage = study.stage("data", *words).stage
    assert (stage.rules["age"].max, stage.rules["age"].policy, stage.rules["sex"].policy) == (90, "error", "drop")
    assert stage.checks == {"duplicates": "off"}
    study.add("data: {rules: {age: {max: 9, policy: drop}}, steps: [{}, {max: 1}]}\n")
    stage = study.stage("data", *words, "data.steps.1.max=2").stage
    assert (stage.rules["age"].max, stage.rules["age"].policy, stage.steps[1].max) == (90, "drop", 2)


def test_a_part_of_a_default_that_is_set_leaves_the_rest_of_it(study):
    rule = study.stage("data", "data.rules.age.bounds.low=1").stage.rules["age"]
    assert (rule.bounds.low, rule.bounds.high) == (1.0, 9.0)


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ([], "random"),
        (["data.split.by=day"], {"by": "day", "gap": 0.0}),
        (["data.split={group: g}"], {"group": "g", "size": 0.2}),
        (["data.split.group=g", "data.split.size=0.5"], {"group": "g", "size": 0.5}),
    ],
)
def test_a_union_has_the_defaults_of_the_dataclass_whose_keys_are_given(study, words, split):
    experiment = study.check(*words)
    assert experiment.public["data"]["split"] == split
    assert experiment.stages[0].values["split"] == split


def test_a_part_of_one_says_where_it_was_written(study):
    study.add("data: {rules: {age: {max: 9}}}\n")
    lines = [line.strip() for line in render(study.check("data.rules.age.policy=drop"), origins=True).splitlines()]
    assert "max: 9  # configs/experiment/study.yaml:9:27" in lines
    assert "policy: drop  # command line:23" in lines
    assert "high: 9.0  # default" in lines


def test_a_part_of_one_is_explained(study):
    study.add("data: {rules: {age: {max: 9}}, steps: [{max: 1}]}\n")
    config = study.compose("data.rules.age.max=90")
    found = explain("data.rules.age.max", config, study.plugins)
    assert (found.value, found.type, found.origin) == (90, "float | None", "command line:20")
    assert [step.value for step in found.steps] == [9, 90]
    assert explain("data.rules.age.policy", config, study.plugins).doc == "What becomes of rows that break it."
    whole = explain("data.rules.age", config, study.plugins)
    assert whole.doc == "What holds for each column."
    assert [field.key.rpartition(".")[2] for field in whole.fields] == ["policy", "max", "bounds"]
    assert explain("data.steps.0.max", config, study.plugins).origin == "configs/experiment/study.yaml:9:46"


def test_histories_keep_lists_as_they_were_written(study):
    study.add("data: {steps: [{max: 1}]}\n")
    assert explain("data.steps", study.compose(), study.plugins).steps[0].value == [{"max": 1}]


def test_defaults_without_registered_classes(study):
    cls = study.plugins.registry.get("features", "columns")
    node = {"columns": {"age": ["clip"]}}
    fill(node, cls)
    assert node == defaults_of(cls) | {"columns": {"age": ["clip"]}}
