"""Rows that are steps in time: histories before them, horizons after them, and no copies of either."""

import json
import tracemalloc
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from headway.contracts import (
    MISSING,
    POSITION,
    ROW,
    TARGET,
    ArraySpec,
    Column,
    Dataset,
    Features,
    Graph,
    Output,
    Predictions,
    Predictor,
    Recipe,
    Runtime,
    Schema,
    Source,
    Target,
    View,
    feeds,
    labels,
    output_shape,
    run_chunked,
    score_split,
    tabulate,
)
from headway.errors import DataError
from headway.testing import DatasetSuite, FeaturesSuite, PredictionsSuite, PredictorSuite
from hypothesis import given
from hypothesis import strategies as st

HISTORY, HORIZON = 2, 3
LOAD = Column("load", "numeric", "Float64", nullable=True, history=HISTORY)


@dataclass(frozen=True)
class MeanOfWindow(Runtime):
    """The mean of what is known of a window, for each step ahead, and quantiles around it."""

    output: str

    @classmethod
    def load(cls, files, lookup):
        return cls(json.loads(files["output.json"]))

    def run(self, feeds):
        window = np.nan_to_num(feeds["load"], nan=-1.0).astype(np.float32)
        if self.output == "window":
            return {"window": window}
        steps = np.repeat(window.sum(axis=1, dtype=np.float64)[:, None] / 3, HORIZON, axis=1)
        quantiles = steps[:, :, None] + np.array([-1.0, 1.0])
        return {"forecast": steps.astype(np.float32), "quantiles": quantiles.astype(np.float32)}


class Names:
    def get(self, kind, name):
        artifacts = {cls.type_name: cls for cls in (Dataset, Features, Predictor, Predictions)}
        return {"runtime": {"mean": MeanOfWindow}, "artifact": artifacts}[kind][name]


@pytest.fixture
def data():
    values = [None if i == 7 else float(i) for i in range(40)]
    frame = pl.DataFrame({ROW: range(40), "load": values}, schema={ROW: pl.Int64, "load": pl.Float64})
    schema = Schema((Column("load", "numeric", "Float64", True),), (Target("load", "forecast", horizon=HORIZON),))
    splits = {"train": frame[:20].lazy(), "validation": frame[20:30].lazy(), "test": frame[30:].lazy()}
    return Dataset(schema, splits)


@pytest.fixture
def predictor():
    outputs = (
        Output("forecast", "value", horizon=HORIZON),
        Output("quantiles", "quantile", levels=(0.1, 0.9), horizon=HORIZON),
    )
    return Predictor((LOAD,), Recipe(), outputs, Graph("mean", {"output.json": b'"forecast"'}))


@pytest.fixture
def features(data):
    graph, sources = Graph("mean", {"output.json": b'"window"'}), {}
    for name, lazy in data.splits.items():
        values = lazy.collect()["load"].cast(pl.Float32).to_numpy()
        whole = np.flatnonzero(np.isfinite(labels(lazy.collect(), data.schema)[TARGET]).all(axis=1))
        views = {
            "window": View("series", POSITION, (-2, -1, 0)),
            TARGET: View("actual", POSITION, (1, 2, 3)),
        }
        arrays = {"series": np.nan_to_num(values, nan=-1), "actual": values, POSITION: whole[whole >= HISTORY]}
        sources[name] = Source(arrays, len(arrays[POSITION]), views)
    return Features((LOAD,), Recipe(), graph, (ArraySpec("window", "float32", (3,)),), data.schema.target, sources)


class _OnNames:
    @pytest.fixture
    def registry(self):
        return Names()


class TestSeries(_OnNames, DatasetSuite):
    @pytest.fixture
    def artifact(self, data):
        return data


class TestWindows(_OnNames, FeaturesSuite):
    @pytest.fixture
    def artifact(self, features):
        return features

    @pytest.fixture
    def data(self, data):
        return data


class TestForecaster(_OnNames, PredictorSuite):
    @pytest.fixture
    def artifact(self, predictor):
        return predictor


class TestForecasts(_OnNames, PredictionsSuite):
    @pytest.fixture
    def artifact(self, predictor, data):
        return score_split(predictor.open(Names()), data, "test")


def test_a_history_is_the_rows_before_and_the_row_itself_missing_before_the_first():
    frame = pl.DataFrame({"load": [1.0, None, 3.0]})
    np.testing.assert_array_equal(
        feeds(frame, (LOAD,))["load"], [[np.nan, np.nan, 1], [np.nan, 1, np.nan], [1, np.nan, 3]]
    )


def test_strings_and_times_have_histories_too():
    columns = (Column("word", "text", "String", history=1), Column("at", "timestamp", "Datetime", history=1))
    frame = pl.DataFrame({"word": ["a", None], "at": [datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 0, 1)]})
    found = feeds(frame, columns)
    assert found["word"].tolist() == [[MISSING, "a"], ["a", MISSING]]
    assert found["at"].tolist() == [[np.iinfo(np.int64).min, 0], [0, 1_000_000]]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_series_shorter_than_the_history_are_fed(rows):
    frame = pl.DataFrame({"load": [1.0] * rows}, schema={"load": pl.Float64})
    assert feeds(frame, (LOAD,))["load"].shape == (rows, 3)
    assert labels(frame, Schema((LOAD,), (Target("load", "forecast", horizon=5),)))[TARGET].shape == (rows, 5)


def test_the_target_of_a_forecast_is_what_follows_and_its_past_is_an_input(data):
    found = labels(data.split("test").collect(), data.schema)[TARGET]
    np.testing.assert_array_equal(found[0], [31, 32, 33])
    np.testing.assert_array_equal(found[-2], [39, np.nan, np.nan])
    assert [column.name for column in data.schema.inputs] == ["load"]


def test_labels_are_codes_floats_and_weights():
    frame = pl.DataFrame({"y": ["b", "a", "b"], "z": [1, 2, 3], "w": [1.0, 0.5, 2.0]})
    columns = (Column("y", "categorical", "String"), Column("z", "integer", "Int64"), Column("w", "numeric", "Float64"))
    found = labels(frame, Schema(columns, (Target("y", "classification", ("a", "b")),), weight="w"))
    assert (found[TARGET].dtype, found[TARGET].tolist()) == (np.int64, [1, 0, 1])
    assert (found["weight"].dtype, found["weight"].tolist()) == (np.float32, [1, 0.5, 2])
    assert labels(frame, Schema(columns, (Target("z", "regression"),)))[TARGET].dtype == np.float32


@pytest.mark.parametrize("value", ["c", None])
def test_a_target_that_is_no_class_is_named(value):
    schema = Schema((Column("y", "categorical", "String"),), (Target("y", "classification", ("a", "b")),))
    with pytest.raises(DataError, match=r"1 target value\(s\) of 'y' are no class"):
        labels(pl.DataFrame({"y": ["a", value]}), schema)


def test_rows_before_are_read_as_far_as_the_history_reaches(predictor, data):
    scorer = predictor.open(Names())
    frame = pl.concat([data.split(name).collect() for name in ("train", "validation")])
    whole = scorer(frame)["forecast"]
    rest, past = frame[20:], frame[:20]
    np.testing.assert_array_equal(scorer(rest, past)["forecast"], whole[20:])
    np.testing.assert_array_equal(scorer(rest, past.tail(HISTORY))["forecast"], whole[20:])
    assert (scorer(rest)["forecast"][:HISTORY] != whole[20 : 20 + HISTORY]).all()
    assert len(scorer(rest.head(0), past)["forecast"]) == 0


def test_a_split_is_scored_with_its_past_and_its_target_is_an_array(predictor, data):
    scorer = predictor.open(Names())
    alone, known = score_split(scorer, data, "test"), score_split(scorer, data, "test", past="validation")
    assert known.frame.columns[:3] == [ROW, "split", "target"]
    assert known.frame["target"].to_numpy().shape == (10, HORIZON)
    np.testing.assert_array_equal(known.output("forecast")[0], [29] * 3)
    assert alone.output("forecast")[0, 0] != 29
    assert known.predictor == predictor.digest


@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 5))
def test_outputs_of_any_shape_come_back_from_their_columns(horizon, levels, rows):
    kind = "quantile" if levels else "value"
    output = Output("y", kind, levels=tuple(i / 10 for i in range(levels)) or None, horizon=horizon)
    array = np.random.default_rng(0).random((rows, *output_shape(output))).astype(np.float32)
    found = Predictions(tabulate((output,), {"y": array}), None, (output,), "0" * 64).output("y")
    np.testing.assert_array_equal(found, array)


def test_an_array_that_is_not_what_its_output_says_is_refused():
    with pytest.raises(DataError, match=r"'y' has rows of shape \(4,\), its description says \(3,\)"):
        tabulate((Output("y", "value", horizon=3),), {"y": np.zeros((2, 4))})
    with pytest.raises(DataError, match=r"'e' has rows of shape \(8,\), its description says \(\)"):
        tabulate((Output("e", "embedding"),), {"e": np.zeros((2, 8))})


def test_each_split_keeps_its_own_windows(features, tmp_path):
    shorter = replace(features.sources["test"], views={"window": View("series", POSITION, (-1, 0))})
    replace(features, sources={**features.sources, "test": shorter}).save(tmp_path)
    loaded = Features.load(tmp_path, Names())
    assert loaded.source("train").batch()["window"].shape[1] == 3
    assert loaded.source("test").batch()["window"].shape[1] == 2


STEPS, WINDOW = 1_000_000, 96


def peak(work):
    """The most bytes that `work` held at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_million_windows_are_read_in_batches_within_the_size_of_the_series():
    series, positions = np.arange(STEPS, dtype=np.float32), np.arange(WINDOW - 1, STEPS - 1)
    views = {"window": View("series", POSITION, tuple(range(1 - WINDOW, 1))), TARGET: View("series", POSITION, (1,))}
    source = Source({"series": series, POSITION: positions}, len(positions), views)
    total = 0.0

    def work():
        nonlocal total
        for start in range(0, len(source), 2048):
            batch = source.batch(slice(start, start + 2048))
            total += float((batch[TARGET][:, 0] - batch["window"][:, -1]).sum())

    assert peak(work) < series.nbytes
    assert total == len(source)


def test_a_million_histories_are_fed_and_run_within_a_few_times_the_size_of_the_series():
    column = Column("load", "numeric", "Float64", history=WINDOW - 1)
    frame = pl.DataFrame({"load": np.arange(STEPS, dtype=np.float64)})
    found = {}

    class Last(MeanOfWindow):
        def run(self, feeds):
            return {"last": np.ascontiguousarray(feeds["load"])[:, -1].copy()}

    used = peak(lambda: found.update(run_chunked(Last("last"), feeds(frame, (column,)))))
    assert used < 6 * STEPS * 8 < WINDOW * STEPS
    assert found["last"][-1] == STEPS - 1
