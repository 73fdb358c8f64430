"""The JSON Schema of a config."""

import json

import pytest
from headway.config.jsonschema import json_schema


@pytest.fixture
def schema(study):
    return json_schema(study.compose(), study.plugins)


def test_every_top_level_key_and_stage_has_a_schema(schema):
    assert set(schema["properties"]) == {
        "name", "seed", "pipeline", "baselines", "runner", "trackers", "data", "features", "model", "evaluation",
    }  # fmt: skip
    assert schema["additionalProperties"] is False
    json.dumps(schema)


def test_a_field_has_its_type_limits_default_and_documentation(schema):
    model = schema["properties"]["model"]["properties"]
    assert model["layers"]["description"] == "Units of each layer."
    assert (model["layers"]["items"], model["layers"]["default"]) == (
        {"exclusiveMinimum": 0, "type": "integer"},
        [256, 256],
    )
    assert (model["dropout"]["minimum"], model["dropout"]["maximum"]) == (0, 1)
    assert model["use"]["enum"] == ["linear", "net"]
    assert "features" in model["inputs"]["properties"]


def test_nested_fields_are_documented_too(schema):
    assert schema["$defs"]["Source"]["properties"]["url"]["description"] == "Where it is."
    assert schema["$defs"]["Source"]["additionalProperties"] is False


def test_markers_are_noted(schema):
    node = {name: part["properties"] for name, part in schema["properties"].items() if "properties" in part}
    assert node["model"]["token"]["x-headway"] == ["secret"]
    assert node["model"]["seed"]["x-headway"] == ["seed"]
    assert node["data"]["path"]["x-headway"] == ["source-path"]
    assert "accuracy" in node["evaluation"]["metrics"]["items"]["enum"]
    named, none = schema["$defs"]["transform.lookup"]["properties"]["metric"]["anyOf"]
    assert {"own", "accuracy"} < {*named["enum"]}
    assert none == {"type": "null"}


def test_the_default_of_a_secret_is_left_out(schema):
    assert "default" not in schema["properties"]["model"]["properties"]["token"]
    assert schema["properties"]["data"]["properties"]["login"]["default"] == {"user": ""}
    assert "default" not in schema["$defs"]["Login"]["properties"]["password"]


def test_no_value_of_a_secret_is_in_it(study):
    words = ["model.token=hunter2", "data.login.password=hunter2", "data.keys=[hunter2]"]
    assert "hunter2" not in json.dumps(json_schema(study.compose(*words), study.plugins))
