"""The gate on windows of a series, whose sources lack the rows without a past or a future."""

from dataclasses import replace

import numpy as np
import onnx.parser
import polars as pl
import pytest
from headway.contracts import (
    POSITION,
    ROW,
    TARGET,
    ArrayModel,
    ArraySpec,
    Column,
    Dataset,
    Features,
    Output,
    Recipe,
    Schema,
    Source,
    Target,
    View,
    labels,
)
from headway.errors import HeadwayError
from headway_onnx import subject
from headway_onnx.export import OnnxExport
from headway_onnx.graphs import as_graph

WINDOW, HORIZON = 5, 2
HEADER = '<ir_version: 10, opset_import: ["": 20]> g '
COLUMN = Column("load", "numeric", "Float64", history=WINDOW - 1)


class Mean(ArrayModel):
    """The mean of the window, for each step."""

    type_name = "mean_model"

    def predict(self, batch):
        mean = batch["window"].astype(np.float64).mean(axis=1)
        return {"forecast": np.repeat(mean[:, None], HORIZON, axis=1).astype(np.float32)}

    def export(self):
        weights = ", ".join(["0.2"] * WINDOW * HORIZON)
        text = f"""{HEADER}(float[batch,{WINDOW}] window) => (float[batch,{HORIZON}] forecast) {{
            w = Constant<value: tensor = double[{WINDOW},{HORIZON}] {{{weights}}}>()
            wide = Cast<to: int = 11>(window)
            level = Gemm(wide, w)
            forecast = Cast<to: int = 1>(level) }}"""
        return as_graph(onnx.parser.parse_model(text))


@pytest.fixture(scope="module")
def data():
    values = np.random.default_rng(0).normal(100, 5, 400)
    frame = pl.DataFrame({ROW: np.arange(400), "load": values})
    schema = Schema((Column("load", "numeric", "Float64"),), (Target("load", "forecast", horizon=HORIZON),))
    return Dataset(schema, {"train": frame[:300].lazy(), "test": frame[300:].lazy()})


@pytest.fixture(scope="module")
def features(data):
    text = f"""{HEADER}(double[batch,{WINDOW}] load) => (float[batch,{WINDOW}] window) {{
        mean = Constant<value: tensor = double {{100.0}}>()
        low = Constant<value: tensor = double {{0.0}}>()
        high = Constant<value: tensor = double {{200.0}}>()
        missing = IsNaN(load)
        filled = Where(missing, mean, load)
        kept = Clip(filled, low, high)
        window = Cast<to: int = 1>(kept) }}"""
    views = {"window": View("series", POSITION, (-4, -3, -2, -1, 0)), TARGET: View("series", POSITION, (1, 2))}
    sources = {}
    for name, lazy in data.splits.items():
        frame = lazy.collect()
        whole = np.flatnonzero(np.isfinite(labels(frame, data.schema)[TARGET]).all(axis=1))
        arrays = {"series": frame["load"].cast(pl.Float32).to_numpy(), POSITION: whole[whole >= WINDOW - 1]}
        sources[name] = Source(arrays, len(arrays[POSITION]), views)
    graph, spec = as_graph(onnx.parser.parse_model(text)), ArraySpec("window", "float32", (WINDOW,))
    return Features((COLUMN,), Recipe(), graph, (spec,), data.schema.target, sources)


@pytest.fixture
def model(features):
    return Mean(features.arrays, (Output("forecast", "value", horizon=HORIZON),), {})


def rows_checked(predictor, split):
    return {check["rows"] for check in predictor.evidence["checks"] if check["rows_of"] == split}


def test_the_rows_that_the_source_has_are_checked(context, data, features, model):
    predictor = OnnxExport().run(context, data, features, model)
    assert predictor.history == WINDOW - 1
    assert rows_checked(predictor, "train") == {300 - (WINDOW - 1) - HORIZON}


def test_of_a_long_series_as_many_windows_are_checked_as_fit_into_memory(context, data, features, model, monkeypatch):
    monkeypatch.setattr(subject, "HELD", 50 * (8 + 4) * WINDOW)
    assert rows_checked(OnnxExport().run(context, data, features, model), "train") == {50}


def test_windows_at_other_positions_than_the_source_says_are_skew(context, data, features, model):
    source = features.source("test")
    shifted = replace(source, arrays={**source.arrays, "series": np.roll(source.arrays["series"], 1)})
    with pytest.raises(HeadwayError, match="training arrays, test"):
        OnnxExport().run(context, data, replace(features, sources={**features.sources, "test": shifted}), model)
