"""Parameters that are searched only under a condition."""

import pytest

SPACE = """
space:
  model.dropout: interval(0, 0.5)
  model: linear, mlp, resnet
  model.blocks: int(interval(1, 8))
  model.flag: choice(true, false)
  model.layers: choice([1, 2], null)
  model.size: choice(1, 2, 3)
  model.width: range(64, 513, 64)
  model.many: range(0, 1000000, 32)
  model.rate: range(0, 1, 0.1)
  z: range(3)
"""


def when(search, text, key="z"):
    text = text.replace('"', '\\"')
    return search.read(f'{SPACE}when:\n  {key}: "{text}"\n')


def test_conditions_parameters_come_first_and_the_rest_stays_in_order(search):
    space = search.read(SPACE + "when: {model.dropout: model.blocks > 2, model.blocks: \"model == 'mlp'\"}\n")
    keys = [parameter.key for parameter in space.parameters]
    assert keys == ["model", "model.blocks", "model.dropout", "model.flag", "model.layers", "model.size",
                    "model.width", "model.many", "model.rate", "z"]  # fmt: skip


def test_conditions_may_be_under_nested_keys(search):
    nested = search.read(SPACE + "when: {model: {dropout: model.blocks > 2}}\n")
    assert nested.to_json() == search.read(SPACE + "when: {model.dropout: model.blocks > 2}\n").to_json()


@pytest.mark.parametrize(
    ("text", "holds", "fails"),
    [
        ("model == 'mlp'", {"model": "mlp"}, {"model": "resnet"}),
        ("model != 'mlp'", {"model": "resnet"}, {"model": "mlp"}),
        ("model in ['mlp', 'resnet']", {"model": "mlp"}, {"model": "linear"}),
        ("model not in ('mlp', 'resnet')", {"model": "linear"}, {"model": "mlp"}),
        ("1 < model.blocks <= 3", {"model.blocks": 3}, {"model.blocks": 1}),
        ("-model.blocks < -3", {"model.blocks": 4}, {"model.blocks": 3}),
        ("model.flag", {"model.flag": True}, {"model.flag": False}),
        ("not model.flag", {"model.flag": False}, {"model.flag": True}),
        ("model.flag == true", {"model.flag": True}, {"model.flag": False}),
        ("model.layers == [1, 2]", {"model.layers": [1, 2]}, {"model.layers": None}),
        ("model.layers == null", {"model.layers": None}, {"model.layers": [1, 2]}),
        ("model.dropout == 0.3", {"model.dropout": 0.3}, {"model.dropout": 0.31}),
        ("model == 'mlp' and (model.blocks > 2 or model.flag)", {"model": "mlp", "model.blocks": 1, "model.flag": True},
         {"model": "mlp", "model.blocks": 1, "model.flag": False}),
        ("100 < model.width and model.width < 150", {"model.width": 128}, {"model.width": 192}),
        ("model.many > 100000 and model.many < 100128", {"model.many": 100_064}, {"model.many": 100_128}),
        ("0.25 < model.rate < 0.35", {"model.rate": 0.3}, {"model.rate": 0.4}),
        ("model.blocks > model.size", {"model.blocks": 3, "model.size": 2}, {"model.blocks": 2, "model.size": 2}),
    ],
)  # fmt: skip
def test_conditions_hold_or_not(search, text, holds, fails):
    (found,) = [parameter.when for parameter in when(search, text).parameters if parameter.key == "z"]
    assert found.holds(holds)
    assert not found.holds(fails)
    assert not found.holds({})  # what is not searched makes inactive what depends on it
    assert str(found) == text


def test_what_depends_on_something_that_is_not_searched_is_not_searched(search):
    space = search.read(SPACE + "when: {model.blocks: \"model == 'mlp'\", z: model.blocks > 2 or model == 'linear'}\n")
    z = next(parameter for parameter in space.parameters if parameter.key == "z")
    assert not z.is_active({"model": "linear"})
    assert z.is_active({"model": "mlp", "model.blocks": 3})


@pytest.mark.parametrize(
    ("text", "part", "what", "hint"),
    [
        ("modle == 'mlp'", "modle", "unknown parameter 'modle'; did you mean 'model'", "not on other keys"),
        ("model.depth > 3", "model.depth", "unknown parameter 'model.depth'", "not on other keys"),
        ("model.width > 200 and model.width < 250", None, "never holds", "it is int 64 … 512 by 64"),
        ("model.many == 33", None, "never holds", "it is int 0 … 999968 by 32"),
        ("é == 1", "é", "unknown parameter 'é'", "not on other keys"),
        ("model.flag and model == mlp", "mlp", "unknown parameter 'mlp'", "in quotes: 'mlp'"),
        ("model == 'mpl'", "'mpl'", "unknown option of model 'mpl'; did you mean 'mlp'", "choice of 3: linear"),
        ("model.flag == 'true'", "'true'", "unknown option of model.flag 'true'", "choice of 2: true, false"),
        ("model.flag or model != 'mpl'", "'mpl'", "did you mean 'mlp'", None),
        ("model in ['mlp', 'rsnet']", "'rsnet'", "did you mean 'resnet'", None),
        ("model.blocks > 8", "model.blocks > 8", "never holds", "it is int 1 … 8"),
        ("model.flag and model.blocks == 2.5", "model.blocks == 2.5", "never holds", "it is int 1 … 8"),
        ("model.dropout < 0", "model.dropout < 0", "never holds", "float 0 … 0.5"),
        ("model.layers == [1, 3]", "model.layers == [1, 3]", "never holds", "[1, 2], null"),
        ("model.blocks < 'a'", "model.blocks < 'a'", "never holds", None),
        ("model.size == 4", "model.size == 4", "never holds", "1, 2, 3"),
        ("model == 'mlp' and model == 'resnet'", "model == 'mlp' and model == 'resnet'", "never holds", None),
        ("model.blocks", "model.blocks", "neither true nor false", "write a comparison"),
        ("model or model.flag", "model or model.flag", "neither true nor false", "write a comparison"),
        ("not model", "not model", "neither true nor false", "write a comparison"),
        ("1 < 2", "1 < 2", "depends on no parameter", "compare one"),
        ("model = 'mlp'", "=", "cannot be read", "write == for ="),
        ("model == 'a=b' && model.flag", "&&", "cannot be read", "write and for &&"),
        ("model.flag || model.flag", "||", "cannot be read", "write or for ||"),
        ("!model.flag", "!", "cannot be read", "write not for !"),
        ("model.blocks => 3", "=>", "cannot be read", "write >= for =>"),
        ("model == 'mlp", "'", "cannot be read", "write a comparison"),
        ("model ==", "=", "cannot be read", "write a comparison"),
        ("model is 'mlp'", "model is 'mlp'", "not understood", "write == for is"),
        ("model.blocks + 1 > 2", "model.blocks + 1", "not understood", "names, numbers"),
        ("len(model) > 2", "len(model)", "not understood", "names, numbers"),
        ("model.__class__", "model.__class__", "unknown parameter 'model.__class__'", "not on other keys"),
        ("model[0] == 'm'", "model[0]", "not understood", "names, numbers"),
        ("[x for x in model]", "[x for x in model]", "not understood", "names, numbers"),
        ("(lambda: 1)() == 1", "(lambda: 1)()", "not understood", "names, numbers"),
        ("f'{model}' == 'mlp'", "f'{model}'", "not understood", "names, numbers"),
        ("model == b'mlp'", "b'mlp'", "not understood", "names, numbers"),
    ],
)
def test_what_is_no_condition_is_refused_where_it_stands(search, text, part, what, hint):
    fault = search.fault(f'{SPACE}when:\n  z: "{text}"\n')
    part = text if part is None else part
    place = fault.where
    assert place.line == 14
    assert place.text[place.column - 1 : place.column - 1 + place.width] == part, fault.render()
    assert what in fault.what
    assert (hint or "") in (fault.hint or "")


@pytest.mark.parametrize("text", ["(" * 300 + "model" + ")" * 300 + " == 'mlp'", "not " * 5000 + "model.flag", "\\0"])
def test_texts_that_are_too_much_are_refused(search, text):
    assert "cannot be read" in search.fault(f'{SPACE}when:\n  z: "{text}"\n').what


def test_a_condition_of_what_is_not_searched_is_refused(search):
    fault = search.fault(SPACE + "when: {model.dropuot: model.flag}\n")
    assert "unknown parameter 'model.dropuot'; did you mean 'model.dropout'" in fault.what


def test_two_conditions_of_one_parameter_are_refused(search):
    fault = search.fault(SPACE + "when: {model.dropout: model.flag, model: {dropout: not model.flag}}\n")
    assert "two conditions" in fault.what
    assert "adult.yaml:13:25" in fault.hint


@pytest.mark.parametrize(
    ("conditions", "way"),
    [
        ("{z: z > 1}", "z → z"),
        ("{z: model.flag, model.flag: model.size > 1, model.size: z > 1}", "z → model.flag → model.size → z"),
    ],
)
def test_conditions_that_wait_for_one_another_are_refused(search, conditions, way):
    fault = search.fault(f"{SPACE}when: {conditions}\n")
    assert fault.what == f"conditions wait for one another: {way}"
    assert (fault.code, fault.where.line) == ("cycle", 13)


def test_a_parameter_that_is_wrong_brings_no_second_fault_with_it(search):
    fault = search.fault("space: {a: 'interval(2, 1)', b: 'range(3)'}\nwhen: {b: a > 1}\nconstraints: [a * b <= 3]\n")
    assert fault.what.startswith("a: there is nothing between")
