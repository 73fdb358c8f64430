"""Rows that are steps in time, scored over batches."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from headway.contracts import Graph, NullValues, Output, Predictor, Recipe, Runtime
from headway_deployment import reading
from headway_deployment.prediction import predict


def read(path):
    return {".csv": pl.read_csv, ".jsonl": pl.read_ndjson, ".parquet": pl.read_parquet}[path.suffix](path)


@dataclass(frozen=True)
class Shares(Runtime):
    """The share of a row's age in the sum of the ages in its window; ages that are missing count as 40."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        window = np.nan_to_num(feeds["age"], nan=40.0)
        share = window[:, -1] / window.sum(axis=1)
        return {"share": np.stack([share, 1 - share], axis=1).astype(np.float32)}


class WithShares:
    def get(self, kind, name):
        return Shares


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_history_reaches_over_the_batches_of_a_file(dataset, table, write, tmp_path, monkeypatch, batch, suffix):
    column = replace(dataset.schema.column("age"), history=5)
    outputs = (Output("share", "value", horizon=2),)
    forecaster = Predictor((column,), Recipe((NullValues(("?",)),)), outputs, Graph("shares", {}))
    monkeypatch.setattr(reading, "BATCH", batch)
    frame = table.select(pl.when(pl.int_range(pl.len()) % 7 == 3).then(None).otherwise("age").alias("age"), "work")
    predict(forecaster, WithShares(), write(suffix, frame), tmp_path / "scored.parquet", ("work",))
    found = read(tmp_path / "scored.parquet")
    expected = forecaster.open(WithShares())(frame)["share"]
    assert found.columns == ["work", "share[1]", "share[2]"]
    np.testing.assert_array_equal(found.select("share[1]", "share[2]").to_numpy(), expected)
