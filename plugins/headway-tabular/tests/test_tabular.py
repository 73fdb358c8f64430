import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from headway.contracts import CHUNK, MISSING, TARGET, WEIGHT, feeds
from headway.plugins import load
from headway.testing import FeaturesSuite, Recorder, StageSuite, make_context, tiny_dataset
from headway_tabular.tabular import Tabular
from hypothesis import given
from hypothesis import strategies as st

DERIVE = {"rate": "gain / hours", "old": "age >= 65", "both": "old and gain > 0"}


@pytest.fixture(scope="module")
def census():
    return tiny_dataset()


@pytest.fixture(scope="module")
def features(census, tmp_path_factory):
    context = make_context(tmp_path_factory.mktemp("work"), load().registry, name="features", recorder=Recorder())
    return Tabular(derive=DERIVE).run(context, census)


@pytest.fixture(scope="module")
def runtime(features):
    return features.graph.open(load().registry)


class TestTabular(StageSuite):
    @pytest.fixture
    def stage(self):
        return Tabular


class TestTabularsFeatures(FeaturesSuite):
    @pytest.fixture
    def artifact(self, features):
        return features

    @pytest.fixture
    def data(self, census):
        return census


def arrays(features):
    return {spec.name: spec for spec in features.arrays}


def test_the_arrays_are_named_by_their_columns(features):
    numeric = arrays(features)["numeric"].columns
    assert numeric[:4] == ("age", "hours", "gain", "member")
    assert numeric[-2:] == ("hours_missing", "rate_missing")
    assert {"rate", "old", "both"} <= set(numeric)
    assert "age_missing" not in numeric
    assert arrays(features)["categorical"].columns == ("work", "education")


def reference(frame, train):
    """The same features by polars, column by column."""
    derived = {
        "rate": pl.col("gain") / pl.col("hours"),
        "old": (pl.col("age") >= 65).cast(pl.Float64),
    }
    derived["both"] = ((pl.col("age") >= 65) & (pl.col("gain") > 0)).cast(pl.Float64)
    wanted = {}
    for name in ("age", "hours", "gain", "member", *derived):
        expression = derived.get(name, pl.col(name)).cast(pl.Float64)
        rows, fitted = (f.select(expression.alias("x"))["x"] for f in (frame, train))
        rows, fitted = (x.set(x.is_infinite() | x.is_nan(), None) for x in (rows, fitted))
        fill = fitted.median()
        filled = fitted.fill_null(fill)
        scale = filled.std(ddof=0) or 1.0
        wanted[name] = ((rows.fill_null(fill) - filled.mean()) / scale).to_numpy()
        wanted[f"{name}_missing"] = rows.is_null().to_numpy().astype(float)
    return wanted


def test_a_column_may_have_the_name_of_an_array(make_context):
    names = {"age": "numeric", "hours": "numeric_", "work": "categorical"}
    data = tiny_dataset(200)
    columns = tuple(replace(column, name=names.get(column.name, column.name)) for column in data.schema.columns)
    splits = {name: frame.rename(names) for name, frame in data.splits.items()}
    renamed = replace(data, schema=replace(data.schema, columns=columns), splits=splits)
    chain = {"columns": {"work": ["target_mean"], "kind:categorical": ["vocabulary"]}}
    plain, found = (
        Tabular(**chain),
        Tabular(columns={"categorical": ["target_mean"], "kind:categorical": ["vocabulary"]}),
    )
    wanted = {name: np.array(array) for name, array in plain.run(make_context(), data).sources["train"].arrays.items()}
    got = found.run(make_context(), renamed).sources["train"].arrays
    assert np.array_equal(got["numeric__"], wanted["numeric"])
    assert np.array_equal(got["categorical_"], wanted["categorical"])


def test_numbers_agree_with_polars(features, census):
    train = census.split("train").collect()
    columns = arrays(features)["numeric"].columns
    for split in ("train", "test"):
        wanted = reference(census.split(split).collect(), train)
        got = features.source(split).batch()["numeric"]
        for position, name in enumerate(columns):
            np.testing.assert_allclose(got[:, position], wanted[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_codes_agree_with_polars_exactly(features, census):
    train, test = census.split("train").collect(), census.split("test").collect()
    spec = arrays(features)["categorical"]
    for position, name in enumerate(spec.columns):
        words = train[name].drop_nulls().unique().sort().to_list()
        words += [MISSING] if train[name].null_count() else []
        code = {word: i for i, word in enumerate(words)}
        wanted = [code.get(MISSING if word is None else word, len(words)) for word in test[name]]
        assert features.source("test").batch()["categorical"][:, position].tolist() == wanted
        assert spec.cardinalities[position] == len(words) + 1


EXTREME = st.one_of(
    st.none(), st.floats(), st.sampled_from([np.inf, -np.inf, 1e300, -1e300, 5e-324, 65.0, np.nextafter(65, 0)])
)


@given(
    st.lists(st.tuples(EXTREME, EXTREME, EXTREME, st.one_of(st.none(), st.text(max_size=5))), min_size=1, max_size=5)
)
def test_whatever_comes_in_what_goes_out_is_finite_and_in_range(features, runtime, rows):
    age, hours, gain, work = (list(column) for column in zip(*rows, strict=True))
    frame = pl.DataFrame(
        {"age": age, "hours": hours, "gain": gain, "member": [None] * len(rows), "work": work, "education": work},
        schema_overrides={"age": pl.Float64, "hours": pl.Float64, "gain": pl.Float64, "member": pl.Boolean,
                          "work": pl.String, "education": pl.String},
    )  # fmt: skip
    given_arrays = feeds(frame, features.columns)
    out = runtime.run(given_arrays)
    assert np.isfinite(out["numeric"]).all()
    assert (out["categorical"] >= 0).all()
    assert (out["categorical"] < np.array(arrays(features)["categorical"].cardinalities)).all()


def test_a_bin_edge_and_its_neighbours_are_told_apart(features, runtime, census):
    ages = np.array([65.0, np.nextafter(65, 0), np.nextafter(65, 100)])
    frame = census.split("test").collect().head(3)
    given_arrays = feeds(frame, features.columns) | {"age": ages}
    old = runtime.run(given_arrays)["numeric"][:, arrays(features)["numeric"].columns.index("old")]
    assert old[0] == old[2] != old[1]


def test_targets_and_weights_come_along(census, make_context):
    schema = replace(census.schema, weight="gain")
    features = Tabular().run(make_context(), replace(census, schema=schema))
    batch = features.source("train").batch()
    train = census.split("train").collect()
    assert batch[TARGET].tolist() == [census.schema.target.classes.index(v) for v in train["income"]]
    assert batch[WEIGHT].dtype == np.float32
    assert "gain" not in arrays(features)["numeric"].columns


def test_more_rows_than_a_chunk_are_transformed_alike(features, runtime, census):
    from headway.contracts import run_chunked

    frame = census.split("train").collect()
    many = pl.concat([frame] * (CHUNK // frame.height + 2))
    got = run_chunked(runtime, feeds(many, features.columns))["numeric"]
    np.testing.assert_array_equal(got[: frame.height], features.source("train").batch()["numeric"])


def test_rare_strings_count_as_unseen(census, features, make_context):
    few = Tabular(columns={"kind:categorical": ({"vocabulary": {"min_frequency": 30}},)}).run(make_context(), census)
    many = features
    assert arrays(few)["categorical"].cardinalities[0] < arrays(many)["categorical"].cardinalities[0]


def test_dropped_columns_still_serve_derived_ones(census, make_context):
    features = Tabular(derive={"double": "gain * 2"}, drop=("gain", "work")).run(make_context(), census)
    assert "gain" not in arrays(features)["numeric"].columns
    assert "double" in arrays(features)["numeric"].columns
    assert {column.name for column in features.columns} == {"age", "hours", "gain", "member", "education"}


def test_only_numbers_or_only_strings_will_do(census, make_context):
    strings, numbers = ("work", "education"), [c.name for c in census.schema.inputs if c.kind != "categorical"]
    assert set(arrays(Tabular(drop=strings).run(make_context(), census))) == {"numeric"}
    assert set(arrays(Tabular(drop=tuple(numbers)).run(make_context(), census))) == {"categorical"}


DIGEST = """
import json, sys, tempfile
from pathlib import Path
from headway.plugins import load
from headway.testing import Recorder, make_context, tiny_dataset
from headway_tabular.tabular import Tabular
context = make_context(Path(tempfile.mkdtemp()), load().registry, name="features", recorder=Recorder())
print(Tabular(derive=json.loads(sys.argv[1])).run(context, tiny_dataset()).graph.digest)
"""


def test_another_process_gives_the_same_bytes(features):
    command = [sys.executable, "-W", "ignore", "-c", DIGEST, json.dumps(DERIVE)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == features.graph.digest
