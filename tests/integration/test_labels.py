"""Labels, any number of which a row may have: all stages, the package and `predict`."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from headway.contracts import Dataset, Features, Predictor, Report
from headway.plugins import load
from headway.testing import DatasetSuite, FeaturesSuite, PredictionsSuite, PredictorSuite, ReportSuite, tiny_table

from tests.integration.conftest import Project

HOME = Path(__file__).parent / "labels"
NAMES = ["old", "rich", "member"]


def table():
    """Rows of which all labels are known; what they are made of can be guessed from the other columns."""
    known = tiny_table(600).drop("income").filter(pl.all_horizontal(pl.col("age", "gain", "member").is_not_null()))
    noise = np.random.default_rng(0).normal(size=(len(known), 2))
    return known.with_columns(
        member=pl.col("hours").fill_null(40) + 6 * noise[:, 0] > 40,
        years=pl.col("age") + 8 * noise[:, 1],
        w=pl.when(pl.col("age") > 30).then(3.0).otherwise(1.0),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    (folder / "configs" / "experiment").mkdir(parents=True)
    shutil.copy(HOME / "labels.yaml", folder / "configs" / "experiment")
    table().write_csv(folder / "rows.csv")
    return Project(folder)


@pytest.fixture(scope="module")
def run(made):
    """A run's folder."""
    done = made.headway("run", "experiment=labels")
    assert done.returncode == 0, done.stderr
    return (made.folder / ".headway" / "runs" / "latest").resolve()


@pytest.fixture(scope="module")
def lookup():
    return load().registry


@pytest.fixture(scope="module")
def report(run, lookup):
    return Report.load(run / "evaluation", lookup)


def test_rows_are_served_as_they_were_evaluated_without_any_label(made, run, report, tmp_path):
    test = report.predictions["model"].frame.filter(split="test")
    rows = pl.read_csv(made.folder / "rows.csv")[test["__row__"].to_list()].drop("age", "gain", "member", "w")
    rows.write_csv(tmp_path / "given.csv")
    done = Project(tmp_path).headway("predict", str(run / "deployment"), "given.csv", "scored.parquet")
    assert done.returncode == 0, done.stderr
    scored = pl.read_parquet(tmp_path / "scored.parquet")
    assert scored.columns == [f"probability[{name}]" for name in NAMES]
    assert scored.equals(test.select(scored.columns))


def test_the_network_is_better_than_the_shares_of_labels(report):
    assert [check.verdict for check in report.checks] == ["passed"]


class TestLabelsData(DatasetSuite):
    @pytest.fixture
    def artifact(self, run, lookup):
        return Dataset.load(run / "data", lookup)


class TestLabelsFeatures(FeaturesSuite):
    @pytest.fixture
    def data(self, run, lookup):
        return Dataset.load(run / "data", lookup)

    @pytest.fixture
    def artifact(self, run, lookup):
        return Features.load(run / "features", lookup)


class TestLabelsPredictor(PredictorSuite):
    @pytest.fixture
    def artifact(self, run, lookup):
        return Predictor.load(run / "export", lookup)


class TestLabelsPredictions(PredictionsSuite):
    @pytest.fixture
    def artifact(self, report):
        return report.predictions["model"]


class TestLabelsReport(ReportSuite):
    @pytest.fixture
    def artifact(self, report):
        return report
