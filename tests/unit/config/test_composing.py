"""Hydra's rules, followed; and what breaks them, told with its place and without hiding the rest."""

import pytest
from headway.config import expand
from headway.errors import ConfigError, UsageError

EXPERIMENT = "configs/experiment/study.yaml"
PEOPLE = "configs/data/people.yaml"


def place(fault):
    return fault.where.source, fault.where.line, fault.where.column


def codes(faults):
    return [fault.code for fault in faults]


def test_an_option_may_build_on_another(study):
    study.write("configs/model/deep.yaml", "defaults:\n  - net\n  - _self_\nlayers: [8, 8, 8]\n")
    model = study.stage("model", "model=deep", "model.dropout=0.5")
    assert (model.use, model.stage.layers, model.stage.dropout) == ("net", (8, 8, 8), 0.5)


def test_an_option_may_lie_in_a_subfolder(study):
    study.write("configs/model/big/wide.yaml", "use: net\nlayers: [4096]\n")
    assert study.stage("model", "model=big/wide").stage.layers == (4096,)


def test_an_option_of_the_projects_own_takes_the_place_of_a_stages(study):
    study.write("configs/model/net.yaml", "use: net\ndropout: 0.9\n")
    assert study.stage("model").stage.dropout == 0.9


def test_an_experiment_may_build_on_another_and_goes_last(study):
    study.write(
        "configs/experiment/child.yaml",
        "# @package _global_\ndefaults: [study, _self_]\nname: child\nmodel: {dropout: 0.3}\n",
    )
    study.add("model: {dropout: 0.2, layers: [1]}\n")
    experiment = study.check("experiment=child")
    model = experiment.stages[2].stage
    assert (experiment.name, model.dropout, model.layers) == ("child", 0.3, (1,))


def test_a_group_of_ones_own_may_set_anything(study):
    study.write("configs/preset/fast.yaml", "# @package _global_\nmodel: {layers: [2]}\nseed: 3\n")
    assert study.stage("model", "+preset=fast").stage.layers == (2,)


def test_a_second_stage_of_a_kind_has_a_package_of_its_own(study):
    study.write(
        EXPERIMENT,
        "# @package _global_\ndefaults:\n  - /model@teacher: linear\n  - override /data: people\n"
        "  - override /features: columns\n  - override /model: net\npipeline: [data, features, teacher, model]\n"
        "teacher: {C: 3.0}\n",
    )
    teacher = study.stage("teacher", "teacher.seed=9")
    assert (teacher.kind, teacher.use, teacher.stage.C, teacher.stage.seed) == ("model", "linear", 3.0, 9)


def test_a_stage_may_be_added_and_taken_away_on_the_command_line(study):
    pipeline = "pipeline=[data,features,other,model]"
    assert study.stage("other", "+model@other=linear", pipeline).use == "linear"
    assert study.fault("~model").code == "no-choice"


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("model.layers=[1,2,3]", (1, 2, 3)),
        ("+model.layers=[4]", (4,)),
        ("++model.layers=[5]", (5,)),
        ("model={layers: [6]}", (6,)),
        ("~model.layers", (256, 256)),
        ("model.layers=[${model.seed},7]", (70, 7)),
    ],
)
def test_values_follow_hydras_grammar(study, word, wanted):
    assert study.stage("model", "seed=70", word).stage.layers == wanted


def test_what_is_deleted_has_the_value_that_is_named_with_it(study):
    study.add("model: {layers: [1, 2], dropout: 0.2, seed: '${seed}'}\n")
    model = study.stage("model", "~model.layers=[1,2]", "~model.seed=3")
    assert (model.stage.layers, model.stage.dropout) == ((256, 256), 0.2)
    fault = study.fault("~model.layers=[1,3]")
    assert (fault.code, fault.where.text) == ("delete", "~model.layers=[1,3]")
    assert "model.layers has another value" in fault.what
    assert "~model.layers deletes whatever it is" in fault.render()


def test_an_item_of_a_list_can_be_set(study):
    study.add("model: {layers: [1, 2, 3]}\n")
    assert study.stage("model", "model.layers.1=20").stage.layers == (1, 20, 3)
    fault = study.fault("model.layers.3=9")
    assert (fault.code, fault.where.source) == ("index", "command line")


def test_escaped_interpolations_stay_text(study):
    study.add("features: {derive: {a: '\\${b}'}}\n")
    assert study.stage("features").stage.derive == {"a": "${b}"}


def test_an_environment_variable_can_be_used(study, monkeypatch):
    monkeypatch.setenv("STUDY_ROWS", "other.csv")
    assert study.stage("data", "data.path=${oc.env:STUDY_ROWS}").stage.path == "other.csv"


def test_what_nobody_asked_for_and_nobody_offers_is_no_fault(study):
    """The base config chooses an export and a deployment; no plugin here has one."""
    assert [stage.name for stage in study.check().stages] == ["data", "features", "model", "evaluation"]


def test_what_was_asked_for_and_nobody_offers_is_a_fault(study):
    study.replace("/model: net", "/model: net\n  - override /export: onnx")
    assert "unknown export 'onnx'" in study.fault().what


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("model: {layers: [1\n", 9, 17, "expected ',' or ']'"),
        ("a: b: c\n", 9, 5, "mapping values are not allowed"),
        ("\tname: x\n", 9, 1, "'\\t'"),
        ("name: other\n", 9, 1, "the key 'name' is there twice"),
        ("seed: !!python/object/apply:os.getcwd []\n", 9, 7, "could not determine a constructor"),
        ("---\nname: x\n", 9, 1, "another document"),
        ("model: {dropout: '${seed'}\n", 9, 18, "interpolation is malformed"),
    ],
)
def test_a_file_that_cannot_be_read_is_the_only_fault(study, text, line, column, part):
    study.add(text)
    fault = study.fault()
    assert part in fault.what
    assert place(fault) == (EXPERIMENT, line, column)


def test_a_file_that_cannot_be_read_does_not_hide_faults_elsewhere(study):
    study.write(PEOPLE, "use: [rows\n")
    study.add("model: {droput: 0.1}\n")
    faults = study.faults("model.layers=wide")
    assert [f.where.source for f in faults] == ["command line", PEOPLE, EXPERIMENT]
    assert codes(faults) == ["wrong-type", "yaml", "unknown-key"]


def test_a_broken_file_that_is_not_used_does_not_matter(study):
    study.write("configs/data/aaa.yaml", "use: [")
    assert study.check().name == "study"
    study.write(PEOPLE, "use: [rows\n")
    assert study.fault().where.source == PEOPLE


def test_a_file_in_another_encoding_is_told(study):
    (study.project.folder / PEOPLE).write_bytes("use: rows\npath: M\xfcller.csv\n".encode("latin-1"))
    fault = study.fault()
    assert (fault.what, place(fault)) == ("this file is not UTF-8", (PEOPLE, 2, 1))


def test_a_file_that_is_a_list_is_told(study):
    study.write(EXPERIMENT, "# @package _global_\n- 1\n")
    fault = study.fault()
    assert "keys and values, not a list" in fault.what
    assert place(fault) == (EXPERIMENT, 2, 1)


def test_a_forgotten_package_is_told_as_such(study):
    study.write(EXPERIMENT, "name: study\n")
    fault = study.fault()
    assert "@package _global_" in fault.hint
    assert fault.where.source == EXPERIMENT


def test_a_choice_after_an_override_is_told_and_followed(study):
    study.replace("- override /data", "- override /evaluation: judge\n  - /mean: mean\n  - override /data")
    fault = study.fault()
    assert "'/mean' stands after an override" in fault.what
    assert place(fault) == (EXPERIMENT, 4, 5)


@pytest.mark.parametrize("steps", [["net"], ["other", "net"]])
def test_a_file_that_builds_on_itself_is_told_beside_the_faults_of_others(study, steps):
    for name, onto in zip(["net", *steps[:-1]], steps, strict=True):
        study.write(f"configs/model/{name}.yaml", f"use: net\ndefaults: [{onto}, _self_]\n")
    study.add("data: {login: 3}\n")
    circle, value = sorted(study.faults(), key=lambda fault: fault.code)
    assert "leads back to its own file" in circle.what
    assert "model/net → " in circle.hint
    assert place(circle) == (f"configs/model/{['net', *steps[:-1]][-1]}.yaml", 2, 12)
    assert place(value) == (EXPERIMENT, 9, 15)


def test_a_choice_made_twice_is_told_where_it_is_made_again_and_taken(study):
    study.replace("override /data", "/data: people\n  - override /data")
    fault = study.fault()
    assert "'data' is chosen already" in fault.what
    assert "override /data: people" in fault.hint
    assert place(fault) == (EXPERIMENT, 3, 5)


def test_a_choice_cannot_be_an_interpolation_of_a_value(study):
    fault = study.fault("model=${seed}")
    assert (fault.code, fault.where.text) == ("composition", "model=${seed}")


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "parts"),
    [
        ("/model: net", "/modle: net", 5, 5, ["nothing chooses a 'modle'", "override /model"]),
        ("/model: net", "/model: nte", 5, 22, ["unknown model 'nte'", "did you mean 'net'?"]),
        ("/data: people", "/data: peple", 3, 21, ["unknown data 'peple'", "'people'"]),
        ("override /data", "/presets/fast\n  - override /data", 3, 5, ["unknown presets 'fast'"]),
        ("override /data", "other\n  - override /data", 3, 5, ["unknown experiment 'other'"]),
    ],
)
def test_an_entry_of_a_defaults_list_that_leads_nowhere(study, old, new, line, column, parts):
    study.replace(old, new)
    fault = study.fault()
    assert all(part in fault.render() for part in parts), fault.render()
    assert place(fault) == (EXPERIMENT, line, column)


def test_the_file_that_asks_is_named_not_another_that_would(study):
    study.write("configs/experiment/aaa.yaml", "# @package _global_\ndefaults: [override /model: nte]\n")
    study.replace("/model: net", "/model: nte")
    assert place(study.fault()) == (EXPERIMENT, 5, 22)


@pytest.mark.parametrize(
    ("word", "code", "part"),
    [
        ("model", "override", "it has no '='"),
        ("=3", "override", "it names no key"),
        ("model..x=3", "override", "cannot be read from '.'"),
        ("model=[", "override", "cannot be read from '['"),
        ("seed=1,2", "sweep", "headway run -m"),
        ("model=null", "choice", "~model leaves it out"),
        ("model=3", "choice", "model='3'"),
        ("++model=net", "choice", "write model=net"),
        ("mean=mean", "choice", "write +mean=mean"),
        ("model=nte", "unknown-option", "did you mean 'net'?"),
        ("~mean", "delete", "no mean to delete"),
        ("~model.nothing", "delete", "no model.nothing to delete"),
        ("model.dropout='${seed'", "interpolation", "malformed"),
        ("model.dropout=${sed}", "interpolation", "did you mean ${seed}?"),
        ("data.path=${oc.env:NOT_SET_AT_ALL}", "interpolation", "set it, or give a default"),
    ],
)
def test_a_word_that_means_nothing_is_the_only_fault(study, word, code, part):
    fault = study.fault(word)
    assert (fault.code, fault.where.source, fault.where.text) == (code, "command line", word)
    assert part in fault.render()


def test_faults_of_the_command_line_are_told_in_its_order(study):
    words = ["model.layers=x", "model", "data.path=3", "model.dropot=1"]
    assert [fault.where.text for fault in study.faults(*words)] == words


def test_an_unknown_experiment_is_one_fault(study):
    fault = study.fault("experiment=stdy")
    assert "did you mean 'study'?" in fault.what


def test_an_interpolation_without_a_value_is_one_fault_also_inside_a_list(study):
    study.add("model:\n  layers:\n    - 3\n    - ${model.nowhere}\n")
    fault = study.fault()
    assert place(fault) == (EXPERIMENT, 12, 7)
    assert fault.code == "interpolation"


def test_a_circle_of_interpolations_is_told(study):
    study.add("name2: x\nmodel: {dropout: '${model.rate}', rate: '${model.dropout}'}\n")
    assert codes(study.faults()) == ["unknown-key", "interpolation", "interpolation"]


def test_a_plugin_that_did_not_load_may_own_an_unknown_option(study):
    from headway.plugins import load

    study.project.plugin("broken", "import nowhere_to_be_found")
    plugins = load(study.project.folder, [info.name for info in load().infos])
    fault = type(study)(study.project, plugins).fault("model=nte")
    assert "broken" in fault.hint


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], [[]]),
        (["a=1"], [["a=1"]]),
        (["a=1,2", "b=x", "c=range(2)"], [["a=1", "b=x", "c=0"], ["a=1", "b=x", "c=1"]] * 1
         + [["a=2", "b=x", "c=0"], ["a=2", "b=x", "c=1"]]),
        (["+model@other=net,linear"], [["+model@other=net"], ["+model@other=linear"]]),
        (["a='x y',z"], [["a='x y'"], ["a=z"]]),
        (["a=[1,2],[3]"], [["a=[1,2]"], ["a=[3]"]]),
        (["a='1,2'"], [["a='1,2'"]]),
    ],
)  # fmt: skip
def test_a_grid_is_a_product(words, wanted):
    assert expand(words) == wanted


@pytest.mark.parametrize("word", ["a=interval(0,1)", "a=glob(*)", "a=tag(log,interval(1,2))"])
def test_what_has_no_list_of_values_is_no_grid(word):
    with pytest.raises(UsageError, match="no list of values"):
        expand([word])


def test_all_malformed_words_of_a_grid_are_told():
    with pytest.raises(ConfigError) as caught:
        expand(["a=[", "b=1,2", "c"])
    assert [fault.where.text for fault in caught.value.faults] == ["a=[", "c"]


def test_the_configs_of_a_grid_read_their_files_once_and_share_nothing(project, plugins, monkeypatch):
    from headway.config import compose
    from headway.config.repository import Repository

    project.write("configs/experiment/demo.yaml", "# @package _global_\nname: demo\nbaselines: [a, b]\n")
    read, real = [], Repository.load_config
    monkeypatch.setattr(
        Repository, "load_config", lambda self, config_path: read.append(config_path) or real(self, config_path)
    )
    memory = {}
    first = compose(project.folder, ["experiment=demo", "baselines=[c]"], plugins, memory)
    files = len(read)
    second = compose(project.folder, ["experiment=demo", "seed=2"], plugins, memory)
    assert len(read) == files
    assert first.tree.root["baselines"] == ["c"]
    assert second.tree.root["baselines"] == ["a", "b"]
    assert (first.tree.root["seed"], second.tree.root["seed"]) == (0, 2)
    assert second.place(("seed",)).source == "command line"


@pytest.mark.parametrize("config", ["", "model: {solver: {clip: {low: 0.0}}}\n", "model: {solver: {bins: {n: 9}}}\n"])
def test_a_deletion_and_then_a_mapping_replace_what_is_there(study, config):
    study.add(config)
    words = ("model=linear", "~model.solver", "model.solver={bins:{n:3}}", "~model.weights", "model.weights={odd:2.0}")
    model = study.stage("model", *words)
    assert model.values["solver"]["bins"]["n"] == 3
    assert list(model.values["solver"]) == ["bins"]
    assert model.values["weights"] == {"odd": 2.0}
