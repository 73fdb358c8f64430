"""Fields that choose something registered, with its fields."""

import json

from headway.config.explain import explain
from headway.config.jsonschema import json_schema
from headway.config.text import render, render_json
from headway.planning import source_values
from headway.planning.sources import sources
from headway.stage import build_used


def features(study, text="", *words):
    study.add(f"features: {text}\n" if text else "")
    return study.stage("features", *words)


def test_a_choice_has_all_its_fields_and_one_without_fields_is_its_name(study):
    stage = features(study, "{columns: {age: [clip, {standard: {}}, {clip: }, {bins: {n: 3, bounds: {low: 0.5}}}]}}")
    clip = {"clip": {"low": None, "high": None}}
    assert stage.values["columns"] == {
        "age": [clip, "standard", clip, {"bins": {"n": 3, "bounds": {"low": 0.5, "high": 1.0}}}]
    }


def test_the_way_a_choice_is_written_does_not_show_in_its_values(study):
    first = features(study, "{columns: {age: [clip]}, otherwise: {clip: {low: 1}}}").values
    assert features(study, "{columns: {age: [{clip: {high: null}}]}, otherwise: {clip: {low: 1.0}}}").values == first


def test_a_stage_builds_what_was_chosen(study):
    stage = features(study, "{columns: {age: [{bins: {n: 3}}, standard]}}")
    bins, standard = (build_used(each, "transform", study.plugins.registry) for each in stage.stage.columns["age"])
    assert (bins.n, bins.bounds.high, type(standard).__name__) == (3, 1.0, "Standard")
    assert build_used("clip", "transform", study.plugins.registry).low is None


def test_a_choice_takes_the_runs_seed(study):
    stage = features(study, "{columns: {age: [noise, {noise: {seed: 5}}]}}", "seed=3")
    assert stage.values["columns"]["age"] == [{"noise": {"seed": 3}}, {"noise": {"seed": 5}}]


def test_a_field_of_a_choice_is_set_on_the_command_line(study):
    stage = features(study, "{columns: {age: [standard, clip]}}", "features.columns.age.1.clip.low=2")
    assert stage.values["columns"]["age"] == ["standard", {"clip": {"low": 2.0, "high": None}}]


LOOKUP = "{columns: {age: [{lookup: {path: a.csv, token: hunter2, then: [{lookup: {path: b.csv}}]}}]}}"


def test_files_in_choices_are_found_and_made_absolute(study, tmp_path):
    stage = features(study, LOOKUP)
    outer = ("columns", "age", 0, "lookup")
    assert dict(sources(stage)) == {
        (*outer, "path"): "a.csv",
        (*outer, "then", 0, "lookup", "path"): "b.csv",
    }
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).touch()
    study.write("people.csv", "")
    made = source_values(stage, tmp_path)["columns"]["age"][0]["lookup"]
    assert (made["path"], made["then"][0]["lookup"]["path"]) == (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert (made["label"], made["then"][0]["lookup"]["label"]) == ("clip", "clip")


def test_a_secret_in_a_choice_is_told_nowhere(study):
    features(study, LOOKUP)
    experiment = study.check("name=hunter2")
    for text in (render(experiment), render(experiment, origins=True), render_json(experiment), str(experiment.words)):
        assert "hunter2" not in text
    found = explain("features.columns.age.0.lookup.token", study.compose(), study.plugins)
    assert (found.value, "secret" in found.notes[0]) == ("***", True)
    fault = study.fault("features.columns.age.0.lookup.metric=hunter2")
    assert "***" in fault.render()
    assert "hunter2" not in fault.render()


def test_a_baseline_replaces_a_choice_and_a_mapping_that_are_defaults_and_merges_what_its_option_says(study):
    values = "{solver: {bins: {n: 3}}, weights: {odd: 2.0}, bounds: {low: 0.5}}"
    study.write("configs/model/ridge.yaml", "use: linear\nweights: {even: 3.0}\nsolver: {clip: {low: 1}}\n")
    study.add(
        f"baselines: [{{linear: {values}}}, {{ridge: {{weights: {{odd: 2.0}}, solver: {{clip: {{high: 2}}}}}}}}]\n"
    )
    linear, ridge = study.check().baselines.values()
    assert linear.values["solver"] == {"bins": {"n": 3, "bounds": {"low": 0.0, "high": 1.0}}}
    assert (linear.values["weights"], linear.values["bounds"]) == ({"odd": 2.0}, {"low": 0.5, "high": 1.0})
    assert ridge.values["solver"] == {"clip": {"low": 1.0, "high": 2.0}}
    assert ridge.values["weights"] == {"even": 3.0, "odd": 2.0}


def test_what_may_be_chosen_is_explained(study):
    features(study, "{columns: {age: [{bins: {n: 3}}]}}")
    whole = explain("features.columns", study.compose(), study.plugins)
    assert "clip(low, high)" in whole.notes[0]
    assert "standard" in whole.notes[0]
    one = explain("features.columns.age.0.bins", study.compose(), study.plugins)
    assert [field.key for field in one.fields] == [f"features.columns.age.0.bins.{name}" for name in ("n", "bounds")]
    inner = explain("features.columns.age.0.bins.n", study.compose(), study.plugins)
    assert (inner.value, inner.type, inner.constraints) == (3, "int", (">= 2",))
    assert inner.origin == "configs/experiment/study.yaml:9:39"
    high = explain("features.columns.age.0.bins.bounds.high", study.compose(), study.plugins)
    assert (high.value, high.default) == (1.0, 1.0)


def test_the_json_schema_has_a_name_or_one_name_with_fields(study):
    schema = json_schema(study.compose(), study.plugins)
    assert json.loads(json.dumps(schema)) == schema
    columns = schema["properties"]["features"]["properties"]["columns"]
    names, one = columns["additionalProperties"]["items"]["oneOf"]
    assert columns["x-headway"] == ["uses"]
    assert names == {"enum": ["clip", "noise", "standard"]}  # those that need no fields
    assert (one["minProperties"], one["maxProperties"], one["additionalProperties"]) == (1, 1, False)
    assert one["properties"]["bins"] == {"$ref": "#/$defs/transform.bins"}
    assert one["properties"]["clip"] == {"anyOf": [{"$ref": "#/$defs/transform.clip"}, {"type": "null"}]}
    clip = schema["$defs"]["transform.clip"]
    assert clip["properties"]["low"]["description"] == "The least value."
    assert clip["additionalProperties"] is False
    inner = schema["$defs"]["transform.lookup"]["properties"]
    assert inner["then"]["items"]["oneOf"] == [names, one]
    assert inner["token"]["writeOnly"]
    assert {"type": "null"} in schema["properties"]["features"]["properties"]["otherwise"]["oneOf"]
    assert schema["properties"]["features"]["properties"]["formulas"]["x-headway"] == ["grammar"]
