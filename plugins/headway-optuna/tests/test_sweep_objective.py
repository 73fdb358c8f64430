"""What a sweep optimizes: metrics in the direction that is better, none of the test."""

import pytest
from headway.errors import ConfigError, Place
from headway_optuna.objective import objectives

METRICS = {"auroc": True, "log_loss": False, "coverage": None}


def read(optimize, stages=("data", "model", "evaluation")):
    found = objectives(optimize, stages, METRICS, lambda path: Place(".".join(path)))
    return [(each.metric.stage, each.metric.name, each.direction) for each in found]


def fault(optimize):
    with pytest.raises(ConfigError) as caught:
        read(optimize)
    (found,) = caught.value.faults
    return found


@pytest.mark.parametrize(
    ("optimize", "found"),
    [
        ("validation.auroc", [("model", "validation.auroc", "maximize")]),
        ("validation.log_loss", [("model", "validation.log_loss", "minimize")]),
        ("validation.loss", [("model", "validation.loss", "minimize")]),
        ("evaluation.validation.auroc", [("evaluation", "validation.auroc", "maximize")]),
        ({"validation.auroc": "minimize"}, [("model", "validation.auroc", "minimize")]),
        (
            {"validation.seconds": "minimize", "train.auroc": "maximize"},
            [("model", "validation.seconds", "minimize"), ("model", "train.auroc", "maximize")],
        ),
    ],
)
def test_a_metric_has_a_stage_and_a_direction(optimize, found):
    assert read(optimize) == found


@pytest.mark.parametrize(
    ("optimize", "where", "what", "hint"),
    [
        ("validation.coverage", "sweep.optimize", "nothing says", "{validation.coverage: minimize}, or maximize"),
        ("validation.seconds", "sweep.optimize", "nothing says", "{validation.seconds: minimize}, or maximize"),
        ("validation.aurok", "sweep.optimize", "nothing says", "did you mean validation.auroc?"),
        ("test.auroc", "sweep.optimize", "measured on the test rows", "optimize validation.auroc"),
        ({"test.auroc": "maximize"}, "sweep.optimize.test.auroc", "measured on the test rows", "tested once, at last"),
        ({"validation.aurok": "maximize"}, "sweep.optimize.validation.aurok", "no metric 'aurok'", "validation.auroc"),
        ("auroc", "sweep.optimize", "no metric of a split", "did you mean validation.auroc?"),
        ("modle.validation.auroc", "sweep.optimize", "unknown stage 'modle'", "did you mean model.validation.auroc?"),
    ],
)
def test_what_is_none_to_optimize_is_told_where_it_stands(optimize, where, what, hint):
    found = fault(optimize)
    assert found.where.source == where
    assert what in found.what
    assert hint is None or hint in found.hint


def test_a_sweep_without_objectives_is_answered_with_one():
    assert "sweep.optimize=validation.auroc" in fault({}).hint
