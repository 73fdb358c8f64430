"""What must hold of a trial, and how far it is from holding."""

import math

import pytest
from headway.errors import DataError
from headway_optuna.space.constraints import MOST

SPACE = """
space:
  model: mlp, resnet
  model.width: range(64, 513, 64)
  model.blocks: int(interval(1, 8))
  model.dropout: interval(0, 0.5)
  model.size: choice(1, 2.5)
when:
  model.blocks: model == 'resnet'
"""


def constraint(search, text):
    (found,) = search.read(f"{SPACE}constraints:\n  - {text}\n").constraints
    return found


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("model.width * model.blocks <= 1000", 24.0),
        ("model.width * model.blocks <= 2048", -1024.0),
        ("2048 >= model.width * model.blocks", -1024.0),
        ("model.width <= 256", 0.0),
        ("model.width / 2 - (1 - model.blocks) <= 131", 0.0),
        ("-model.dropout <= -0.25", 0.0),
        ("model.size >= 3", 0.5),
        ("validation.auroc >= 0.75", -0.125),
        ("evaluation.validation.latency < 2", 1.0),
        ("train.loss / validation.auroc > 1", 1 - 0.5 / 0.875),
        ("1 / (model.dropout - 0.25) <= 3", MOST),
        ("validation.broken <= 3", MOST),
        ("validation.broken >= 3", MOST),
    ],
)
def test_a_constraint_tells_how_far_it_is_violated(search, text, violation):
    params = {"model": "resnet", "model.width": 256, "model.blocks": 4, "model.dropout": 0.25, "model.size": 2.5}
    metrics = {"validation.auroc": 0.875, "evaluation.validation.latency": 3, "train.loss": 0.5, "test.auroc": 1.0,
               "validation.broken": math.nan}  # fmt: skip
    assert constraint(search, text).violation(params, metrics) == pytest.approx(violation, abs=1e-12)


@pytest.mark.parametrize("text", ["model.width < 256", "model.width > 256", "256 < model.width"])
def test_a_strict_constraint_is_violated_where_the_sides_are_equal(search, text):
    assert constraint(search, text).violation({"model.width": 256}, {}) > 0


def test_a_constraint_holds_if_a_parameter_of_it_is_not_searched(search):
    assert constraint(search, "model.width * model.blocks <= 1").violation({"model.width": 64}, {}) == 0
    both = constraint(search, "model.blocks <= validation.auroc")
    assert both.violation({"model.width": 64}, {}) == 0  # then a metric is not needed either


def test_only_constraints_of_metrics_wait_for_them(search):
    assert not constraint(search, "model.width <= 256").needs_metrics
    found = constraint(search, "model.width * validation.latency <= train.seconds")
    assert (found.parameters, found.metrics) == (("model.width",), ("validation.latency", "train.seconds"))
    assert found.needs_metrics


def test_a_metric_that_is_not_there_is_told(search):
    with pytest.raises(DataError, match=r"unknown metric 'validation.aurok'; did you mean 'validation.auroc'"):
        constraint(search, "validation.aurok > 0").violation({}, {"validation.auroc": 1.0})


@pytest.mark.parametrize(
    ("text", "part", "what", "hint"),
    [
        ("test.auroc >= 0.5", "test.auroc", "leaves nothing to test with", "write validation.auroc"),
        ("evaluation.test.ece < 1", "evaluation.test.ece", "on the test split", "write evaluation.validation.ece"),
        ("model.blokcs <= 3", "model.blokcs", "did you mean 'model.blocks'", "metrics"),
        ("auroc >= 0.5", "auroc", "unknown parameter 'auroc'", "such as validation.auroc"),
        ("model * 2 <= 3", "model", "is no number", "under `when`"),
        ("model.blocks == 3", None, "equality", "with some room"),
        ("model.blocks != 3", None, "equality", "with some room"),
        ("1 <= model.blocks <= 3", None, "several things", "a constraint for each"),
        ("model.blocks", None, "compares nothing", "A <= B"),
        ("(model.blocks <= 3) <= 1", None, "no comparison of numbers", "A <= B"),
        ("1 <= 2", None, "depends on nothing", "name parameters"),
        ("model.blocks <= true", "true", "not understood", "+ - * /"),
        ("model.blocks <= 'a' * 9", "'a'", "not understood", "+ - * /"),
        ("model.blocks ** 2 <= 3", "model.blocks ** 2", "not understood", "a product: a * a"),
        ("model.blocks % 2 <= 0", "model.blocks % 2", "not understood", "+ - * /"),
        ("max(model.blocks, 2) <= 3", "max(model.blocks, 2)", "not understood", "+ - * /"),
        ("model.blocks <= 3 and model.width <= 9", None, "not understood", "+ - * /"),
        ("model.blocks in [1]", "[1]", "not understood", "+ - * /"),
        ("model.blocks =< 3", "=<", "cannot be read", "write <= for =<"),
    ],
)
def test_what_is_no_constraint_is_refused_where_it_stands(search, text, part, what, hint):
    fault = search.fault(f"{SPACE}constraints:\n  - model.width <= 9\n  - {text}\n")
    place = fault.where
    assert place.line == 12
    shown = place.text[place.column - 1 : place.column - 1 + place.width]
    assert shown == (text if part is None else part), fault.render()
    assert what in fault.what
    assert hint in fault.hint
