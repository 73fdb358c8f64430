"""A package on a runtime of a dozen lines, so that deployment is tested without any other plugin."""

import gzip
import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from headway.contracts import (
    Check,
    Graph,
    Measurement,
    NullValues,
    Output,
    Predictor,
    Recipe,
    Report,
    Runtime,
)
from headway.plugins import load
from headway.testing import tiny_dataset
from headway_deployment.package import Package


@dataclass(frozen=True)
class Sum(Runtime):
    """The probability rises with age, hours and a master's degree; missing numbers count as 40."""

    scale: float

    @classmethod
    def load(cls, files, lookup):
        return cls(json.loads(files["scale.json"]))

    def run(self, feeds):
        numbers = np.nan_to_num(feeds["age"], nan=40.0) + np.nan_to_num(feeds["hours"], nan=40.0) - 80
        logit = self.scale * numbers + (feeds["education"] == "master") + (feeds["work"] == "public") / 8
        high = (1 / (1 + np.exp(-logit.astype(np.float64)))).astype(np.float32)
        return {"probability": np.stack([1 - high, high], axis=1)}


class Registry:
    """The installed plugins' names, and the toy runtime."""

    def __init__(self):
        self.installed = load().registry

    def get(self, kind, name):
        return Sum if (kind, name) == ("runtime", "sum") else self.installed.get(kind, name)


@pytest.fixture(scope="session")
def names():
    return Registry()


@pytest.fixture(scope="session")
def dataset():
    return tiny_dataset(200)


@pytest.fixture(scope="session")
def predictor(dataset):
    columns = tuple(dataset.schema.column(name) for name in ("age", "hours", "work", "education"))
    outputs = (Output("probability", "probability", ("<=50K", ">50K")),)
    evidence = {"runtime": {"name": "sum", "sumlib": "1.2.3", "providers": ["CPU"]}}
    graph = Graph("sum", {"scale.json": b"0.05"})
    return Predictor(columns, Recipe((NullValues(("?",)),)), outputs, graph, evidence)


@pytest.fixture(scope="session")
def report(predictor):
    return Report(
        "Income", predictor.digest, 0.95, "none", (Measurement("auroc", "test", 0.7, 0.6, 0.8, 40),),
        "<!doctype html><title>Income</title>", checks=(Check("test.auroc >= 0.5", "passed", "0.7", gate=True),),
    )  # fmt: skip


@pytest.fixture(scope="session")
def package(dataset, predictor, report):
    return Package("income", dataset.schema, predictor, report, {"runtime": "sum", "sumlib": "1.2.3"},
                   {"sum": "headway-sum"})  # fmt: skip


@pytest.fixture
def saved(package, tmp_path):
    folder = tmp_path / "package"
    folder.mkdir()
    package.save(folder)
    return folder


@pytest.fixture
def session(names):
    """The part of the command line's session that the command needs."""
    from pathlib import Path

    return SimpleNamespace(plugins=SimpleNamespace(registry=names), project=None, resolve=Path)


@pytest.fixture(scope="module")
def table(dataset):
    return dataset.split("train").collect().drop("__row__")


@pytest.fixture
def write(tmp_path, table):
    """Writes a table in a format and gives the path."""

    def to(suffix, frame=table):
        path = tmp_path / f"rows{suffix}"
        if suffix == ".parquet":
            frame.write_parquet(path)
        elif ".jsonl" in suffix:
            path.write_bytes(_packed(suffix, frame.write_ndjson().encode()))
        else:
            text = frame.write_csv(separator="\t" if "tsv" in suffix else ",")
            path.write_bytes(_packed(suffix, text.encode()))
        return path

    return to


def _packed(suffix, content):
    return gzip.compress(content) if suffix.endswith(".gz") else content
