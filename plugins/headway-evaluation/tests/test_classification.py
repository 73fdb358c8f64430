import dataclasses
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest
from headway.contracts import ROW, Column, Dataset, Report, Schema, Target
from headway.errors import DataError
from headway.metrics import Auroc
from headway.testing import ReportSuite, StageSuite, alone, tiny_dataset
from headway_evaluation.classification import Classification
from headway_evaluation.figures.classes import roc_points
from headway_evaluation.figures.groups import bins
from headway_evaluation.page import evidence_tables
from headway_evaluation.scoring import rows_of
from headway_evaluation.words import cell
from toy_predictors import predictor_of

QUICK = Classification(resamples=100)


class TestClassification(StageSuite):
    @pytest.fixture
    def stage(self):
        return Classification


@pytest.fixture(scope="module")
def reports(dataset, good, weaker, constant, names, tmp_path_factory):
    from headway.testing import make_context

    context = make_context(tmp_path_factory.mktemp("work"), names)
    report = QUICK.run(context, dataset, good, {"linear": weaker, "majority": constant})
    return report, context.reporter.metrics


@pytest.fixture
def report(reports):
    return reports[0]


class TestReport(ReportSuite):
    @pytest.fixture
    def artifact(self, report):
        return report


def test_it_is_registered_and_needs_no_other_plugin():
    assert alone("evaluation").registry.get("evaluation", "classification") is Classification


def test_metrics_are_recorded_for_every_split_and_baseline(reports, dataset, good, names):
    _, recorded = reports
    assert {name.rsplit(".", 1)[0] for name in recorded} == {
        "test", "validation", "baselines.linear.test", "baselines.linear.validation",
        "baselines.majority.test", "baselines.majority.validation",
    }  # fmt: skip
    frame = dataset.split("test").collect()
    codes = (frame["income"] == ">50K").to_numpy().astype(np.int64)
    assert recorded["test.auroc"] == Auroc()(codes, good.open(names)(frame)["probability"])


def test_measurements_say_on_how_many_rows_they_rest(report):
    found = {(m.model, m.split, m.metric): m for m in report.measurements}
    assert len(found) == 3 * 2 * 4
    own = found["model", "test", "auroc"]
    assert own.rows == 800
    assert own.low < own.value < own.high
    assert found["majority", "test", "auroc"].value == 0.5


def test_long_evidence_is_folded(dataset, good, context):
    long = dataclasses.replace(good, evidence={"checks": [{"check": f"number {n}"} for n in range(13)]})
    assert "<summary>checks: 13 rows</summary>" in QUICK.run(context, dataset, long).html


def test_checks_say_whether_the_model_is_better_than_each_baseline(dataset, good, weaker, context):
    better = QUICK.run(context, dataset, good, {"linear": weaker}).checks[0]
    worse = QUICK.run(context, dataset, weaker, {"linear": good}).checks[0]
    same = QUICK.run(context, dataset, good, {"linear": good}).checks[0]
    assert [check.verdict for check in (better, worse, same)] == ["passed", "failed", "warned"]
    assert better.name == "better than linear on test auroc"
    assert "95 % interval +" in better.detail
    assert not better.gate


def test_the_page_says_in_words_how_good_the_model_is_and_how_sure_that_is(report):
    found = next(m for m in report.measurements if (m.model, m.split, m.metric) == ("model", "test", "auroc"))
    assert f"Test AUROC {found.value:.4f} [{found.low:.4f}, {found.high:.4f}] on 800 rows." in report.html
    assert "the model is better." in report.html
    assert report.predictor in report.html
    assert "8.9e−08" in report.html  # the parity evidence


def test_predictions_of_every_model_are_kept(report, dataset):
    assert set(report.predictions) == {"model", "linear", "majority"}
    frame = report.predictions["model"].frame
    assert frame.columns == [ROW, "split", "target", "probability[<=50K]", "probability[>50K]"]
    assert frame.filter(split="test")[ROW].equals(dataset.split("test").collect()[ROW])
    assert report.predictions["linear"].predictor != report.predictor


def test_without_baselines_there_are_no_differences(dataset, good, context):
    report = QUICK.run(context, dataset, good)
    assert report.checks == ()
    assert not [table for table in report.tables if table.title.startswith("Model minus")]
    assert "Checks" not in report.html


def test_the_confusion_matrix_counts_every_row(report):
    table = next(t for t in report.tables if t.title.startswith("Confusion"))
    assert table.columns == ("true class", "predicted <=50K", "predicted >50K", "recalled")
    assert sum(row[1] + row[2] for row in table.rows) == 800
    assert table.rows[0][3] == pytest.approx(table.rows[0][1] / (table.rows[0][1] + table.rows[0][2]))


def test_the_balance_counts_the_training_rows_too(report):
    table = next(t for t in report.tables if t.title.startswith("Rows"))
    assert [row[:2] for row in table.rows] == [("train", 2400), ("validation", 800), ("test", 800)]


def test_more_than_two_classes_are_evaluated(three_classes, context, recorder):
    data, predictor = three_classes
    report = QUICK.run(context, data, predictor)
    assert 0.5 < recorder.metrics["test.auroc"] < 0.9
    assert len(next(t for t in report.tables if t.title.startswith("Confusion")).rows) == 4
    ReportSuite().test_the_figures_are_well_formed_and_fetch_nothing(report)


def test_nothing_in_the_data_or_in_names_can_write_into_the_page(names, context):
    attack = '<script>alert("1")</script>$\\alpha'
    data = tiny_dataset(100)
    rename = {"<=50K": "no", ">50K": attack}
    splits = {n: f.with_columns(pl.col("income").replace(rename)) for n, f in data.splits.items()}
    columns = tuple(
        c if c.name != "income" else dataclasses.replace(c, categories=("no", attack)) for c in data.schema.columns
    )
    schema = Schema(columns, (Target("income", "classification", ("no", attack)),))
    predictor = predictor_of(schema, {"bias": [0, 0], "numbers": {"age": [0, 0.1]}}, {"<b>": attack}, ("no", attack))
    report = QUICK.run(context, Dataset(schema, splits), predictor, {"<i>": predictor})
    assert "<script" not in report.html
    assert "<b>:" not in report.html
    assert "<i>" not in report.html.replace("<i style", "")
    ReportSuite().test_the_figures_are_well_formed_and_fetch_nothing(report)


def test_weights_change_the_metrics_but_not_the_rows(dataset, good, context, recorder):
    weighted = {n: f.with_columns(pl.when(pl.col("income") == ">50K").then(3.0).otherwise(1.0).alias("w"))
                for n, f in dataset.splits.items()}  # fmt: skip
    schema = dataclasses.replace(
        dataset.schema, columns=(*dataset.schema.columns, Column("w", "numeric", "Float64")), weight="w"
    )
    QUICK.run(context, dataset, good)
    plain = dict(recorder.metrics)
    report = QUICK.run(context, Dataset(schema, weighted), good)
    assert recorder.metrics["test.auroc"] == pytest.approx(plain["test.auroc"])
    assert recorder.metrics["test.accuracy"] != plain["test.accuracy"]
    assert report.predictions["model"].frame["weight"].unique().sort().to_list() == [1.0, 3.0]


def test_groups_are_resampled_whole(dataset, good, context):
    grouped = {n: f.with_columns((pl.col(ROW) // 50).alias("family")) for n, f in dataset.splits.items()}
    schema = dataclasses.replace(
        dataset.schema, columns=(*dataset.schema.columns, Column("family", "integer", "Int64")), group="family"
    )
    report = QUICK.run(context, Dataset(schema, grouped), good)
    assert "whole groups drawn" in report.method
    assert "group" in report.predictions["model"].frame.columns


def test_rows_without_a_group_are_groups_of_their_own(dataset, good, context):
    family = pl.when(pl.col(ROW) % 3 > 0).then(pl.col(ROW) // 50)
    grouped = {n: f.with_columns(family.alias("family")) for n, f in dataset.splits.items()}
    schema = dataclasses.replace(
        dataset.schema, columns=(*dataset.schema.columns, Column("family", "integer", "Int64")), group="family"
    )
    data = Dataset(schema, grouped)
    assert "whole groups drawn" in QUICK.run(context, data, good).method
    named = grouped["test"].collect()["family"]
    codes = rows_of(QUICK.task(), data, "test").group
    assert sorted(set(codes)) == list(range(named.drop_nulls().n_unique() + named.null_count()))


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda d: tiny_dataset(50, task="regression"), "'spending' is a regression"),
        (lambda d: Dataset(d.schema, {**d.splits, "test": d.splits["test"].with_columns(income=pl.lit("?"))}),
         "800 row(s) of 'test' have a target that is no class, such as '?'"),
        (lambda d: Dataset(d.schema, {**d.splits, "test": d.splits["test"].with_columns(income=None)}), "such as None"),
        (lambda d: Dataset(d.schema, {**d.splits, "test": d.splits["test"].clear()}), "'test' has no rows"),
        (lambda d: Dataset(d.schema, {"train": d.splits["train"]}), "unknown split 'validation'"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_evaluated_are_told(break_it, says, dataset, good, context):
    with pytest.raises(DataError) as caught:
        QUICK.run(context, break_it(dataset), good)
    assert says in caught.value.what


def test_a_predictor_of_other_classes_is_told_by_name(dataset, good, three_classes, context):
    with pytest.raises(DataError, match="'linear' gives no probabilities of"):
        QUICK.run(context, dataset, good, {"linear": three_classes[1]})


def test_metrics_of_regression_are_refused(dataset, good, context):
    with pytest.raises(DataError, match="rmse: not for classification"):
        dataclasses.replace(QUICK, metrics=("auroc", "rmse")).run(context, dataset, good)


def test_rows_of_one_class_leave_the_auroc_out(dataset, good, weaker, context, recorder):
    one = {n: f.filter(pl.col("income") == "<=50K") for n, f in dataset.splits.items()}
    report = QUICK.run(context, Dataset(dataset.schema, one), good, {"linear": weaker})
    assert "test.auroc" not in recorder.metrics
    assert "test.accuracy" in recorder.metrics
    assert "AUROC is undefined on the test rows." in report.html
    assert [figure.title for figure in report.figures] == ["Reliability, test"]


def test_the_report_is_the_same_in_another_process(report, tmp_path):
    script = """
import sys, pathlib, hashlib
sys.path.insert(0, sys.argv[1])
import toy_predictors as h
from headway.testing import make_context, tiny_dataset
from headway_evaluation.classification import Classification
data = tiny_dataset(4000)
good, weaker, constant = (h.predictor_of(data.schema, w, e) for w, e in
                          ((h.GOOD, h.EVIDENCE), (h.WEAKER, None), (h.CONSTANT, None)))
context = make_context(pathlib.Path(sys.argv[2]), h.Registry())
report = Classification(resamples=100).run(context, data, good, {"linear": weaker, "majority": constant})
print(hashlib.sha256(report.html.encode()).hexdigest())
"""
    import hashlib
    import os
    from pathlib import Path

    given = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path)], capture_output=True, text=True,
        check=True, env=os.environ | {"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}, timeout=120,
    )  # fmt: skip
    assert given.stdout.split()[-1] == hashlib.sha256(report.html.encode()).hexdigest()


def test_the_time_of_an_evaluation_grows_with_the_rows_and_not_with_their_square(context, good, weaker, constant):
    def seconds(rows):
        start = time.process_time()
        Classification().run(context, tiny_dataset(rows), good, {"linear": weaker, "majority": constant})
        return time.process_time() - start

    seconds(3_250)  # what is imported and compiled by the first
    assert seconds(32_500) < 30 * seconds(3_250)


def test_roc_points_keep_the_area_and_the_ends():
    random = np.random.default_rng(0)
    codes = random.integers(0, 2, 5000)
    score = random.normal(size=5000) + codes
    x, y = roc_points(codes == 1, score, None)
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert len(x) < 500
    assert np.trapezoid(y, x) == pytest.approx(Auroc()(codes, np.stack([-score, score], 1)), abs=1e-3)


def test_reliability_groups_never_divide_equal_probabilities():
    stated = np.r_[np.full(50, 0.2), np.full(50, 0.8)]
    true = np.r_[np.arange(50) < 10, np.arange(50) < 40]
    x, y, low, high = bins(stated, true, None, 0.95)
    np.testing.assert_allclose([x, y], [[0.2, 0.8], [0.2, 0.8]])
    assert (low < y).all()
    assert (high > y).all()
    assert len(bins(np.full(9, 0.5), np.ones(9, dtype=bool), None, 0.95)[0]) == 1


def test_evidence_of_any_shape_becomes_tables():
    evidence = {"a": 1, "list": [{"x_1": 1}, {"y": 2.5}], "by_name": {"p": {"x": 1}}, "flat": {"k": "v"}, "none": []}
    assert list(evidence_tables(evidence)) == [
        ("", ["", ""], [["a", 1], ["flat", {"k": "v"}], ["none", []]]),
        ("list", ["x 1", "y"], [[1, None], [None, 2.5]]),
        ("by name", ["name", "x"], [["p", 1]]),
    ]
    assert list(evidence_tables({})) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (True, "yes"), (16384, "16,384"), (0.0, "0"), (0.25, "0.2500"), (-8.9e-8, "−8.9e−08"),
     ([1, 2], "1, 2"), ({"a": 0.5}, "a 0.5000"), ("x", "x")],
)  # fmt: skip
def test_cells_read_well(value, text):
    assert cell(value) == text


def test_a_report_survives_its_folder(report, tmp_path, names):
    report.save(tmp_path)
    loaded = Report.load(tmp_path, names)
    assert loaded.html == report.html
    assert loaded.measurements == report.measurements
    assert loaded.predictions["linear"].frame.equals(report.predictions["linear"].frame)
