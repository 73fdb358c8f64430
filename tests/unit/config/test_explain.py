"""One key of a config, explained."""

import pytest
from headway.config.explain import explain
from headway.errors import UsageError


def explained(study, key, *words):
    return explain(key, study.compose(*words), study.plugins)


def test_a_field_has_doc_type_limits_default_value_and_origin(study):
    found = explained(study, "model.dropout", "model.dropout=0.5")
    assert (found.type, found.constraints, found.default, found.value) == ("float", (">= 0", "<= 1"), 0.1, 0.5)
    assert found.origin == "command line:15"
    assert explained(study, "model.layers").doc == "Units of each layer."
    assert explained(study, "model.layers").origin == "default"


def test_what_the_entries_of_a_mapping_hold_is_told(study):
    notes = explained(study, "data.rules").notes
    assert notes[0] == "NAME.policy: 'error' | 'drop' — What becomes of rows that break it."
    assert notes[1:] == ("NAME.max: float | None", "NAME.bounds: Bounds")
    assert [note.partition(".")[0] for note in explained(study, "data.steps").notes] == ["0", "0", "0"]
    assert explained(study, "data.kinds").notes == ()


def test_a_key_of_a_stage_that_nobody_chose_says_how_to_choose_one(study):
    with pytest.raises(UsageError) as caught:
        explain("data.rules", study.compose("~data"), study.plugins)
    assert caught.value.hint == "nothing is chosen for data: add experiment=NAME"


def test_who_overrode_whom_is_told_in_the_order_of_merging(study):
    study.write("configs/model/net.yaml", "use: net\ndropout: 0.2\n")
    study.add("model:\n  dropout: ${model.rate}\n  rate: 0.3\n")
    found = explained(study, "model.dropout", "model.dropout=0.4")
    assert [(step.value, step.origin) for step in found.steps] == [
        (0.2, "configs/model/net.yaml:2:10"),
        ("${model.rate}", "configs/experiment/study.yaml:10:12"),
        (0.4, "command line:15"),
    ]


def test_what_was_taken_away_is_told(study):
    study.add("model: {dropout: 0.2}\n")
    found = explained(study, "model.dropout", "~model.dropout")
    assert [step.value for step in found.steps] == [0.2, "(taken away)"]
    assert found.value == 0.1


def test_a_value_by_an_interpolation_says_where_it_comes_from(study):
    study.add("seed: 3\nmodel: {rate: '${seed}'}\n")
    found = explained(study, "model.rate")
    assert (found.value, found.notes) == (3, ("its value comes from seed (configs/experiment/study.yaml:9:7)",))


def test_a_value_that_is_wrong_is_explained_all_the_same(study):
    assert explained(study, "model.dropout", "model.dropout=high").value == "high"


@pytest.mark.parametrize(
    ("key", "note"),
    [
        ("model.seed", "takes the run's seed"),
        ("data.path", "the content of the file"),
        ("evaluation.metrics", "names a registered metric: accuracy"),
        ("model.token", "secret"),
        ("data.login.password", "secret"),
    ],
)
def test_the_markers_of_a_field_are_told(study, key, note):
    assert any(note in text for text in explained(study, key).notes)


def test_no_secret_is_told(study):
    words = ["model.token=hunter2", "data.login.password=hunter3", "data.path=s3://hunter2"]
    for key in ("model", "model.token", "data", "data.login", "data.login.password", "data.path"):
        text = str(explained(study, key, *words).to_dict())
        assert "hunter2" not in text
        assert "hunter3" not in text
    assert explained(study, "model.token", *words).value == "***"


def test_a_stage_has_its_fields_and_inputs(study):
    found = explained(study, "model", "model.inputs.features=features")
    assert found.doc == "A network."
    assert found.type == "model 'net', of stages"
    assert found.inputs == {"features": "Features, from features"}
    assert [field.key for field in found.fields] == [
        f"model.{name}" for name in ("layers", "dropout", "rate", "token", "seed")
    ]


def test_a_field_that_holds_fields_has_them(study):
    assert [field.key for field in explained(study, "data.login").fields] == ["data.login.user", "data.login.password"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", 0),
        ("pipeline", ["data", "features", "model", "evaluation"]),
        ("runner.isolate", True),
        ("model.use", "net"),
    ],
)
def test_keys_that_are_no_fields_of_stages(study, key, value):
    assert explained(study, key).value == value


def test_an_item_of_a_list_is_explained_by_its_field(study):
    found = explained(study, "model.layers.1", "model.layers=[3,4]")
    assert (found.value, found.type) == (4, "in layers: tuple[int, ...]")


@pytest.mark.parametrize(
    ("key", "close"),
    [("model.droput", "model.dropout"), ("modle", "model"), ("data.login.usr", None), ("sede", "seed"), ("a.b", None),
     ("model.cache_version", None), ("model.layers.9", None)],
)  # fmt: skip
def test_an_unknown_key_is_answered_with_the_nearest(study, key, close):
    with pytest.raises(UsageError, match=f"did you mean '{close}'" if close else "unknown key") as caught:
        explained(study, key)
    assert "cache_version" not in caught.value.what.partition("there are")[2]
