"""What a running stage says of a config key is shown where the key was written."""

import pytest
from headway.config.locating import locate
from headway.errors import Place


@pytest.fixture
def located(study):
    """The place of what a stage says of a key: its text, and the position and length of a part of it."""

    def found(source, text=None, column=None, width=1, *, words=(), label=None):
        experiment = study.check(*words)
        stage = experiment.stage(label or source.partition(".")[0])
        place = locate(Place(source, None, column, text, width), stage, experiment.config, study.plugins)
        underlined = (place.text or "")[(place.column or 1) - 1 :][: place.width]
        return str(place), underlined

    return found


def test_a_part_of_a_text_in_a_file(study, located):
    study.add("features:\n  derive: {a: 'x + ages', b: x + ages}\n")
    place = "configs/experiment/study.yaml:10"
    assert located("features.derive.a", "x + ages", 5, 4) == (f"{place}:20", "ages")
    assert located("features.derive.b", "x + ages", 5, 4) == (f"{place}:34", "ages")


def test_a_whole_value(study, located):
    study.add("features:\n  derive: {a: x + ages}\n")
    assert located("features.derive.a") == ("configs/experiment/study.yaml:10:15", "x + ages")


def test_a_text_that_stands_there_in_another_way_is_shown_from_its_start(study, located):
    study.add("features:\n  derive:\n    a: >\n      x +\n      ages\n    b: 'it''s'\n")
    assert located("features.derive.a", "x + ages\n", 5, 4)[0] == "configs/experiment/study.yaml:11:8"
    assert located("features.derive.b", "it's", 4) == ("configs/experiment/study.yaml:14:8", "'it''s'")


def test_a_word_of_the_command_line(located):
    words = ["features.derive.a='x + ages'", "data.kinds={b: y}"]
    assert located("features.derive.a", "x + ages", 5, 4, words=words) == ("command line:24", "ages")
    assert located("data.kinds.b", "y", 1, words=words) == ("command line:16", "y")


def test_an_item_of_a_list_and_a_field_of_a_choice(study, located):
    study.add("features:\n  columns: {age: [standard, {clip: {low: 1}}]}\n")
    assert located("features.columns.age.1.clip.low") == ("configs/experiment/study.yaml:10:42", "1")
    assert located("features.columns.age.0") == ("configs/experiment/study.yaml:10:19", "standard")


def test_a_key_with_dots_of_its_own(study, located):
    study.add("features:\n  derive: {a: x, a.b: z, a.b.c: y}\n")
    assert located("features.derive.a.b") == ("configs/experiment/study.yaml:10:23", "z")
    assert located("features.derive.a.b.c") == ("configs/experiment/study.yaml:10:33", "y")


@pytest.mark.parametrize("source", ["model.layers", "model.dropout.x", "features", "nothing.of.it", "test.csv"])
def test_what_nobody_wrote_is_shown_as_it_is(located, source):
    assert located(source, "some text", 6, 4, label="model") == (f"{source}:6", "text")


def test_a_field_that_nobody_wrote_is_shown_at_what_holds_it(study, located):
    study.add("data:\n  rules: {age: {max: 3}}\n")
    assert located("data.rules.age.policy") == ("configs/experiment/study.yaml:10:16", "{max: 3}")
    assert located("data.split") == ("data.split", "")


def test_a_place_with_a_line_is_left_alone(study):
    experiment = study.check()
    place = Place("people.csv", 3, 1, "a;b")
    assert locate(place, experiment.stage("data"), experiment.config, study.plugins) == place


def test_a_value_through_an_interpolation_is_shown_where_the_interpolation_stands(study, located):
    study.add("data: {kinds: {a: x + ages}}\nfeatures: {derive: {a: '${data.kinds.a}'}}\n")
    assert located("features.derive.a", "x + ages", 5, 4) == (
        "configs/experiment/study.yaml:10:24",
        "'${data.kinds.a}'",
    )


def test_a_baseline_is_blamed_in_the_list_or_in_its_option(study, located):
    study.write("configs/model/small.yaml", "use: net\ndropout: 0.2\nrate: 0.5\n")
    study.add("baselines: [{linear: {C: 2.0}}, {small: {rate: 0.7}}]\nmodel: {dropout: 0.3, rate: 0.4}\n")
    assert located("model.C", label="model[linear]") == ("configs/experiment/study.yaml:9:26", "2.0")
    assert located("model.rate", label="model[small]") == ("configs/experiment/study.yaml:9:48", "0.7")
    assert located("model.dropout", label="model[small]") == ("configs/model/small.yaml:2:10", "0.2")
    assert located("model.dropout", label="model") == ("configs/experiment/study.yaml:10:18", "0.3")
    assert located("model.layers", label="model[small]") == ("model.layers", "")


def test_a_second_stage_of_a_kind_has_its_own_keys_whichever_of_its_names_it_uses(study, located):
    study.add(
        "mean: {inputs: {members: [model, teacher]}}\nevaluation: {inputs: {model: mean}}\n"
        "model: {dropout: 0.1}\nteacher: {dropout: 0.2}\n",
        entry="  - /model@teacher: net\n  - /mean: mean\n",
    )
    text = (study.project.folder / "configs/experiment/study.yaml").read_text()
    changed = text.replace("model, evaluation]", "model, teacher, mean, evaluation]")
    study.write("configs/experiment/study.yaml", changed)
    place = "configs/experiment/study.yaml"
    assert located("teacher.dropout", label="teacher") == (f"{place}:14:20", "0.2")
    assert located("model.dropout", label="teacher") == (f"{place}:14:20", "0.2")
    assert located("model.dropout", label="model") == (f"{place}:13:18", "0.1")


def test_another_stages_key_is_found_too(study, located):
    study.add("data: {kinds: {a: x}}\n")
    assert located("data.kinds.a", "x", 1, label="features") == ("configs/experiment/study.yaml:9:19", "x")


def test_no_secret_on_the_same_line_is_shown(study):
    study.add("model: {token: hunter2, rate: 0.5}\n")
    experiment = study.check()
    place = locate(Place("model.rate"), experiment.stage("model"), experiment.config, study.plugins)
    assert "***" in place.text
    assert "hunter2" not in place.text


def test_a_file_that_is_gone_leaves_the_key(study):
    study.write("configs/model/net.yaml", "use: net\nrate: 0.5\n")
    experiment = study.check()
    (study.project.folder / "configs/model/net.yaml").unlink()
    place = Place("model.rate", None, 1, "0.5")
    assert locate(place, experiment.stage("model"), experiment.config, study.plugins) == place
