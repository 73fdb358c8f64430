"""What stages, wiring, baselines and secrets make of a composed config."""

import pytest
import yaml
from headway.config.schema import field_docs, type_name
from headway.config.text import render
from headway.errors import ConfigError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

EXPERIMENT = "configs/experiment/study.yaml"
PEOPLE = "configs/data/people.yaml"


def place(fault):
    return fault.where.source, fault.where.line, fault.where.column


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("model: {rate: fast}", 9, 15, "model.rate is 'fast', but should be a number or 'auto'"),
        ("model: {dropout: 1.5}", 9, 18, "model.dropout is 1.5, but should be less than or equal to 1"),
        ("model: {layers: [1, 0]}", 9, 21, "model.layers.1 is 0, but should be greater than 0"),
        ("data: {lags: [0]}", 9, 15, "data.lags.0 is 0, but should be greater than 0"),
        ("model: {layers: 8}", 9, 17, "model.layers is 8, but should be an array"),
        ("model: {rate: .inf}", 9, 15, "model.rate is inf, but should be a finite number"),
        ("model: {rate: .nan}", 9, 15, "model.rate is nan, but should be a finite number"),
        ("model: {rate: 13}", 5, 22, "model: 13 is an unlucky rate"),
        (
            "data: {rules: {age: {max: 1, bounds: {low: 2, high: 1}}}}",
            9,
            38,
            "data.rules.age.bounds: there is nothing between the bounds",
        ),
        ("data: {limit: 13}", 9, 15, "data.limit is an unlucky number"),
        ("model: 3", 9, 8, "'model' is a stage, so it holds keys and values"),
        ("model:", 9, 7, "'model' is a stage, so it holds keys and values"),
        ("model: {inputs: 3}", 9, 17, "model: 'inputs' maps parameters to stages"),
        ("model: {inputs: {features: [features]}}", 9, 28, "model: input 'features' takes one stage, not ['features']"),
        ("model: {inputs: {features: }}", 9, 28, "model: input 'features' takes one stage, not None"),
        ("data: {login: 3}", 9, 15, "data.login is 3, but should be an object"),
        (
            "data: {login: {usr: x}}",
            9,
            16,
            "data.login: unknown key 'usr'; did you mean 'user'? there are: password, user",
        ),
        ("data: {sources: [{url: x}, {url: x, row: 1}]}", 9, 37, "data.sources.1: unknown key 'row'"),
        ("data: {sources: [{url: x}, {rows: 1}]}", 9, 28, "data: 'sources.1.url' must be given"),
        ("data: {named: {a: {url: x, row: 1}}}", 9, 28, "data.named.a: unknown key 'row'"),
        ("data: {named: {a: {url: 1}}}", 9, 25, "data.named.a.url is 1, but should be a string"),
        ("evaluation: {metrics: [accuracy, acuracy]}", 9, 34, "evaluation: unknown metric 'acuracy'"),
        ("features: {derive: {1: 2}}", 9, 24, "features.derive.1 is 2, but should be a string"),
        ("features: {derive: {yes: 2}}", 9, 26, "features.derive.True is 2, but should be a string"),
        ("seed: -1", 9, 7, "seed is -1, but should be greater than or equal to 0"),
        ("seed: 4294967296", 9, 7, "seed is 4294967296, but should be less than 4294967296"),
        ("seed: x", 9, 7, "seed is 'x', but should be an integer"),
        ("runner: {isolate: 1}", 9, 19, "runner.isolate is 1, but should be a boolean"),
        ("runner: {isolat: true}", 9, 10, "runner: unknown key 'isolat'"),
        ("runner: fast", 9, 9, "runner is 'fast', but should be an object"),
        ("baselines: linear", 9, 12, "baselines is 'linear', but should be an array"),
        ("baselines: [3]", 9, 13, "baselines.0 names no model"),
        ("baselines: [{linear: {}, net: {}}]", 9, 13, "baselines.0 names no model"),
        ("baselines: [linear, {linear: {C: 2}}]", 9, 21, "the baseline 'linear' is there twice"),
        ("baselines: [linaer]", 9, 13, "unknown model 'linaer'; did you mean 'linear'?"),
        ("baselines: [{linear: {D: 2}}]", 9, 23, "baselines.linear: unknown key 'D'"),
        ("baselines: [{linear: {C: x}}]", 9, 26, "baselines.linear.C is 'x', but should be a number"),
        ("baselines: [{linear: {use: net}}]", 9, 23, "a baseline sets fields; 'use' is none"),
        ("modle: {layers: [1]}", 9, 1, "unknown key 'modle'; did you mean 'model'?"),
        ("other: {_target_: os.system}\npipeline: []", 9, 9, "a config names no code: _target_ is refused"),
    ],
)
def test_a_fault_is_told_with_its_place(study, text, line, column, what):
    if "pipeline" in text:
        study.replace("pipeline: [data, features, model, evaluation]\n", "seed: 0\n" + text)
        faults = [fault for fault in study.faults() if fault.code == "target"]
    else:
        study.add(text)
        faults = [study.fault()]
    assert len(faults) == 1
    assert what in faults[0].what
    assert place(faults[0]) == (EXPERIMENT, line, column)


@pytest.mark.parametrize(
    ("pipeline", "column", "what"),
    [
        ("[]", 11, "the pipeline has no stages"),
        ("data", 11, "pipeline is 'data', but should be an array"),
        ("[data, 3]", 18, "pipeline.1 is 3, but should be a string"),
        ("[data, data]", 18, "'data' is twice in the pipeline"),
        ("[data, seed]", 18, "'seed' cannot be the name of a stage"),
        ("[data, featrues]", 18, "unknown stage 'featrues'; did you mean 'features'?"),
        ("[data, mean]", 18, "the pipeline has a stage 'mean', but nothing chooses it; there are: mean"),
    ],
)
def test_a_fault_of_the_pipeline_is_told_with_its_place(study, pipeline, column, what):
    study.replace("[data, features, model, evaluation]", pipeline)
    fault = study.fault()
    assert what in fault.what
    assert place(fault) == (EXPERIMENT, 8, column)


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("path: x\n", 1, 1, "the chosen file does not say which data it is"),
        ("use: row\npath: x\n", 1, 6, "unknown data 'row'; did you mean 'rows'?"),
        ("use: rows\n", 1, 1, "data: 'path' must be given"),
        ("use: rows\npath: ???\n", 2, 7, "data: 'path' must be given"),
        ("use: rows\npath: x\nlogin:\n  pasword: y\n", 4, 3, "data.login: unknown key 'pasword'"),
    ],
)
def test_a_fault_in_an_option_is_told_with_its_place(study, text, line, column, what):
    study.write(PEOPLE, text)
    fault = study.fault()
    assert what in fault.what
    assert place(fault) == (PEOPLE, line, column)


def test_a_fault_in_the_option_of_a_baseline_is_told_in_its_file(study):
    study.write("configs/model/small.yaml", "use: linear\nC: tiny\n")
    study.add("baselines: [small]\n")
    fault = study.fault()
    assert place(fault) == ("configs/model/small.yaml", 2, 4)
    assert "baselines.small.C is 'tiny'" in fault.what


def test_a_fault_in_what_a_baseline_builds_on_does_not_hide_others(study):
    study.write("configs/model/small.yaml", "use: linear\nC: ${nowhere}\n")
    study.add("baselines: [small, {linear: {C: x}}]\n")
    assert [fault.code for fault in study.faults()] == ["wrong-type", "interpolation"]


def test_faults_of_the_top_do_not_hide_those_of_stages(study):
    study.add("seed: x\nbaselines: [3]\nmodel: {droput: 1}\n")
    assert [fault.where.line for fault in study.faults()] == [9, 10, 11]


def test_baselines_have_defaults_interpolations_and_values_of_their_own(study):
    study.write("configs/model/small.yaml", "defaults: [linear, _self_]\nC: ${model.seed}\n")
    study.add("baselines: [small, {net: {layers: [2]}}]\nmodel: {layers: [9], seed: 5}\n")
    experiment = study.check("seed=3", "model.dropout=0.7")
    small, net = experiment.baselines["small"], experiment.baselines["net"]
    assert (small.use, small.name, small.stage.C, small.stage.seed) == ("linear", "model", 3.0, 3)
    assert (net.stage.layers, net.stage.dropout, net.stage.seed) == ((2,), 0.1, 3)
    assert net.inputs == {"features": "features"}


def test_baselines_need_a_model(study):
    study.replace("[data, features, model, evaluation]", "[data, features]\nbaselines: [linear]")
    assert "the pipeline has no 'model'" in study.fault().what


def test_a_mapping_of_stages_may_be_named_or_listed(study):
    entry = "  - /model@other: linear\n  - /mean: mean\n"
    pipeline = "pipeline=[data,features,model,other,mean]"
    study.add("mean: {inputs: {members: [model, other]}}\n", entry=entry)
    assert study.stage("mean", pipeline).inputs == {"members": {"model": "model", "other": "other"}}
    study.add("mean: {inputs: {members: {first: model, second: other}}}\n", entry=entry)
    assert study.stage("mean", pipeline).inputs == {"members": {"first": "model", "second": "other"}}
    study.add("mean: {inputs: {members: [model, [other]]}}\n", entry=entry)
    assert "takes a list of stages, or names with a stage each" in study.fault(pipeline).what


def test_the_seed_is_told_once_not_for_everyone_who_takes_it(study):
    study.add("seed: 1.5\n")
    assert place(study.fault()) == (EXPERIMENT, 9, 7)


def test_nested_values_keep_the_defaults_beside_them(study):
    study.add("data: {login: {user: me}}\n")
    assert study.stage("data").values["login"] == {"user": "me", "password": ""}


SECRETS = [
    ("data", ["data.login.password=hunter2"]),
    ("data", ["data.keys=[hunter2]"]),
    ("data", ["data={login: {password: hunter2}}"]),
    ("data", ["data.login.password='hunter2'", "data.path=hunter2.csv"]),
    ("model", ["baselines=[{net: {token: hunter2}}]"]),
    ("model", ["model.token=hunter2", "pipeline=[data,features]"]),
]


@pytest.mark.parametrize(("node", "words"), SECRETS)
def test_a_secret_is_in_nothing_that_people_or_records_see(study, node, words):
    experiment = study.check(*words)
    assert "hunter2" not in str(experiment.public) + str(experiment.words) + repr(experiment)
    assert "hunter2" not in render(experiment) + render(experiment, origins=True)
    assert "***" in str(experiment.public[node]) + str(experiment.public["baselines"])


def test_a_secret_with_escapes_is_masked_on_the_command_line(study):
    experiment = study.check(r"model.token=a\,b")
    assert experiment.stages[2].stage.token == "a,b"
    assert experiment.words[-1] == "model.token=***"


def test_a_secret_from_the_environment_is_masked_wherever_it_is_used(study, monkeypatch):
    monkeypatch.setenv("STUDY_TOKEN", "hunter2")
    experiment = study.check("model.token=${oc.env:STUDY_TOKEN}", "data.path=s3://${model.token}/x")
    assert experiment.stages[0].stage.path == "s3://hunter2/x"
    assert experiment.public["data"]["path"] == "s3://***/x"


@pytest.mark.parametrize("words", [["model.token=8675309"], ["model.token=hunter2", "data.path=[hunter2]"]])
def test_no_fault_quotes_a_secret(study, words):
    text = "\n".join(fault.render() for fault in study.faults(*words))
    assert "hunter2" not in text
    assert "8675309" not in text


def test_composing_changes_nothing_global(study):
    from hydra.core.config_store import ConfigStore
    from hydra.core.global_hydra import GlobalHydra

    before = repr(ConfigStore.instance().repo)
    study.check()
    assert not GlobalHydra.instance().is_initialized()
    assert repr(ConfigStore.instance().repo) == before


def test_docs_and_types_of_fields_are_as_their_author_wrote_them(study):
    net = study.plugins.registry.get("model", "net")
    assert field_docs(net) == {"layers": "Units of each layer."}
    assert type_name(tuple[int, ...]) == "tuple[int, ...]"
    assert type_name(dict[str, float | None]) == "dict[str, float | None]"


def ends_well(study, *words):
    """Whether the answer is an experiment, or faults that all have a place; anything else is raised."""
    try:
        return bool(study.check(*words).stages)
    except ConfigError as error:
        return all(fault.what and fault.code and fault.where for fault in error.faults)


FRAGMENTS = ["{", "}", "[", "]", ":", "- ", "\n", "  ", "${", "}", "???", "null", "3", "model", "use", "defaults", "@"]
EDITS = st.lists(
    st.tuples(st.integers(0, 250), st.integers(0, 12), st.sampled_from(["", *FRAGMENTS])), min_size=1, max_size=3
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(edits=EDITS)
@example(edits=[(0, 250, "")])
@example(edits=[(8, 12, "")])
@example(edits=[(11, 9, "- ")])
@example(edits=[(186, 4, ":")])
def test_whatever_a_file_says_the_answer_is_an_experiment_or_faults_with_places(study, edits):
    study.add("model: {layers: [1], inputs: {features: features}}\nbaselines: [linear]\nseed: ${model.dropout}\n")
    text = (study.project.folder / EXPERIMENT).read_text()
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    study.write(EXPERIMENT, text)
    assert ends_well(study)


OPTIONS = st.sampled_from(
    ["net", "linear", "people", "judge", "other", "nte", "${model}", "${x}", "", 3, None, True, ["net"], {}]
)
GROUPS = [
    "/model",
    "/model@t",
    "model",
    "override /model",
    "override /data",
    "optional /data",
    "overide /model",
    "/mean",
]
GROUPS += [
    "override hydra/x",
    "/preset",
    "override /nothing",
    "experiment",
    "",
    "a b c",
    "/model@_global_",
    "/model@a.b",
]
ITEMS = st.sampled_from(
    ["_self_", "study", "child", "/model/net", "/model=net", "override /model", "other@x", 3, None, []]
)
LISTS = st.lists(ITEMS | st.dictionaries(st.sampled_from(GROUPS), OPTIONS, max_size=2), max_size=4)
RAW = LISTS | st.dictionaries(st.sampled_from(GROUPS), OPTIONS, max_size=2) | st.sampled_from(["study", 3, None])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(child=RAW, option=RAW)
def test_whatever_a_defaults_list_says_the_answer_is_an_experiment_or_faults_with_places(study, child, option):
    study.write("configs/experiment/child.yaml", "# @package _global_\n" + yaml.safe_dump({"defaults": child}))
    study.write("configs/model/other.yaml", yaml.safe_dump({"defaults": option, "use": "net"}))
    study.write("configs/preset/net.yaml", yaml.safe_dump({"defaults": option}))
    assert ends_well(study, "experiment=child")


KEYS = ["model", "model.layers", "model.layers.0", "model@a", "model.inputs", "model.inputs.features", "data", "seed"]
KEYS += ["baselines", "pipeline", "name.x", "mean", "runner", "a", "a.b"]
VALUES = ["", "=", "=net", "=3", "=[]", "=[1]", "={}", "={a: 1}", "=null", "=???", "=${seed}", "='${'", "=a,b"]
VALUES += ["=[[a]]", "={model: [a]}", "=-1", "=.inf", "=inf"]
WORDS = st.tuples(st.sampled_from(["", "+", "~", "++"]), st.sampled_from(KEYS), st.sampled_from(VALUES)).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(words=st.lists(WORDS, min_size=1, max_size=3))
def test_whatever_the_command_line_says_the_answer_is_an_experiment_or_faults_with_places(study, words):
    assert ends_well(study, *words)
