"""The suites of datasets and reports catch what breaks their promises."""

import dataclasses

import pytest
from headway.contracts import Dataset, Figure, Measurement, Report, Schema, Table
from headway.testing import DatasetSuite, ReportSuite, tiny_dataset


def leaking(data):
    return Dataset(data.schema, {**data.splits, "test": data.splits["train"]})


def reordered(data):
    backwards = {name: frame.select(reversed(frame.collect_schema().names())) for name, frame in data.splits.items()}
    return Dataset(data.schema, backwards)


def unknown_class(data):
    target = dataclasses.replace(data.schema.targets[0], classes=("<=50K", "rich"))
    return Dataset(Schema(data.schema.columns, (target,)), data.splits)


def not_nullable(data):
    columns = tuple(dataclasses.replace(column, nullable=False) for column in data.schema.columns)
    return Dataset(Schema(columns, data.schema.targets), data.splits)


@pytest.mark.parametrize(
    ("change", "test"),
    [
        (leaking, "test_no_row_is_in_two_splits_or_twice_in_one"),
        (reordered, "test_splits_have_the_columns_of_the_schema_after_the_row_id"),
        (unknown_class, "test_classes_are_distinct_and_hold_every_target_value"),
        (not_nullable, "test_columns_called_complete_have_no_missing_training_values"),
    ],
)
def test_broken_datasets_are_caught(change, test):
    getattr(DatasetSuite(), test)(tiny_dataset(50))
    with pytest.raises(AssertionError):
        getattr(DatasetSuite(), test)(change(tiny_dataset(50)))


def page(html, **more):
    given = {"title": "T", "predictor": "0" * 64, "level": 0.95, "method": "m", "html": html,
             "measurements": (Measurement("auroc", "test", 0.5, rows=3),)}  # fmt: skip
    return Report(**given | more)


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="style.css">',
        '<img src="//example.org/pixel.png">',
        "<style>@import url(https://example.org/font.css);</style>",
        "<style>a { background: url('https://example.org/x.png') }</style>",
        '<iframe srcdoc="x"></iframe>',
        '<p onclick="alert(1)">x</p>',
        '<a href="javascript:alert(1)">x</a>',
    ],
)
def test_pages_that_fetch_or_run_something_are_caught(html):
    ReportSuite().test_the_page_is_self_contained(page('<a href="https://example.org">a link is no fetch</a>'))
    with pytest.raises(AssertionError):
        ReportSuite().test_the_page_is_self_contained(page(html))


def test_broken_reports_are_caught():
    suite = ReportSuite()
    with pytest.raises(AssertionError):
        suite.test_intervals_are_ordered_and_rest_on_rows(page("", measurements=(Measurement("a", "test", 1),)))
    upside_down = Measurement("a", "test", 1, low=2, high=0, rows=1)
    with pytest.raises(AssertionError):
        suite.test_intervals_are_ordered_and_rest_on_rows(page("", measurements=(upside_down,)))
    with pytest.raises(AssertionError):
        suite.test_tables_are_rectangular(page("", tables=(Table("t", ("a", "b"), ((1,),)),)))
    fetching = Figure(
        "f", "c", '<svg xmlns="http://www.w3.org/2000/svg"><image href="https://example.org/x.png"/></svg>'
    )
    with pytest.raises(AssertionError):
        suite.test_the_figures_are_well_formed_and_fetch_nothing(page("", figures=(fetching,)))
