import dataclasses
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from headway.contracts import ROW, Column, Dataset, Schema, Target
from headway.errors import DataError
from headway.metrics import R2, Mae, Rmse
from headway.testing import ReportSuite, StageSuite, alone, make_context, tiny_dataset
from headway_evaluation.figures.groups import quantiles, spread
from headway_evaluation.figures.values import figures, reach
from headway_evaluation.regression import Regression
from headway_evaluation.scoring import Rows
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from toy_predictors import affine_of

QUICK = Regression(resamples=100)


class TestRegression(StageSuite):
    @pytest.fixture
    def stage(self):
        return Regression


@pytest.fixture(scope="module")
def good(spending):
    return affine_of(spending.schema, [10.6], age=[0.07], hours=[0.145], gain=[0.00076])


@pytest.fixture(scope="module")
def mean(spending):
    return affine_of(spending.schema, [20.44])


@pytest.fixture(scope="module")
def reports(spending, good, mean, names, tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), names)
    return QUICK.run(context, spending, good, {"mean": mean}), context.reporter.metrics


@pytest.fixture
def report(reports):
    return reports[0]


class TestRegressionReport(ReportSuite):
    @pytest.fixture
    def artifact(self, report):
        return report


def with_target(data, expression, **roles):
    """The data with another target, and further columns that play a role."""
    splits = {n: f.with_columns(spending=expression, **roles) for n, f in data.splits.items()}
    more = tuple(Column(name, "numeric", "Float64") for name in roles)
    schema = dataclasses.replace(data.schema, columns=(*data.schema.columns, *more), **{n: n for n in roles})
    return Dataset(schema, splits)


def test_it_is_registered_and_needs_no_other_plugin():
    assert alone("evaluation").registry.get("evaluation", "regression") is Regression


def test_metrics_are_those_of_the_framework_for_every_split_and_baseline(reports, spending, good, names):
    _, recorded = reports
    assert {name.rsplit(".", 1)[0] for name in recorded} == {
        "test", "validation", "baselines.mean.test", "baselines.mean.validation",
    }  # fmt: skip
    frame = spending.split("test").collect()
    target, value = frame["spending"].to_numpy(), good.open(names)(frame)["value"]
    assert {name: recorded[f"test.{name}"] for name in ("rmse", "mae", "r2")} == {
        "rmse": Rmse()(target, value), "mae": Mae()(target, value), "r2": R2()(target, value),
    }  # fmt: skip


def test_less_error_and_more_explained_variance_are_better(spending, good, mean, context):
    for metrics in (("rmse",), ("r2",)):
        stage = dataclasses.replace(QUICK, metrics=metrics)
        better = stage.run(context, spending, good, {"mean": mean}).checks[0]
        worse = stage.run(context, spending, mean, {"good": good}).checks[0]
        same = stage.run(context, spending, good, {"good": good}).checks[0]
        assert [check.verdict for check in (better, worse, same)] == ["passed", "failed", "warned"]


def test_the_page_says_in_words_how_good_the_model_is(report):
    found = next(m for m in report.measurements if (m.model, m.split, m.metric) == ("model", "test", "rmse"))
    assert report.title == "Regression of spending"
    assert f"Test RMSE {found.value:.4f} [{found.low:.4f}, {found.high:.4f}] on 800 rows." in report.html
    assert "the model is better." in report.html
    assert [figure.title.split(",")[0] for figure in report.figures] == [
        "Predicted against actual", "Residuals", "Distribution of residuals",
    ]  # fmt: skip


@pytest.mark.parametrize("scale", [1e6, 1e-6])
def test_figures_are_written_in_the_size_of_the_target(scale, spending, context, recorder):
    data = with_target(spending, pl.col("spending") * scale)
    predictor = affine_of(data.schema, [10.6 * scale], age=[0.07 * scale], hours=[0.145 * scale], gain=[7.6e-4 * scale])
    html = QUICK.run(context, data, predictor).html
    value = recorder.metrics["test.rmse"]
    assert f"Test RMSE {value:,.0f} [" in html if scale > 1 else f"Test RMSE {value:.8f} [" in html


def test_errors_are_told_by_their_size(spending, context):
    data = with_target(spending, 100.0 + pl.int_range(pl.len()) % 10)
    report = QUICK.run(context, data, affine_of(data.schema, [100]))
    table = next(t for t in report.tables if t.title == "Errors, test")
    assert table.columns == (
        "model", "mean error", "50% of rows within", "90% of rows within", "99% of rows within", "largest error",
    )  # fmt: skip
    assert table.rows == (("model", -4.5, 4.0, 8.0, 9.0, 9.0),)


def test_the_target_is_described_in_every_split(report, spending):
    table = next(t for t in report.tables if t.title == "Rows and spending")
    assert [row[:2] for row in table.rows] == [("train", 2400), ("validation", 800), ("test", 800)]
    values = spending.split("train").collect()["spending"]
    assert table.rows[0][2:] == pytest.approx(
        (values.mean(), values.std(), values.min(), values.median(), values.max())
    )


def test_predictions_of_every_model_are_kept(report, spending):
    assert set(report.predictions) == {"model", "mean"}
    frame = report.predictions["model"].frame
    assert frame.columns == [ROW, "split", "target", "value"]
    assert frame.filter(split="test")[ROW].equals(spending.split("test").collect()[ROW])


def test_rows_without_weight_count_for_nothing(spending, good, context, recorder):
    heavy = pl.when(pl.col("age") < 50).then(2.0).otherwise(0.0)
    report = QUICK.run(context, with_target(spending, pl.col("spending"), weight=heavy), good)
    some = Dataset(spending.schema, {n: f.filter(pl.col("age") < 50) for n, f in spending.splits.items()})
    weighted = dict(recorder.metrics)
    plain = QUICK.run(context, some, good)
    assert weighted["test.rmse"] == pytest.approx(recorder.metrics["test.rmse"])
    errors = [next(t for t in r.tables if t.title == "Errors, test").rows[0] for r in (report, plain)]
    assert errors[0][1:5] == pytest.approx(errors[1][1:5])


def test_groups_are_resampled_whole(spending, good, context):
    grouped = with_target(spending, pl.col("spending"), group=(pl.col(ROW) // 50).cast(pl.Float64))
    assert "whole groups drawn" in QUICK.run(context, grouped, good).method


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda d: tiny_dataset(50), "'income' is a classification, not a regression"),
        (lambda d: Dataset(Schema(d.schema.columns, (Target("spending", "forecast", horizon=3),)), d.splits),
         "'spending' is a forecast of 3 steps, not a regression"),
        (lambda d: with_target(d, pl.when(pl.col("age") > 50).then("spending")),
         "row(s) of 'validation' have a target that is missing or not finite"),
        (lambda d: with_target(d, pl.lit(float("inf"))), "800 row(s) of 'validation'"),
        (lambda d: Dataset(d.schema, {**d.splits, "test": d.splits["test"].clear()}), "'test' has no rows"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_evaluated_are_told(break_it, says, spending, good, context):
    with pytest.raises(DataError) as caught:
        QUICK.run(context, break_it(spending), good)
    assert says in caught.value.what


def test_a_predictor_without_values_is_told_by_name(spending, good, context):
    bands = affine_of(spending.schema, [15, 25], levels=(0.1, 0.9))
    with pytest.raises(DataError, match=r"'bands' gives no values of 'spending': it gives quantiles \(quantile of"):
        QUICK.run(context, spending, good, {"bands": bands})


def test_metrics_of_other_tasks_are_refused(spending, good, context):
    with pytest.raises(DataError, match="auroc, pinball: not for regression"):
        dataclasses.replace(QUICK, metrics=("rmse", "auroc", "pinball")).run(context, spending, good)


def test_a_constant_target_leaves_the_explained_variance_out(spending, good, mean, context, recorder):
    report = dataclasses.replace(QUICK, metrics=("r2", "rmse")).run(
        context, with_target(spending, pl.lit(20.0)), good, {"mean": mean}
    )
    assert "test.r2" not in recorder.metrics
    assert "test.rmse" in recorder.metrics
    assert "R² is undefined on the test rows." in report.html
    ReportSuite().test_the_figures_are_well_formed_and_fetch_nothing(report)


def test_one_row_has_figures_and_no_explained_variance(spending, good, mean, context, recorder):
    one = Dataset(spending.schema, {n: f.head(1) for n, f in spending.splits.items()})
    report = QUICK.run(context, one, good, {"mean": mean})
    assert sorted(name for name in recorder.metrics if name.startswith("test.")) == ["test.mae", "test.rmse"]
    assert next(t for t in report.tables if t.title == "Rows and spending").rows[0][3] is None
    assert [check.verdict for check in report.checks] != []


finite = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6, width=32))


@settings(max_examples=8, deadline=None)
@given(finite, st.floats(-1e6, 1e6))
def test_any_values_can_be_drawn(target, shift):
    rows = Rows(target, np.arange(1.0, len(target) + 1), None)
    for figure in figures(
        "y", rows, {"model": (target + shift).astype(np.float32), "zero": np.zeros(len(target))}, "test"
    ):
        assert figure.svg.startswith("<svg")


@settings(deadline=None)
@given(finite)
def test_axes_reach_beyond_what_is_central(values):
    low, high = reach(values)
    assert low < high
    assert ((low <= values) & (values <= high)).mean() >= 0.9


@settings(deadline=None)
@given(finite)
def test_groups_divide_the_rows_and_never_equal_numbers(by):
    mean, low, high = spread(by, by, None, (0.0, 1.0))
    assert len(mean) <= 10
    assert (low <= high).all()
    assert (high[:-1] < low[1:]).all()
    assert ((low - 1e-6 * np.abs(low) <= mean) & (mean <= high + 1e-6 * np.abs(high))).all()


def test_weighted_quantiles_count_a_row_as_often_as_its_weight_says():
    values, mass = np.array([3.0, 1.0, 2.0]), np.array([1.0, 5.0, 4.0])
    assert quantiles(values, mass, (0.4, 0.5, 0.9, 0.95)) == [1.0, 1.0, 2.0, 3.0]


def test_the_report_is_the_same_in_another_process(report, tmp_path):
    script = """
import sys, pathlib, hashlib
sys.path.insert(0, sys.argv[1])
import toy_predictors as h
from headway.testing import make_context, tiny_dataset
from headway_evaluation.regression import Regression
data = tiny_dataset(4000, task="regression")
good = h.affine_of(data.schema, [10.6], age=[0.07], hours=[0.145], gain=[0.00076])
context = make_context(pathlib.Path(sys.argv[2]), h.Registry())
report = Regression(resamples=100).run(context, data, good, {"mean": h.affine_of(data.schema, [20.44])})
print(hashlib.sha256(report.html.encode()).hexdigest())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path)], capture_output=True, text=True,
        check=True, env=os.environ | {"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}, timeout=120,
    )  # fmt: skip
    assert done.stdout.split()[-1] == hashlib.sha256(report.html.encode()).hexdigest()
