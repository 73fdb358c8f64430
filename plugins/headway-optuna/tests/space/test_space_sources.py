"""Where parameters come from: the command line, nested and dotted keys, config groups, and what stages ship."""

from dataclasses import make_dataclass
from typing import ClassVar

import pytest
from headway_optuna.space.command_line import split
from headway_optuna.space.distributions import Choice, Float, Int


def keys(space):
    return [parameter.key for parameter in space.parameters]


def parameter(space, key):
    return next(each for each in space.parameters if each.key == key)


def test_words_that_ask_for_several_values_are_told_from_others():
    sweeps = ["model=mlp,resnet", "a=interval(0,1)", "b=int(range(3))", "c=choice(1)", "d=tag(log,interval(1,2))",
              "~e=1,2", "f=intervall(1)", "+model=glob(*)", "g=int(1,2)", "h=shuffle([1,2])"]  # fmt: skip
    others = ["experiment=adult", "a=[1,2]", "b={a: 1}", "c='1,2'", "~d", "e=int(3)", "f=", "g=interval(1", "--help",
              "=", "sweep.trials=5", "h='interval(0, 1)'", "i=[int(1)]"]  # fmt: skip
    assert split([*sweeps, *others]) == (sweeps, others)


def test_nested_and_dotted_keys_mean_the_same(search):
    nested = search.read("space: {model: {dropout: 'interval(0, 1)', trainer: {lr: 'range(3)'}}}")
    dotted = search.read("space: {model.dropout: 'interval(0, 1)', model: {trainer.lr: 'range(3)'}}")
    assert nested.to_json() == dotted.to_json()
    assert keys(nested) == ["model.dropout", "model.trainer.lr"]


def test_every_parameter_knows_where_it_was_written(search):
    space = search.read("space:\n  model:\n    dropout: interval(0, 1)\n  model.lr: range(3)\n", "model=mlp,resnet")
    places = {each.key: (each.origin, str(each.where)) for each in space.parameters}
    assert places == {
        "model.dropout": ("adult.yaml:4:16", "adult.yaml:4:16"),
        "model.lr": ("adult.yaml:5:15", "adult.yaml:5:15"),
        "model": ("command line", "command line:1"),
    }


def test_the_command_line_takes_the_place_of_the_config(search):
    space = search.read("space:\n  a: interval(0, 1)\n  b: range(3)\n", "a=range(5)")
    assert keys(space) == ["a", "b"]
    assert parameter(space, "a").distribution == Int(0, 4)
    assert parameter(space, "a").origin == "command line, replaces adult.yaml:3:8"


@pytest.mark.parametrize(
    ("config", "words", "what", "hint"),
    [
        (
            "space: {model.a: 'range(3)', model: {a: 'range(4)'}}",
            (),
            "model.a is twice in the space",
            "adult.yaml:2:20",
        ),
        ("", ("a=1,2", "a=3,4"), "a is swept twice on the command line", "leave one out"),
        ("", ("~a=1,2",), "~a takes a key away", "write a=1,2"),
        ("", ("~model=mlp,resnet",), "~model takes a key away", "write model=mlp,resnet"),
        ("", ("++model=mlp,resnet",), "cannot be forced", "write model=mlp,resnet"),
        ("", ("sweep.trials=1,2",), "says how to search", "write one value"),
        ("", ("sweep.space.model.x=1,2",), "the config's way", "write model.x=1,2"),
        ("space: {sweep.trials: 'range(3)'}", (), "sweep.trials cannot be searched", "model.dropout"),
        ("space: {'a b': 'range(3)'}", (), "a b cannot be searched", "model.dropout"),
        ("space: {'+a': 'range(3)'}", (), "+a cannot be searched", "model.dropout"),
        ("", (), "nothing to search", "model.learning_rate=tag(log"),
        ("space: {model: 'mlp, resnt'}", (), "unknown option 'resnt'; did you mean 'resnet'", None),
        ("", ("model=1,2",), "1 is no name of an option", "linear, mlp, resnet"),
        ("", ("model=null,mlp",), "null is no name of an option", "linear, mlp, resnet"),
        ("", ("model=[mlp,linear],mlp",), "[mlp, linear] is no name of an option", "linear, mlp, resnet"),
        ("", ("model=range(3)",), "no numbers", "their names"),
        ("", ("model=glob(x*)",), "no option matches", "linear, mlp, resnet"),
        ("", ("model=glob(1)",), "a pattern is text", None),
        ("space: {model: mlp}", (), "mlp is one value", "names of options"),
    ],
)
def test_what_cannot_be_searched_is_refused(search, config, words, what, hint):
    fault = search.fault(config, *words)
    assert what in fault.what
    assert (hint in fault.hint) if hint else fault.hint is None


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("model=mlp,resnet", ("mlp", "resnet")),
        ("model=choice(mlp)", ("mlp",)),
        ("model=glob(*)", ("linear", "mlp", "resnet")),
        ("model=glob([*l*,r*],exclude=res*)", ("linear", "mlp")),
        ("model=glob(include=*,exclude=[m*,r*])", ("linear",)),
        ("model@teacher=mlp,linear", ("mlp", "linear")),
        ("experiment=adult,digits", ("adult", "digits")),
    ],
)
def test_options_of_groups(search, word, wanted):
    (found,) = search.read("", word).parameters
    assert (found.is_group, found.adds, found.distribution) == (True, False, Choice.of(wanted))
    assert found.key == word.partition("=")[0]


def test_a_plus_adds_a_choice_and_is_nothing_to_a_value(search):
    space = search.read("", "+model=mlp,resnet", "+a=1,2", "++b=1,2")
    assert [(each.adds, each.notes) for each in space.parameters] == [
        (True, ()), (False, ("+ makes no difference for a value",)), (False, ("++ makes no difference for a value",)),
    ]  # fmt: skip
    assert space.words({"model": "mlp", "a": 1, "b": 2}) == ("+model=mlp", "a=1", "b=2")


def test_the_default_space_is_that_of_the_chosen_stages(search):
    wanted = {
        "model.dropout": Float(0.0, 0.5),
        "model.learning_rate": Float(1e-4, 1e-2, log=True),
        "model.optimizer.adamw.amsgrad": Choice.of((True, False)),
    }
    for config in ("space: default", "space: {model: default}"):
        space = search.read(config)
        assert {each.key: each.distribution for each in space.parameters} == wanted
    assert space.parameters[0].origin == "default of model, adult.yaml:2:18"


def test_keys_of_ones_own_replace_those_of_the_default_and_null_takes_one_away(search):
    space = search.read(
        "space:\n  model.learning_rate: interval(0, 1)\n  model: default\n  model.dropout: null\n  a: range(3)\n",
        "model.optimizer.adamw.amsgrad=choice(true)",
    )
    assert keys(space) == ["model.learning_rate", "model.optimizer.adamw.amsgrad", "a"]
    assert (
        parameter(space, "model.learning_rate").origin == "adult.yaml:3:26, replaces default of model, adult.yaml:4:12"
    )
    replaced = parameter(space, "model.optimizer.adamw.amsgrad")
    assert replaced.origin == "command line, replaces default of model, adult.yaml:4:12"


@pytest.mark.parametrize("key", ["model.dropout", "model"])
def test_null_may_have_replaced_what_a_file_says(search, key):
    stage = make_dataclass("Net", [("dropout", float)])
    assert keys(search.read(f"space: {{{key}: null, a: 'range(3)'}}", stages={"model": stage})) == ["a"]


def test_null_takes_away_what_was_written_elsewhere(search):
    assert keys(search.read("space: {model.a: 'range(3)', model: {a: null}, b: 'range(3)'}")) == ["b"]


@pytest.mark.parametrize(
    ("config", "words", "what"),
    [
        ("space: {modle: default}", (), "unknown stage 'modle'; did you mean 'model'"),
        ("space: {data: default}", (), "data ships no space"),
        ("space: default", ("model=mlp,resnet",), "model has no space of its own while 'model' is searched"),
        ("space: default", ("experiment=adult,digits",), "while 'experiment' is searched"),
        ("space: {model: default, model@model: 'mlp, linear'}", (), "while 'model@model' is searched"),
        ("space: {model: default, model.dropuot: null}", (), "no such parameter to take away"),
    ],
)
def test_a_default_that_there_is_not(search, config, words, what):
    assert what in search.fault(config, *words).what


def test_a_default_of_which_all_is_broken_is_told_at_the_word(search):
    class Broken:
        space: ClassVar = {"a": "interval(1, 0)", "b": "interval(1"}

    faults = search.faults("space: default", stages={"model": Broken})
    assert [(each.where.line, each.where.column) for each in faults] == [(2, 10), (2, 10)]
    assert "none of the stages ships a space" in search.faults("space: default", stages={})[0].what


def test_equal_spaces_are_equal_wherever_they_were_written(search):
    written = search.read("space: {a: 'interval(0, 1)', model: 'mlp, resnet'}").to_json()
    told = search.read("", "a=interval(0,1.0)", "model=mlp,resnet").to_json()
    assert written == told
    assert told["parameters"] == [
        {"key": "a", "float": {"low": 0.0, "high": 1.0, "log": False, "step": None}},
        {"key": "model", "choice": ["mlp", "resnet"]},
    ]


CONFIG = """
space:
  model: mlp, resnet
  model.dropout: interval(0, 0.5)
  model.layers: choice([1], [2])
when: {model.dropout: model == 'mlp'}
enqueue: [{model: mlp, model.dropout: 0.25}]
"""


def test_what_the_command_line_sets_is_not_searched_but_conditions_know_it(search):
    space = search.read(CONFIG, "model=resnet", "seed=3", "model={layers: [3]}")
    model = parameter(space, "model")
    assert (model.distribution, model.is_fixed) == (Choice.of(("resnet",)), True)
    assert model.origin == "command line, replaces adult.yaml:3:12"
    assert model.notes == ("set on the command line, so that it is not searched",)
    assert parameter(space, "model.layers").distribution == Choice.of(([3],))
    assert not parameter(space, "model.dropout").is_active({"model": "resnet"})
    assert space.words({"model": "resnet", "model.layers": [3]}) == ()
    assert space.enqueue == ({"model.dropout": 0.25},)


def test_what_is_set_needs_no_condition(search):
    dropout = parameter(search.read(CONFIG, "model.dropout=0.1"), "model.dropout")
    assert (dropout.when, dropout.distribution) == (None, Choice.of((0.1,)))


def test_a_default_of_an_option_that_is_set_is_the_stages(search):
    space = search.read("space: {experiment: 'adult, digits', model: default}", "experiment=adult")
    assert "model.dropout" in keys(space)


def test_what_is_both_set_and_swept_is_refused(search):
    fault = search.fault("", "a=1,2", "a=3", "b=1,2")
    assert (fault.what, fault.where.text) == ("a is both set and swept on the command line", "a=3")


def test_a_space_of_which_all_is_set_is_refused(search):
    assert "sets every parameter" in search.fault("space: {a: 'range(3)'}", "a=1").what


@pytest.mark.parametrize("word", ["~a", "~a=3"])
def test_taking_away_what_is_searched_is_refused_and_other_deletions_are_the_configs(search, word):
    fault = search.fault("space: {a: 'range(3)', b: 'range(3)'}", word, "~c")
    assert (fault.where.text, fault.hint) == (word, "'sweep.space={a: null}' in its place takes it out of the search")
    assert keys(search.read("space: {b: 'range(3)'}", "~c", "~model.a")) == ["b"]


def test_every_space_that_an_installed_stage_ships_can_be_read(search, registry):
    shipping = {entry.name: entry.target for entry in registry if getattr(entry.target, "space", None)}
    assert len(shipping) >= 10
    for name, stage in shipping.items():
        space = search.read("space: default", stages={"model": stage})
        assert [key.removeprefix("model.") for key in keys(space)] == list(stage.space), name
        assert all(parameter.notes == () for parameter in space.parameters if isinstance(parameter.distribution, Int))
