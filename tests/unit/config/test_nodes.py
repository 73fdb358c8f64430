"""Top-level nodes of plugins: checked, filled in, explained, chosen, and left out while nobody mentions them."""

import json

import pytest
from headway.config import Drafts, check, compose, draft
from headway.config.explain import explain
from headway.config.jsonschema import json_schema
from headway.config.text import render, render_json
from headway.errors import UsageError
from headway.plugins import load

from tests.unit.config.conftest import Study, place
from tests.unit.config.searches import SWEEPS

OPTION = """\
defaults:
  - override /model: linear
space:
  model.C: tag(log, interval(1e-4, 1e-2))
  model:
    bounds: {low: "interval(0, 0.5)"}
trials: 50
"""
TPE = {"tpe": {"startup": 10, "seed": 0}}


@pytest.fixture
def study(study):
    plain = [info.name for info in study.plugins.infos]
    study.project.plugin("sweeps", SWEEPS)
    installed = {info.name for info in load().infos} - {*plain}
    return Study(study.project, load(study.project.folder, installed))


def test_a_node_that_nobody_mentions_is_there_with_its_defaults_but_not_shown(study):
    experiment = study.check()
    assert (experiment.nodes["search"].trials, experiment.nodes["search"].sampler) == (20, TPE)
    assert experiment.config.tree.root["search"]["trials"] == 20
    assert "search" not in experiment.public
    assert "search" not in render(experiment)
    assert "search" not in render_json(experiment, origins=True)


def test_a_value_of_a_node_needs_no_plus_and_shows_the_node(study):
    experiment = study.check("search.trials=5")
    assert experiment.nodes["search"].trials == 5
    assert experiment.public["search"] == {"space": {}, "trials": 5, "sampler": TPE, "url": "", "points": []}
    assert "trials: 5  # command line" in render(experiment, origins=True)


def test_what_is_shown_composes_to_the_same(study):
    experiment = study.check("search.sampler.tpe.startup=3", "search.space={model.C: 'interval(1, 2)'}")
    study.write("configs/experiment/again.yaml", render(experiment))
    again = check(compose(study.project.folder, ["experiment=again"], study.plugins), study.plugins)
    assert again.public == experiment.public
    assert again.nodes == experiment.nodes


def test_a_node_changes_no_stage(study):
    assert study.check("search.trials=5").stages == study.check().stages


def test_deleting_all_that_is_said_of_a_node_leaves_it_unsaid(study):
    study.add("search: {trials: 3}\n")
    experiment = study.check("~search")
    assert experiment.nodes["search"].trials == 20
    assert "search" not in experiment.public


def test_an_interpolation_may_name_a_default_of_a_node(study):
    assert study.stage("model", "model.dropout=0", "model.seed=${search.trials}").values["seed"] == 20


def test_every_fault_of_a_node_has_its_place(study):
    study.add("search:\n  trails: 3\n  trials: 0\n  sampler: {tpee: {}}\n  space: none\n")
    found = {place(fault): fault.what for fault in study.faults()}
    assert [at for at, _ in found.items()] == [
        ("configs/experiment/study.yaml", 10, 3),
        ("configs/experiment/study.yaml", 11, 11),
        ("configs/experiment/study.yaml", 12, 13),
        ("configs/experiment/study.yaml", 13, 10),
    ]
    unknown, low, sampler, wrong = found.values()
    assert (
        unknown == "search: unknown key 'trails'; did you mean 'trials'? there are: points, sampler, space, trials, url"
    )
    assert "search.trials is 0" in low
    assert "unknown searcher 'tpee'; did you mean 'tpe'" in sampler
    assert "search.space is 'none'" in wrong


def test_faults_in_the_fields_of_a_choice_are_told(study):
    fault = study.fault("search.sampler.tpe.startup=0")
    assert "search.sampler.tpe.startup is 0" in fault.what
    assert place(fault)[0] == "command line"


def test_a_slip_in_the_name_of_a_node_is_answered_with_it(study):
    assert "did you mean 'search'?" in study.fault("serch.trials=3").what


def test_a_node_holds_keys_and_values(study):
    fault = study.fault("search=fast")
    assert (fault.what, fault.code) == ("'search' holds keys and values", "wrong-type")
    assert "configs/search/NAME.yaml" in fault.hint


def test_without_the_plugin_the_key_is_unknown(study):
    plain = Study(study.project, load(study.project.folder, [i.name for i in load().infos] + ["sweeps"]))
    fault = plain.fault("search.trials=3")
    assert "unknown key 'search'" in fault.what
    assert "needs that plugin" in fault.hint


def test_without_a_plugin_that_broke_it_is_named(study):
    study.project.plugin("sweeps", "import no_such_module\n")
    broken = Study(study.project, load(study.project.folder, [i.name for i in load().infos]))
    assert "sweeps" in broken.fault("search.trials=3").hint


def test_a_stage_cannot_have_the_name_of_a_node(study):
    fault = study.faults("pipeline=[data,features,model,search]")[0]
    assert "'search' cannot be the name of a stage" in fault.what


def test_secrets_of_a_node_are_masked(study):
    experiment = study.check("search.url=hunter2")
    assert experiment.nodes["search"].url == "hunter2"
    assert "hunter2" not in json.dumps(experiment.public) + " ".join(experiment.words)


def test_an_option_of_a_node_is_chosen_without_an_entry_and_makes_choices_itself(study):
    study.write("configs/search/fast.yaml", OPTION)
    study.add("search: {trials: 7, points: [{model.C: 1}]}\n")
    experiment = study.check("search=fast")
    assert experiment.stage("model").use == "linear"  # the experiment overrides the model too
    assert (experiment.nodes["search"].trials, experiment.nodes["search"].points) == (50, ({"model.C": 1},))
    assert study.check("search=fast", "search.trials=3").nodes["search"].trials == 3
    assert study.check("search=fast", "model=net").stage("model").use == "net"
    assert experiment.words == ("experiment=study", "search=fast")


def test_an_option_of_a_node_may_come_from_a_plugin_and_from_an_experiment(study, tmp_path):
    folder = tmp_path / "others"
    (folder / "search").mkdir(parents=True)
    (folder / "search" / "slow.yaml").write_text("trials: 500\n")
    study.project.plugin("others", f'def headway_register(registry): registry.add("configs", "o", {str(folder)!r})\n')
    plugins = load(study.project.folder, [i.name for i in load().infos])
    study.write("configs/search/fast.yaml", OPTION)
    study.add("", entry="  - /search: fast\n")
    study = Study(study.project, plugins)
    assert (study.check().nodes["search"].trials, study.check().stage("model").use) == (50, "net")
    assert study.check("search=slow").nodes["search"].trials == 500


def test_an_override_of_a_choice_that_nothing_makes_is_told(study):
    study.write("configs/search/fast.yaml", "trials: 1\n")
    study.add("", entry="  - override /search: fast\n")
    assert "without `override`" in study.faults()[0].hint


def test_the_last_of_two_choices_counts(study):
    study.write("configs/search/fast.yaml", "trials: 1\n")
    study.write("configs/search/slow.yaml", "trials: 100\n")
    assert study.check("search=fast", "search=slow").nodes["search"].trials == 100
    assert "unknown search 'quick'" in study.fault("search=quick").what


def test_faults_in_an_option_have_its_places(study):
    study.write("configs/search/fast.yaml", OPTION.replace("trials: 50", "trials: 0"))
    assert place(study.fault("search=fast")) == ("configs/search/fast.yaml", 7, 9)


def test_free_mappings_keep_their_places_down_to_the_leaf(study):
    study.write("configs/search/fast.yaml", OPTION + "points:\n  - model.C: 1\n    model: {seed: 2}\n")
    config = study.compose("search=fast", "search.space={model.rate: 'interval(1, 2)', seed: 3}")
    file = "configs/search/fast.yaml"

    def at(*path, of_key=False):
        found = config.place(("search", *path), of_key=of_key)
        return found.source, found.line, found.column

    assert config.tree.get(("search", "space", "model.C")) == "tag(log, interval(1e-4, 1e-2))"
    assert at("space", "model.C") == (file, 4, 12)
    assert at("space", "model.C", of_key=True) == (file, 4, 3)
    assert at("space", "model", "bounds", "low") == (file, 6, 19)
    assert at("space", "model", "bounds", "low", of_key=True) == (file, 6, 14)
    assert at("points", 0, "model.C") == (file, 9, 14)
    assert at("points", 0, "model", "seed", of_key=True) == (file, 10, 13)
    word = "search.space={model.rate: 'interval(1, 2)', seed: 3}"
    assert at("space", "model.rate") == ("command line", None, word.index("'interval") + 1)
    assert at("space", "model.rate", of_key=True) == ("command line", None, word.index("model.rate") + 1)


def test_a_node_and_its_fields_are_explained(study):
    study.write("configs/search/fast.yaml", OPTION)
    config = study.compose("search=fast")
    node = explain("search", config, study.plugins)
    assert (node.doc, node.type) == ("What is searched.", "")
    assert [field.key for field in node.fields][:3] == ["search.space", "search.trials", "search.sampler"]
    trials = explain("search.trials", config, study.plugins)
    assert (trials.value, trials.default, trials.doc) == (50, 20, "Trials to finish.")
    assert (trials.origin, trials.constraints) == ("configs/search/fast.yaml:7:9", (">= 1",))
    assert "random, tpe(" in " ".join(explain("search.sampler", config, study.plugins).notes)
    assert explain("search.sampler.tpe.startup", config, study.plugins).value == 10
    with pytest.raises(UsageError, match=r"did you mean 'search\.trials'"):
        explain("search.trails", config, study.plugins)


def test_a_key_with_dots_in_a_free_mapping_is_explained(study):
    study.write("configs/search/fast.yaml", OPTION)
    config = study.compose("search=fast")
    assert explain("search.space.model.C", config, study.plugins).origin == "configs/search/fast.yaml:4:12"
    assert explain("search.space.model.bounds.low", config, study.plugins).value == "interval(0, 0.5)"


def test_the_schema_of_a_config_has_the_node(study):
    schema = json_schema(study.compose(), study.plugins)
    node = schema["properties"]["search"]
    assert (node["properties"]["trials"]["minimum"], node["additionalProperties"]) == (1, False)
    assert node["properties"]["sampler"]["oneOf"][0] == {"enum": ["random", "tpe"]}
    assert {"searcher.tpe", "searcher.random"} <= schema["$defs"].keys()


def test_a_kept_draft_knows_which_nodes_are_mentioned(study):
    for words in (["experiment=study"], ["experiment=study", "search.trials=3"]):
        made = draft(study.project.folder, words, study.plugins)
        kept = type(made).from_json(made.to_json())
        experiments = [check(each.finished(study.project.folder, words, study.plugins), study.plugins)
                       for each in (made, kept)]  # fmt: skip
        assert experiments[0].public == experiments[1].public
        assert ("search" in experiments[0].public) == (len(words) == 2)
    assert Drafts(study.project.folder, study.plugins).recall(["experiment=none"]) is None
