"""Rows that come in time: what is drawn for their intervals, whatever is predicted."""

import dataclasses

import polars as pl
import pytest
from headway.contracts import ROW, Column, Dataset
from headway.errors import DataError
from headway_evaluation.classification import Classification
from headway_evaluation.regression import Regression
from headway_evaluation.scoring import rows_of
from toy_predictors import affine_of

QUICK = Regression(resamples=200)


def in_time(data, at="when", group=None, **columns):
    """The dataset with a column of the time; its rows stand in another order than they came in."""
    frames = {
        name: frame.with_columns((pl.col(ROW) * 7919 % 1009).alias(at)).with_columns(**columns)
        for name, frame in data.splits.items()
    }
    added = [Column(at, "integer", "Int64"), *([Column(group, "integer", "Int64")] if group else [])]
    schema = dataclasses.replace(data.schema, columns=(*data.schema.columns, *added), time=at, group=group)
    return Dataset(schema, frames)


@pytest.fixture(scope="module")
def predictor(spending):
    return affine_of(spending.schema, [10.6], age=[0.07], hours=[0.145], gain=[0.00076])


@pytest.fixture(scope="module")
def drifting(spending):
    """A target that nobody knows to go up and down over 300 moments."""
    return in_time(spending, spending=pl.col("spending") + 20 * (pl.col("when") / 48).sin())


def widths(report):
    return [found.high - found.low for found in report.measurements if found.split == "test"]


def test_errors_that_go_on_widen_the_intervals(drifting, predictor, context):
    blocks, single = (dataclasses.replace(QUICK, block=block).run(context, drifting, predictor) for block in (None, 1))
    assert "blocks of rows in the order of time drawn" in blocks.method
    assert all(wide > 2 * narrow for wide, narrow in zip(widths(blocks), widths(single), strict=True))


def test_rows_that_do_not_depend_on_each_other_have_the_intervals_of_rows_without_a_time(spending, predictor, context):
    timed = QUICK.run(context, in_time(spending), predictor)
    plain = QUICK.run(context, spending, predictor)
    assert widths(timed) == pytest.approx(widths(plain), rel=0.3)


def test_blocks_of_a_given_length_are_named_in_the_method(drifting, predictor, context):
    report = dataclasses.replace(QUICK, block=24).run(context, drifting, predictor)
    assert "of 24 (validation), 24 (test), paired over models" in report.method
    assert report.method in report.html


def test_a_length_that_leaves_no_two_blocks_is_refused(drifting, predictor, context):
    with pytest.raises(DataError, match=r"blocks of 401 rows are to be drawn, and 'validation' has 800"):
        dataclasses.replace(QUICK, block=401).run(context, drifting, predictor)


def test_blocks_of_rows_without_an_order_are_refused(spending, predictor, context):
    grouped = in_time(spending, group="family", family=pl.col(ROW) // 50)
    for data in (spending, grouped):
        with pytest.raises(DataError, match="nothing says in which order they come") as caught:
            dataclasses.replace(QUICK, block=24).run(context, data, predictor)
        assert "data.time, without data.group" in caught.value.hint


def test_groups_come_before_time(spending, predictor, context):
    grouped = in_time(spending, group="family", family=pl.col(ROW) // 50)
    assert "whole groups drawn" in QUICK.run(context, grouped, predictor).method


def test_rows_are_ordered_by_time_and_those_without_one_stand_first(spending):
    data = in_time(spending, when=pl.when(pl.col(ROW) % 100 > 0).then(pl.col(ROW) * 7919 % 1009))
    rows, frame = rows_of(QUICK.task(), data, "test"), data.splits["test"].collect()
    times = frame["when"].gather(rows.order).to_list()
    assert times[:8] == [None] * 8
    assert times[8:] == sorted(times[8:])
    assert sorted(rows.order.tolist()) == list(range(len(frame)))


def test_classes_in_time_are_drawn_in_blocks_too(dataset, good, constant, context):
    """The classes come in runs, which the errors of both models show."""
    runs = (pl.col("when") // 50 % 2 == 0) & (pl.col(ROW) % 5 > 0)
    data = in_time(dataset, income=pl.when(runs).then(pl.lit(">50K")).otherwise(pl.lit("<=50K")))
    quick = Classification(resamples=200)
    blocks = quick.run(context, data, good, {"majority": constant})
    single = dataclasses.replace(quick, block=1).run(context, data, good, {"majority": constant})
    assert sum(widths(blocks)) > 1.5 * sum(widths(single))
