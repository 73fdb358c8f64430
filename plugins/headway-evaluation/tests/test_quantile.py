import dataclasses

import numpy as np
import polars as pl
import pytest
from headway.contracts import Column, Dataset, Output
from headway.errors import DataError
from headway.metrics import Pinball
from headway.testing import ReportSuite, StageSuite, alone, make_context
from headway_evaluation.metrics import Coverage, Width
from headway_evaluation.quantile import Quantile
from toy_predictors import affine_of

QUICK = Quantile(resamples=100)
LEVELS = (0.1, 0.5, 0.9)


class TestQuantile(StageSuite):
    @pytest.fixture
    def stage(self):
        return Quantile


@pytest.fixture(scope="module")
def good(spending):
    """The least squares fit, and quantiles of its residuals."""
    return affine_of(
        spending.schema, [6.05, 10.63, 15.16], LEVELS, age=[0.07] * 3, hours=[0.145] * 3, gain=[7.6e-4] * 3
    )


@pytest.fixture(scope="module")
def constant(spending):
    return affine_of(spending.schema, [14.78, 20.36, 25.87], LEVELS)


@pytest.fixture(scope="module")
def reports(spending, good, constant, names, tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), names)
    return QUICK.run(context, spending, good, {"constant": constant}), context.reporter.metrics


@pytest.fixture
def report(reports):
    return reports[0]


class TestQuantileReport(ReportSuite):
    @pytest.fixture
    def artifact(self, report):
        return report


def test_the_evaluation_and_its_metrics_are_registered_and_need_no_other_plugin():
    registry = alone("evaluation").registry
    assert registry.get("evaluation", "quantile") is Quantile
    assert [registry.get("metric", name) for name in ("interval_coverage", "interval_width")] == [Coverage, Width]


def test_metrics_are_those_of_the_outputs_levels(reports, spending, good, names):
    frame = spending.split("test").collect()
    target, given = frame["spending"].to_numpy(), good.open(names)(frame)["quantiles"]
    assert reports[1]["test.pinball"] == Pinball(LEVELS)(target, given)
    within = (given[:, 0] <= target.astype(np.float32)) & (target.astype(np.float32) <= given[:, 2])
    assert reports[1]["test.interval_coverage"] == pytest.approx(within.mean())
    assert reports[1]["test.interval_width"] == pytest.approx((given[:, 2] - given[:, 0]).mean(), abs=1e-5)
    assert reports[1]["baselines.constant.test.interval_width"] == pytest.approx(11.09, abs=1e-5)


def test_the_outer_interval_is_that_of_the_outermost_levels_in_any_order():
    target, output = np.array([1.0, 5.0]), np.array([[2.0, 9.0, 0.0], [2.0, 4.0, 0.0]])
    levels = (0.5, 0.9, 0.1)
    assert Coverage(levels)(target, output) == 0.5
    assert Width(levels)(target, output) == 6.5
    assert Coverage.of(Output("q", "quantile", levels=levels)).levels == levels
    assert np.isnan(Coverage((0.5,))(target, output[:, :1]))


def test_a_quantile_that_is_the_value_of_a_row_holds_it_although_it_is_rounded():
    target = np.array([0.1, 0.7])
    rounded = target.astype(np.float32)
    assert sorted(rounded < target) == [False, True]
    assert Coverage((0.1, 0.9))(target, np.stack([rounded, rounded], axis=1)) == 1


def test_only_losses_say_which_model_is_better(report):
    assert [check.name for check in report.checks] == [
        "better than constant on test pinball",
        "the outer interval holds 80 % of the test rows",
        "the quantiles of the test rows are in order",
    ]
    assert [check.verdict for check in report.checks] == ["passed"] * 3
    assert "neither more nor less is better" in report.html
    table = next(t for t in report.tables if t.title == "Model minus baseline, test")
    assert [(row[1], row[-1]) for row in table.rows] == [
        ("pinball", "less"),
        ("interval_coverage", "–"),
        ("interval_width", "–"),
    ]


def test_levels_are_held_against_the_shares_that_came_true(report, spending, good, names):
    frame = spending.split("test").collect()
    given = good.open(names)(frame)["quantiles"]
    table = next(t for t in report.tables if t.title == "Levels, test")
    assert [row[:2] for row in table.rows] == [(m, level) for m in ("model", "constant") for level in LEVELS]
    for position, (_, level, share, low, high, loss) in enumerate(table.rows[:3]):
        assert share == pytest.approx((frame["spending"].to_numpy() <= given[:, position]).mean(), abs=2e-3)
        assert low <= share <= high
        assert loss == Pinball((level,))(frame["spending"].to_numpy(), given[:, [position]])
    assert np.mean([row[-1] for row in table.rows[:3]]) == pytest.approx(
        next(m.value for m in report.measurements if (m.metric, m.split, m.model) == ("pinball", "test", "model"))
    )


def test_intervals_that_hold_too_few_rows_and_crossed_quantiles_fail(spending, context):
    narrow = affine_of(spending.schema, [19, 20, 21], LEVELS)
    crossed = affine_of(spending.schema, [0, 50, 40], LEVELS)
    assert [check.verdict for check in QUICK.run(context, spending, narrow).checks] == ["failed", "passed"]
    held, ordered = QUICK.run(context, spending, crossed).checks
    assert held.verdict == "failed"
    assert (ordered.verdict, ordered.detail) == ("failed", "they cross in 800 of 800 rows")


def test_one_level_has_no_interval(spending, context, recorder):
    report = QUICK.run(context, spending, affine_of(spending.schema, [20.4], (0.5,)))
    assert "test.pinball" in recorder.metrics
    assert "test.interval_coverage" not in recorder.metrics
    assert report.checks == ()
    assert [figure.title for figure in report.figures] == ["Calibration of levels, test"]


def test_groups_widen_the_intervals_of_levels(spending, good, context):
    grouped = {n: f.with_columns(family=pl.col("education")) for n, f in spending.splits.items()}
    column = Column("family", "categorical", "String")
    schema = dataclasses.replace(spending.schema, columns=(*spending.schema.columns, column), group="family")

    def widths(data):
        report = QUICK.run(context, data, good)
        return np.array([row[4] - row[3] for row in next(t for t in report.tables if t.title == "Levels, test").rows])

    assert (widths(Dataset(schema, grouped)) > 2 * widths(spending)).all()


def test_models_of_other_levels_are_refused(spending, good, context):
    other = affine_of(spending.schema, [15, 25], (0.1, 0.9))
    with pytest.raises(DataError, match=r"'other' gives the levels 0\.1, 0\.9, the model 0\.1, 0\.5, 0\.9"):
        QUICK.run(context, spending, good, {"other": other})


def test_models_of_values_are_refused(spending, good, context):
    with pytest.raises(DataError, match=r"'mean' gives no quantiles of 'spending': it gives value \(value\)"):
        QUICK.run(context, spending, good, {"mean": affine_of(spending.schema, [20])})


def test_a_metric_that_cannot_decide_is_not_the_first(spending, good, context):
    with pytest.raises(DataError, match="'interval_width' cannot") as caught:
        dataclasses.replace(QUICK, metrics=("interval_width", "pinball")).run(context, spending, good)
    assert "pinball, interval_coverage, interval_width" in caught.value.hint
