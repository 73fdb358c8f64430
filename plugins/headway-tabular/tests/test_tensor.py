"""Columns of numbers as one array a row: by numpy, at the edges, and when they do not fit."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from headway.contracts import CHUNK, ROW, TARGET, WEIGHT, Column, Dataset, Recipe, Schema, Target, feeds, run_chunked
from headway.errors import DataError
from headway.plugins import load
from headway.testing import FeaturesSuite, StageSuite
from headway_tabular.tensor import Tensor

SHAPE = (2, 3, 5)
NAMES = tuple(f"px{i}" for i in range(30))


def images(rows=40, **columns):
    """Rows of 30 pixels from 0 to 255, some missing, and a label."""
    random = np.random.default_rng(0)
    pixels = {name: random.integers(0, 256, rows).astype(float) for name in NAMES}
    pixels["px7"][::5] = np.nan
    frame = pl.DataFrame(pixels | {"label": random.integers(0, 3, rows)} | columns).fill_nan(None)
    return frame.with_columns(pl.int_range(rows, dtype=pl.Int64).alias(ROW))


def dataset(frame=None, **schema):
    frame = images() if frame is None else frame
    more = [Column(name, "categorical", "String") for name in frame.columns if name not in (*NAMES, "label", ROW)]
    columns = (*(Column(name, "numeric", "Float64") for name in NAMES), *more, Column("label", "integer", "Int64"))
    described = Schema(columns, (Target("label", "classification", (0, 1, 2)),), **schema)
    half = frame.height // 2
    splits = {"train": frame.lazy().head(half), "validation": frame.lazy().tail(frame.height - half)}
    return Dataset(described, splits, Recipe())


@pytest.fixture
def stack(make_context):
    def run(data=None, **fields):
        return Tensor(**({"shape": SHAPE} | fields)).run(make_context(), dataset() if data is None else data)

    return run


class TestTensor(StageSuite):
    @pytest.fixture
    def stage(self):
        return Tensor

    @pytest.fixture
    def values(self):
        return {"shape": (1, 8, 8)}


class TestTensorsFeatures(FeaturesSuite):
    @pytest.fixture
    def artifact(self, stack, data):
        return stack(data, scale=255.0)

    @pytest.fixture
    def data(self):
        return dataset()


def test_the_columns_fill_the_array_in_their_order_the_last_axis_fastest(stack):
    given = stack(scale=255.0, fill=51.0).source("validation").batch()
    rows = images().tail(20)
    wanted = rows.select(NAMES).fill_null(51.0).to_numpy() / 255
    np.testing.assert_array_equal(given["tensor"], wanted.astype(np.float32).reshape(-1, *SHAPE))
    assert given[TARGET].tolist() == rows["label"].to_list()


@pytest.mark.parametrize("value", [None, np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_filled(stack, value):
    features = stack(fill=4.0, scale=2.0)
    rows = images(1).with_columns(pl.lit(value, pl.Float64).alias("px0"))
    given = features.graph.open(load().registry).run(feeds(rows, features.columns))
    assert given["tensor"][0, 0, 0, 0] == 2.0


def test_whatever_comes_in_what_goes_out_is_finite(stack):
    features = stack(scale=1e-3)
    rows = images(4).with_columns(px1=pl.Series([1e300, -1e300, 3.5e38, 5e-324]))
    given = features.graph.open(load().registry).run(feeds(rows, features.columns))["tensor"]
    assert np.isfinite(given).all()


@pytest.mark.parametrize("rows", [0, 1, CHUNK + 3])
def test_any_number_of_rows_will_do(stack, rows):
    features = stack()
    many = images(max(rows, 1)).head(rows)
    given = run_chunked(features.graph.open(load().registry), feeds(many, features.columns))["tensor"]
    assert given.shape == (rows, *SHAPE)
    np.testing.assert_array_equal(
        given.reshape(rows, 30), many.select(NAMES).fill_null(0).to_numpy().astype(np.float32)
    )


def test_selectors_choose_columns_and_one_axis_keeps_their_names(stack):
    (spec,) = stack(shape=(10,), only=("px2?",)).arrays
    assert spec.shape == (10,)
    assert spec.columns == tuple(f"px{i}" for i in range(20, 30))


def test_a_column_may_have_the_name_of_the_array(stack):
    data = dataset()
    names = {"px0": "tensor", "px1": "output", "px2": "joined"}
    columns = tuple(replace(column, name=names.get(column.name, column.name)) for column in data.schema.columns)
    renamed = replace(data, schema=replace(data.schema, columns=columns),
                      splits={name: frame.rename(names) for name, frame in data.splits.items()})  # fmt: skip
    given, plain = (stack(each).source("train").batch() for each in (renamed, data))
    np.testing.assert_array_equal(given["tensor_"], plain["tensor"])


def test_weights_and_the_augmentation_come_along(stack):
    features = stack(dataset(images().rename({"px29": "w"}).with_columns(w=2.0, px29=0.0), weight="w"),
                     augmentation={"shift": {"by": 2}})  # fmt: skip
    assert features.augmentation == {"use": "shift", "by": 2}
    assert features.augment(load().registry).by == 2
    assert (features.source("train").batch()[WEIGHT] == 2).all()


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (
            {"shape": (1, 5, 5)},
            r"\[1, 5, 5\] has 25 places, there are 30 columns of numbers \(px0, px1",
        ),
        ({"only": ("px1*",)}, "has 30 places, there are 11"),
        ({"only": ("word", "px*")}, "features.only: 'word' is categorical, no number"),
        ({"only": ("label",)}, "features.only: 'label' is the target"),
        ({"only": ("pixel*",)}, "no column has a name like 'pixel"),
    ],
)
def test_columns_that_do_not_fit_are_told(stack, fields, what):
    with pytest.raises(DataError, match=what):
        stack(dataset(images(word=["x"] * 40)), **fields)


def test_graphs_are_the_same_bytes_and_know_the_scale(stack):
    assert stack().graph.digest == stack().graph.digest != stack(scale=2.0).graph.digest
