"""The contracts hold for hand-made artifacts: the suites that plugins inherit, on the core's own types."""

import dataclasses

import polars as pl
import pytest
from headway.contracts import ROW, Check, Figure, Measurement, Predictions, Report, Table, tabulate
from headway.testing import (
    DatasetSuite,
    FeaturesSuite,
    ModelSuite,
    PredictionsSuite,
    PredictorSuite,
    ReportSuite,
    tiny_dataset,
)


class TestDataset(DatasetSuite):
    @pytest.fixture
    def artifact(self, dataset):
        return dataset


class TestRegressionDataset(DatasetSuite):
    @pytest.fixture
    def artifact(self):
        return tiny_dataset(50, task="regression")


class _OnToyRuntime:
    @pytest.fixture
    def registry(self, names):
        return names


class TestFeatures(_OnToyRuntime, FeaturesSuite):
    @pytest.fixture
    def artifact(self, features):
        return features

    @pytest.fixture
    def data(self, dataset):
        return dataset


class TestModel(_OnToyRuntime, ModelSuite):
    @pytest.fixture
    def artifact(self, model):
        return model

    # JSON of class names and tolerances only; the toy's weights are a list of numbers.


class TestPredictor(_OnToyRuntime, PredictorSuite):
    @pytest.fixture
    def artifact(self, predictor):
        return predictor


@pytest.fixture
def predictions(dataset, predictor, names):
    frame = dataset.split("test").collect()
    outputs = tabulate(predictor.outputs, predictor.open(names)(frame))
    known = frame.select(ROW, pl.lit("test").alias("split"), pl.col("income").alias("target"))
    return Predictions(pl.concat([known, outputs], how="horizontal"), dataset.schema.target, predictor.outputs,
                       predictor.digest)  # fmt: skip


class TestPredictions(PredictionsSuite):
    @pytest.fixture
    def artifact(self, predictions):
        return predictions


class TestReport(ReportSuite):
    @pytest.fixture
    def artifact(self, report):
        return report


@pytest.fixture
def report(predictor, predictions):
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'
    return Report(
        "Toy", predictor.digest, 0.95, "none", (Measurement("auroc", "test", 0.7, 0.6, 0.8, 24),),
        "<!doctype html><title>Toy</title><p>AUROC ≥ 0.6", (Table("Rows", ("split", "rows"), (("test", 24),)),),
        (Figure("Nothing", "An empty picture.", svg),), (Check("better", "passed", "0.1"),), {"model": predictions},
    )  # fmt: skip


def test_only_a_failed_gate_fails_a_report(report):
    def verdicts(*checks):
        return dataclasses.replace(report, checks=checks).passed

    assert verdicts(Check("a", "failed", ""), Check("b", "passed", "", gate=True), Check("c", "warned", "", gate=True))
    assert not verdicts(Check("a", "passed", ""), Check("b", "failed", "", gate=True))
