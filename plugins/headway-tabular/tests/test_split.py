"""What a split may be, as its config says it."""

import pytest
from headway import DataError
from headway_tabular.splits.split import Split


@pytest.mark.parametrize(
    ("fields", "code", "part"),
    [
        ({"train": 0.5}, "split-fractions", "0.5 + 0.2 + 0.2 = 0.9"),
        ({"train": 0.0, "test": 0.8}, "split-fractions", "0.0 + 0.2 + 0.8"),
        ({"by": "column"}, "split-conflict", "needs the column"),
        ({"column": "part"}, "split-conflict", "data.split.column means nothing by random"),
        ({"gap": "1d"}, "split-conflict", "data.split.gap means nothing by random"),
        ({"by": "group", "test_from": "2013-10-01"}, "split-conflict", "data.split.test_from means nothing by group"),
        ({"by": "column", "column": "part", "folds": 5, "fold": 0}, "split-conflict", "take turns"),
        ({"fold": 1}, "split-conflict", "of how many"),
        ({"keep_test": True}, "split-conflict", "there are none"),
        ({"folds": 5}, "split-conflict", "which fold"),
        ({"folds": 5, "fold": 5}, "split-conflict", "no fold 5 of 5"),
        ({"by": "time", "window": "30d"}, "split-conflict", "for folds by time"),
        ({"by": "time", "folds": 3, "fold": 0, "test_from": "2013-10-01"}, "split-conflict", "the rows say where"),
        ({"by": "time", "gap": "1 month"}, "duration", "'1 month' is no span of time"),
        ({"by": "time", "gap": -1}, "split-conflict", "data.split.gap is -1"),
        ({"by": "time", "test_from": "October"}, "moment", "'October', which is no moment"),
        ({"by": "time", "validation_from": "2014", "validation": 0.0, "train": 0.8}, "moment", "'2014'"),
        (
            {"by": "time", "validation_from": "2013-11-01", "test_from": "2013-10-01"},
            "split-conflict",
            "not after validation",
        ),
        ({"by": "time", "validation_from": 7, "test_from": "2013-10-01"}, "split-conflict", "not after validation"),
        (
            {"by": "time", "validation_from": 7, "train": 0.8, "validation": 0.0},
            "split-conflict",
            "begins a split of fraction 0",
        ),
    ],
)
def test_fields_that_contradict_are_explained(fields, code, part):
    with pytest.raises(DataError) as caught:
        Split(**fields)
    assert caught.value.code == code
    assert part in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"by": "time", "gap": "10x"}, "gap"),
        ({"by": "time", "gap": -1}, "gap"),
        ({"gap": "1d"}, "gap"),
        ({"fold": 1}, "fold"),
        ({"folds": 5, "fold": 5}, "fold"),
        ({"by": "time", "test_from": "October"}, "test_from"),
    ],
)
def test_a_fault_of_one_field_is_told_there(fields, place):
    with pytest.raises(DataError) as caught:
        Split(**fields)
    assert caught.value.where.source == place


def test_what_fits_is_taken():
    Split()
    Split(by="time", test_from="2013-10-01", gap="1d12h")
    Split(by="time", validation_from=10, test_from=20.5, gap=0)
    Split(by="time", folds=3, fold=2, window="30d", gap="6h")
    Split(by="group", folds=5, fold=0)
