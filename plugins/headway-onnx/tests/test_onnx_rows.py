"""Which rows and values the gate looks at: out-of-fold values, repeated rows, samples of long splits."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from headway.contracts import POSITION, Column, Dataset, Predictor, Schema, Source, conform, feeds
from headway.errors import HeadwayError
from headway_onnx import subject
from headway_onnx.export import OnnxExport
from headway_onnx.probes import real_rows
from hypothesis import given
from hypothesis import strategies as st


def gate(context, data, features, model):
    return OnnxExport().run(context, data, features, model).evidence


def changed(features, split, columns, rows=slice(None), factor=1.5):
    """The features with other values in some positions of `numeric`."""
    source = features.source(split)
    numeric = source.arrays["numeric"].copy()
    numeric[rows, columns] = numeric[rows, columns] * factor + 1
    other = replace(source, arrays={**source.arrays, "numeric": numeric})
    return replace(features, sources={**features.sources, split: other})


@pytest.fixture
def out_of_fold(features):
    """Features whose second and fourth number of training rows are not the graph's."""
    numeric, categorical = features.arrays
    declared = replace(features, arrays=(replace(numeric, out_of_fold=(1, 3)), categorical))
    return changed(declared, "train", [1, 3])


def test_training_values_that_were_fitted_out_of_fold_are_exempt_and_counted(context, data, out_of_fold, model):
    evidence = gate(context, data, out_of_fold, model)
    found = {(c["rows_of"], c["array"]): c["exempt"] for c in evidence["checks"] if c["check"] == "training arrays"}
    assert found.pop(("train", "numeric")) == 2
    assert set(found.values()) == {0}
    assert all(check["exempt"] == 0 for check in evidence["checks"] if check["check"] != "training arrays")


@pytest.mark.parametrize(("split", "column"), [("train", 0), ("train", 2), ("test", 1), ("validation", 3)])
def test_all_other_positions_and_splits_are_held_bit_for_bit(context, data, out_of_fold, model, split, column):
    wrong = changed(out_of_fold, split, [column], rows=7, factor=1 + 1e-6)
    with pytest.raises(HeadwayError, match=rf"training arrays, {split}: 'numeric'.* in 1 of .*worst is row 7 \("):
        gate(context, data, wrong, model)


def test_without_the_declaration_such_values_are_skew(context, data, out_of_fold, features, model):
    with pytest.raises(HeadwayError, match="training arrays, train: 'numeric'"):
        gate(context, data, replace(out_of_fold, arrays=features.arrays), model)


def oversampled(features, split="train"):
    source, random = features.source(split), np.random.default_rng(0)
    at = random.integers(0, len(source), 2 * len(source))
    taken = {name: array[at] for name, array in source.arrays.items()}
    return replace(features, sources={**features.sources, split: Source({**taken, POSITION: at}, len(at))}), at


def test_rows_may_repeat_in_any_order(context, data, features, model):
    repeated, at = oversampled(features)
    assert gate(context, data, repeated, model)["rows"]["train"] == {"checked": len(at), "of": len(at)}
    wrong = changed(repeated, "train", [2], rows=31, factor=1 + 1e-6)
    with pytest.raises(HeadwayError, match=rf"training arrays, train.* in 1 of {len(at)} rows.*row {at[31]} \("):
        gate(context, data, wrong, model)


class Touched:
    """An array that keeps which of its rows were read."""

    def __init__(self, array):
        self.array, self.rows = array, set()

    def __getitem__(self, rows):
        self.rows |= set(np.arange(len(self.array))[rows].tolist())
        return self.array[rows]


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(subject, "MAX_ROWS", 20)


@pytest.mark.usefixtures("few")
def test_of_a_long_split_some_rows_are_checked_and_no_others_read(context, data, features, model, monkeypatch):
    touched = {name: Touched(array) for name, array in features.source("train").arrays.items()}
    sources = {**features.sources, "train": Source(touched, len(features.source("train")))}
    heights, collect = [], pl.LazyFrame.collect

    def spy(frame, **options):
        heights.append(len(found := collect(frame, **options)))
        return found

    monkeypatch.setattr(pl.LazyFrame, "collect", spy)
    evidence = gate(context, data, replace(features, sources=sources), model)
    assert evidence["rows"]["train"] == {"checked": 20, "of": 180}
    assert touched["numeric"].rows == set(range(0, 180, 9))
    assert heights == [20] * 3
    assert {c["rows"] for c in evidence["checks"] if c["rows_of"] in data.splits} == {20}


@pytest.mark.usefixtures("few")
def test_a_fault_in_a_row_that_is_checked_is_found(context, data, features, model):
    with pytest.raises(HeadwayError, match=r"in 1 of 20 rows.*worst is row 90 \("):
        gate(context, data, changed(features, "train", [2], rows=90), model)
    assert gate(context, data, changed(features, "train", [2], rows=91), model)["passed"]


def test_rows_that_would_not_fit_into_memory_are_left_out(context, data, features, model, monkeypatch):
    monkeypatch.setattr(subject, "HELD", 10 * (6 * 8 + 4 * 4 + 2 * 8))
    assert gate(context, data, features, model)["rows"]["test"] == {"checked": 10, "of": 60}


def test_of_a_large_graph_fewer_rows_are_checked(context, data, features, model, monkeypatch):
    size = len(OnnxExport().run(context, data, features, model).graph.files["model.onnx"])
    monkeypatch.setattr(subject, "WORK", 10 * size)
    assert gate(context, data, features, model)["rows"] == {
        "train": {"checked": 10, "of": 180},
        "validation": {"checked": 10, "of": 60},
        "test": {"checked": 10, "of": 60},
    }


def test_rows_of_a_long_split_are_read_in_runs_spread_over_all_of_it(data, features, model, registry, monkeypatch):
    monkeypatch.setattr(subject, "MAX_ROWS", 100)
    monkeypatch.setattr(subject, "RUN", 8)
    predictor = Predictor(features.columns, features.recipe, model.outputs, features.graph)
    at = subject.Subject(data, features, predictor, registry, model).positions("train")
    assert 90 <= len(at) <= 100
    gaps = np.diff(at)
    assert set(gaps[gaps > 1]) <= {7, 8}
    assert (gaps > 1).sum() == 11
    assert (at[0], at[-1] >= 165) == (0, True)


COLUMNS = (
    Column("word", "categorical", "String", history=2),
    Column("load", "numeric", "Float64", history=3),
    Column("plain", "integer", "Int64"),
)
ROWS = 30
SERIES = pl.DataFrame(
    {"plain": range(ROWS), "load": [i / 7 for i in range(ROWS)], "word": [f"w{i % 5}" for i in range(ROWS)]}
)


@given(st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=40))
def test_rows_at_any_positions_come_with_the_history_they_have_in_the_split(positions):
    at = np.array(positions)
    found = real_rows(Dataset(Schema(COLUMNS), {"train": SERIES.lazy()}), "train", COLUMNS, at)
    for name, array in feeds(conform(SERIES, COLUMNS), COLUMNS).items():
        np.testing.assert_array_equal(found[name], array[at])


def test_a_missing_column_is_named(data):
    with pytest.raises(HeadwayError, match="column 'other'"):
        real_rows(data, "train", (Column("other", "numeric", "Float64"),), np.arange(3))
