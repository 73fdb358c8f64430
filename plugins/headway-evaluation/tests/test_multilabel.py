"""The evaluation of labels."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from headway.contracts import Column, Dataset, Schema, Target
from headway.errors import DataError
from headway.metrics import MacroAuroc, MacroAveragePrecision
from headway.testing import ReportSuite, StageSuite, alone, make_context, tiny_dataset
from headway_evaluation.figures.labels import average_precision
from headway_evaluation.intervals import Estimate
from headway_evaluation.multilabel import Multilabel
from toy_predictors import YES, labels_of

QUICK = Multilabel(resamples=100)
LABELS = Target("rich, grown", "multilabel", ("rich", "grown"))


def labelled(rows=2000, grown=80.0):
    """Whether the income is high, and whether age and hours come to much."""
    data = tiny_dataset(rows)
    array = pl.concat_arr(pl.col("income") == YES, pl.col("age") + pl.col("hours").fill_null(40) > grown).alias(
        LABELS.column
    )
    splits = {name: frame.with_columns(array).drop("income") for name, frame in data.splits.items()}
    columns = [column for column in data.schema.columns if column.name != "income"]
    return Dataset(Schema((*columns, Column(LABELS.column, "tensor", "Array")), (LABELS,)), splits)


class TestMultilabel(StageSuite):
    @pytest.fixture
    def stage(self):
        return Multilabel


@pytest.fixture(scope="module")
def data():
    return labelled()


@pytest.fixture(scope="module")
def good(data):
    return labels_of(data.schema, [-3.1, -7.0], age=[0.02, 0.2], hours=[0.04, 0], gain=[0.00025, 0])


@pytest.fixture(scope="module")
def constant(data):
    return labels_of(data.schema, [-0.7, 0.5])


@pytest.fixture(scope="module")
def reports(data, good, constant, names, tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), names)
    return QUICK.run(context, data, good, {"constant": constant}), context.reporter.metrics


@pytest.fixture
def report(reports):
    return reports[0]


class TestMultilabelReport(ReportSuite):
    @pytest.fixture
    def artifact(self, report):
        return report


def table_of(report, title):
    table = next(table for table in report.tables if table.title == title)
    return pl.DataFrame(table.rows, schema=table.columns, orient="row")


def test_the_evaluation_is_registered_and_needs_no_other_plugin():
    assert alone("evaluation").registry.get("evaluation", "multilabel") is Multilabel


def test_metrics_are_recorded_and_the_model_is_found_better(reports):
    report, recorded = reports
    kept = report.predictions["model"]
    test = (kept.frame["split"] == "test").to_numpy()
    target, output = kept.frame["target"].to_numpy()[test], kept.output("probability")[test]
    assert recorded["test.macro_auroc"] == pytest.approx(MacroAuroc()(target, output))
    assert recorded["baselines.constant.test.macro_auroc"] == 0.5
    assert [(check.name, check.verdict) for check in report.checks] == [
        ("better than constant on test macro_auroc", "passed")
    ]


def test_each_label_is_judged_by_itself(report, data):
    table, kept = table_of(report, "Labels, test"), report.predictions["model"]
    test = (kept.frame["split"] == "test").to_numpy()
    target, output = kept.frame["target"].to_numpy()[test], kept.output("probability")[test]
    for at in range(2):
        row, own = table.row(at, named=True), slice(at, at + 1)
        assert row["label"] == LABELS.classes[at]
        assert (row["rows with it"], row["share"]) == (target[:, at].sum(), pytest.approx(target[:, at].mean()))
        assert row["mean probability"] == pytest.approx(output[:, at].mean())
        assert row["average precision"] == pytest.approx(MacroAveragePrecision()(target[:, own], output[:, own]))
        assert row["low"] < row["average precision"] < row["high"]
    balance = table_of(report, "Rows and labels")
    assert balance["split"].to_list() == ["train", "validation", "test"]
    train = data.split("train").collect()[LABELS.column].to_numpy()
    assert balance["labels a row"][0] == pytest.approx(train.sum(axis=1).mean())
    assert balance["share without any"][0] == pytest.approx((~train.any(axis=1)).mean())


def test_labels_and_models_are_in_the_pictures(report):
    precision, reliability = report.figures[:2]
    assert all(f">{name}<" in precision.svg for name in ("rich", "grown", "model", "constant"))
    assert "labels of rows" in reliability.svg


def test_a_label_that_no_row_has_is_told_without_figures(good, names, tmp_path):
    data = labelled(400, grown=1000.0)
    report = QUICK.run(make_context(tmp_path / "work", names), data, good)
    row = table_of(report, "Labels, test").row(1, named=True)
    assert (row["rows with it"], row["average precision"], row["low"], row["AUROC"]) == (0, None, None, None)
    assert "NaN" not in report.html


def test_the_picture_has_room_for_many_labels():
    names = [f"label {number}" for number in range(30)]
    given = [Estimate(number / 30, None, None) for number in range(30)]
    figure = average_precision(names, {"model": given}, np.linspace(0, 1, 30), 0.95, "test")
    assert all(f">{name}<" in figure.svg for name in names)


@pytest.mark.parametrize("change", [{"kind": "probability"}, {"kind": "score"}])
def test_a_predictor_of_something_else_is_told(data, names, tmp_path, change):
    other = labels_of(data.schema, [0.0, 0.0], **change)
    with pytest.raises(DataError, match="gives no probabilities of the labels rich, grown") as caught:
        QUICK.run(make_context(tmp_path / "work", names), data, other)
    assert "model=mlp" in caught.value.hint


def test_targets_and_metrics_of_another_task_are_told(data, dataset, good, names, tmp_path):
    with pytest.raises(DataError, match="is a classification, not a multilabel"):
        QUICK.run(make_context(tmp_path / "work", names), dataset, good)
    with pytest.raises(DataError, match="auroc: not for multilabel"):
        dataclasses.replace(QUICK, metrics=("auroc",)).run(make_context(tmp_path / "more", names), data, good)
