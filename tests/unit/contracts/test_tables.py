"""The boundary between tables and arrays, and what its errors say."""

import json
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from headway.contracts import (
    CHUNK,
    MISSING,
    ROW,
    Column,
    Dataset,
    NullValues,
    Output,
    Predictions,
    Recipe,
    Runtime,
    Schema,
    Source,
    Target,
    View,
    canonical_json,
    conform,
    digest_of,
    feeds,
    output_columns,
    run_chunked,
    tabulate,
)
from headway.errors import DataError
from hypothesis import given
from hypothesis import strategies as st

COLUMNS = (
    Column("age", "integer", "Int64"),
    Column("work", "categorical", "String"),
    Column("ok", "boolean", "Boolean"),
)


def test_all_faults_of_columns_are_told_at_once():
    with pytest.raises(DataError) as caught:
        conform(pl.DataFrame({"age": ["30", "x", "y"], "ok": [True, None, False]}), COLUMNS)
    message = caught.value.what
    assert "column 'age' must be Int64: 2 value(s) are not, such as 'x'" in message
    assert "column 'work' (categorical) is missing" in message


def test_conform_casts_and_orders():
    frame = conform(pl.DataFrame({"ok": [True], "other": [1], "work": ["a"], "age": ["41"]}), COLUMNS)
    assert frame.schema == {"age": pl.Int64, "work": pl.String, "ok": pl.Boolean}
    assert frame.row(0) == (41, "a", True)


def test_feeds_are_float64_and_strings_with_stand_ins_for_missing():
    frame = pl.DataFrame({"age": [1, None], "work": [None, "a"], "ok": [True, None]})
    given_arrays = feeds(frame, COLUMNS)
    np.testing.assert_array_equal(given_arrays["age"], [1.0, np.nan])
    np.testing.assert_array_equal(given_arrays["ok"], [1.0, np.nan])
    assert given_arrays["work"].dtype == object
    assert given_arrays["work"].tolist() == [MISSING, "a"]


def test_timestamps_are_microseconds_since_1970():
    column = Column("at", "timestamp", "Datetime")
    given_arrays = feeds(pl.DataFrame({"at": [datetime(1969, 12, 31, 23, 59, 59), None]}), (column,))
    assert given_arrays["at"].tolist() == [-1_000_000, np.iinfo(np.int64).min]


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_exact_or_refused(value):
    frame = pl.DataFrame({"age": [value]}, schema={"age": pl.Int64})
    if abs(value) <= 2**53:
        assert int(feeds(frame, COLUMNS[:1])["age"][0]) == value
    else:
        with pytest.raises(DataError, match="2\\^53"):
            feeds(frame, COLUMNS[:1])


@given(st.lists(st.one_of(st.none(), st.sampled_from(["?", " ? ", "", "NA", " a", "a "]))))
def test_null_values_are_read_after_trimming_in_every_string_column(values):
    frame = pl.DataFrame({"s": values, "n": range(len(values))}, schema={"s": pl.String, "n": pl.Int64})
    found = Recipe((NullValues(("?", "NA")),)).apply(frame.lazy()).collect()
    assert found["s"].to_list() == [None if v is None or v.strip() in ("", "?", "NA") else v.strip() for v in values]
    assert found["n"].equals(frame["n"])


def test_outputs_become_columns_and_arrays_again():
    probability = Output("probability", "probability", classes=("no", "yes"))
    value = Output("value", "value")
    arrays = {"probability": np.float32([[0.25, 0.75], [0.5, 0.5]]), "value": np.float32([3, 4])}
    frame = tabulate((probability, value), arrays)
    assert frame.columns == ["probability[no]", "probability[yes]", "value"]
    predictions = Predictions(frame, None, (probability, value), "0" * 64)
    np.testing.assert_array_equal(predictions.output("probability"), arrays["probability"])
    np.testing.assert_array_equal(predictions.output("value"), arrays["value"])


@pytest.mark.parametrize(
    ("output", "columns"),
    [
        (Output("y", "value"), ["y"]),
        (Output("y", "label", classes=("a", "b")), ["y"]),
        (Output("y", "quantile", levels=(0.1, 0.9)), ["y[0.1]", "y[0.9]"]),
        (Output("y", "value", horizon=2), ["y[1]", "y[2]"]),
        (Output("y", "quantile", levels=(0.5,), horizon=2), ["y[1,0.5]", "y[2,0.5]"]),
    ],
)
def test_every_kind_of_output_has_columns(output, columns):
    assert output_columns(output) == columns


def test_a_source_gives_batches_and_windows():
    base = np.arange(10.0)
    source = Source(
        {"series": base, "start": np.array([3, 5]), "target": np.array([0, 1])},
        2,
        {"window": View("series", "start", (-2, -1, 0))},
    )
    assert len(source) == 2
    assert set(source.names) == {"target", "window"}
    np.testing.assert_array_equal(source.batch()["window"], [[1, 2, 3], [3, 4, 5]])
    np.testing.assert_array_equal(source.batch([1])["window"], [[3, 4, 5]])
    np.testing.assert_array_equal(source.batch(slice(0, 1))["target"], [0])


class _Doubler(Runtime):
    seen: list

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        assert len(feeds["x"]) <= CHUNK
        return {"y": feeds["x"] * 2}


@pytest.mark.parametrize("rows", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_chunks_are_joined_in_order(rows):
    x = np.arange(rows)
    np.testing.assert_array_equal(run_chunked(_Doubler(), {"x": x})["y"], x * 2)


def test_json_is_canonical_and_refuses_nan():
    assert canonical_json({"b": (1, 2), "a": COLUMNS[0]}) == canonical_json({"a": COLUMNS[0], "b": [1, 2]})
    assert json.loads(canonical_json(Target("y", "classification", ("a",))))["classes"] == ["a"]
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digests_keep_parts_apart(first, second):
    assert (digest_of(*first) == digest_of(*second)) == (first == second)


def test_unknown_names_answer_with_the_nearest():
    schema = Schema(COLUMNS, (Target("ok", "classification", (False, True)),))
    with pytest.raises(DataError, match="did you mean 'age'"):
        schema.column("agee")
    data = Dataset(schema, {"train": pl.LazyFrame({ROW: [0]})})
    with pytest.raises(DataError, match="did you mean 'train'"):
        data.split("trian")


def test_inputs_are_the_columns_without_a_role():
    columns = (*COLUMNS, Column("id", "identifier", "String"), Column("w", "numeric", "Float64"))
    schema = Schema(columns, (Target("ok", "classification"),), weight="w", sensitive=("work",))
    assert [column.name for column in schema.inputs] == ["age", "work"]
    assert schema.target.column == "ok"


def test_columns_known_too_late_are_no_inputs():
    schema = Schema(COLUMNS, (Target("ok", "classification"),), late=("age",))
    assert "age" not in {column.name for column in schema.inputs}
    assert "age" in schema.by_name


@pytest.mark.parametrize("targets", [(), (Target("age", "regression"), Target("ok", "classification"))])
def test_one_target_is_needed(targets):
    with pytest.raises(DataError, match=f"the data have {len(targets)}"):
        _ = Schema(COLUMNS, targets).target
