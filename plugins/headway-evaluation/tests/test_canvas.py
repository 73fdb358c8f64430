"""What all pictures share: every name is in the legend."""

import numpy as np
import pytest
from headway.contracts import Target
from headway_evaluation.figures import classes, labels, quantiles, values
from headway_evaluation.figures.canvas import legible
from headway_evaluation.intervals import Estimate
from headway_evaluation.scoring import Rows

ROWS = 60
RANDOM = np.random.default_rng(0)
SOME = [Estimate(0.5, 0.4, 0.6), Estimate(0.6, None, None)]
NAMES = ("model", "_plain")


def of_classes(names):
    shares = RANDOM.dirichlet([1] * len(names), ROWS).astype(np.float32)
    rows = Rows(RANDOM.integers(0, len(names), ROWS), None, None)
    target = Target("c", "classification", names)
    return classes.figures(target, rows, dict.fromkeys(NAMES, shares), "test", 0.95)


def of_values():
    rows = Rows(RANDOM.normal(size=ROWS), None, None)
    return values.figures("y", rows, {name: RANDOM.normal(size=ROWS) for name in NAMES}, "test")


@pytest.mark.parametrize(
    "make",
    [
        lambda: of_classes(("a", "b"))[0],
        lambda: of_classes(("a", "b"))[1],
        lambda: of_values()[-1],
        lambda: labels.average_precision(("a", "b"), dict.fromkeys(NAMES, SOME), np.ones(2) / 2, 0.95, "test"),
        lambda: quantiles.calibration((0.1, 0.9), dict.fromkeys(NAMES, SOME), "test", 0.95),
    ],
    ids=["roc", "reliability", "distribution", "labels", "calibration"],
)
def test_a_model_whose_name_begins_with_an_underscore_is_in_the_legend(make):
    assert "_plain<" in make().svg


def test_classes_that_begin_with_an_underscore_or_have_no_name_are_in_the_legend():
    roc = of_classes(("_other", "a", ""))[0].svg
    assert "_other<" in roc
    assert f">{legible('')}<" in roc


def test_other_names_stay_as_they_are():
    assert [legible(name) for name in ("model", "a_b", "<b>")] == ["model", "a_b", "<b>"]
