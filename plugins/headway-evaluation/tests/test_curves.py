import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import pytest
from headway.contracts import ArrayModel
from headway.stage import signature_of
from headway.testing import ReportSuite
from headway_evaluation.classification import Classification
from headway_evaluation.figures.curves import best_epoch, curves
from headway_evaluation.quantile import Quantile
from headway_evaluation.regression import Regression

HISTORY = tuple(
    {"train.loss": 1 / epoch, "validation.loss": abs(epoch - 4) / 10, "validation.auroc": (50 + epoch) / 100}
    for epoch in range(1, 9)
)


@dataclass(frozen=True)
class Trained(ArrayModel):
    type_name: ClassVar[str] = "trained"

    def predict(self, batch):
        raise AssertionError("curves are drawn of the history alone")

    export = predict


@pytest.mark.parametrize("stage", [Classification, Regression, Quantile])
def test_the_model_is_an_input_that_may_stay_unwired(stage):
    model = next(p for p in signature_of(stage).parameters if p.name == "model")
    assert (model.type.__name__, model.fan_in, model.required) == ("Model", "one", False)


def test_the_report_shows_how_the_model_learned(dataset, good, context):
    model = Trained((), (), {}, {"validation.auroc": 0.55}, HISTORY)
    stage = Classification(resamples=100)
    plain = stage.run(context, dataset, good)
    report = stage.run(context, dataset, good, model=model)
    titles = [figure.title for figure in report.figures]
    assert titles[-2:] == ["Loss by epoch", "Metrics by epoch"]
    assert titles[:-2] == [figure.title for figure in plain.figures]
    assert "The dashed line is epoch 5 of 8" in report.html
    assert "How it learned" in report.html
    assert "How it learned" not in plain.html
    ReportSuite().test_the_figures_are_well_formed_and_fetch_nothing(report)
    fitted = dataclasses.replace(model, history=())
    assert stage.run(context, dataset, good, model=fitted).html == plain.html


def test_the_best_epoch_is_the_one_whose_metrics_were_kept_or_that_of_the_lowest_loss():
    assert best_epoch(HISTORY, {"validation.auroc": 0.57}) == 6
    assert best_epoch(HISTORY, {"validation.rmse": 3.0}) == 3
    assert best_epoch(HISTORY, {"validation.auroc": 0.9}) == 3
    assert best_epoch([{"train.loss": 1.0}], {}) is None


@pytest.mark.parametrize("history", [(), HISTORY[:1], ({"learning_rate": 1.0}, {"learning_rate": 0.5})])
def test_without_epochs_there_are_no_curves(history):
    assert curves(history, {}) == ()


def test_metrics_that_some_epochs_lack_are_drawn_where_they_are():
    history = [{"train.loss": 1.0}, {"train.loss": 0.5, "validation.rmse": 2.0}, {"train.loss": 0.4}]
    assert [figure.title for figure in curves(history, {})] == ["Loss by epoch", "Metrics by epoch"]


def test_equal_histories_give_equal_bytes():
    assert curves(HISTORY, {}) == curves(HISTORY, {})
