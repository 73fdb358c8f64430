"""Numbers as targets, predicted as values and as quantiles, with weights: all stages, the package and `predict`."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from headway.contracts import Predictor, Report
from headway.metrics import Pinball, Rmse
from headway.plugins import load
from headway.testing import PredictorSuite, ReportSuite, tiny_table

from tests.integration.conftest import Project

HOME = Path(__file__).parent / "quantiles"


@pytest.fixture(scope="module")
def table():
    return tiny_table(900).drop("income").with_columns(w=pl.when(pl.col("member")).then(3.0).otherwise(1.0))


@pytest.fixture(scope="module")
def made(tmp_path_factory, table):
    folder = tmp_path_factory.mktemp("bands")
    for source, target in (("bands.py", "plugins"), ("bands.yaml", "configs/experiment")):
        (folder / target).mkdir(parents=True)
        shutil.copy(HOME / source, folder / target / source)
    table.write_csv(folder / "rows.csv")
    return Project(folder)


@pytest.fixture(scope="module")
def bands(made):
    return ran(made)


@pytest.fixture(scope="module")
def values(made):
    return ran(made, "model=linear", "evaluation=regression", "baselines=[majority]", "name=values")


def ran(made, *words):
    """A run's folder."""
    done = made.headway("run", "experiment=bands", *words)
    assert done.returncode == 0, done.stderr
    return (made.folder / ".headway" / "runs" / "latest").resolve()


def report_of(run):
    return Report.load(run / "evaluation", load(run.parents[2]).registry)


def predicted(made, run, tmp_path):
    """What `headway predict` makes of the test rows, and those rows."""
    test = report_of(run).predictions["model"].frame.filter(split="test")
    rows = pl.read_csv(made.folder / "rows.csv")[test["__row__"].to_list()].drop("spending", "w")
    rows.write_csv(tmp_path / "given.csv")
    done = Project(tmp_path).headway("predict", str(run / "deployment"), "given.csv", "scored.parquet")
    assert done.returncode == 0, done.stderr
    return pl.read_parquet(tmp_path / "scored.parquet"), test


def test_quantiles_are_served_as_they_were_evaluated(made, bands, tmp_path):
    scored, judged = predicted(made, bands, tmp_path)
    columns = [f"quantiles[{level}]" for level in (0.1, 0.25, 0.5, 0.75, 0.9)]
    assert scored.select(columns).equals(judged.select(columns))
    assert set(scored.select(columns).dtypes) == {pl.Float32}


def test_values_are_served_as_they_were_evaluated(made, values, tmp_path):
    scored, judged = predicted(made, values, tmp_path)
    assert scored["value"].equals(judged["value"])


def test_metrics_honour_weights(bands, values):
    for run, metric, column in ((bands, Pinball((0.1, 0.25, 0.5, 0.75, 0.9)), "pinball"), (values, Rmse(), "rmse")):
        report = report_of(run)
        kept = report.predictions["model"]
        test = kept.frame.filter(split="test")
        output = kept.output(kept.outputs[0].name)[(kept.frame["split"] == "test").to_numpy()]
        target, weight = test["target"].to_numpy(), test["weight"].to_numpy()
        found = next(m for m in report.measurements if (m.metric, m.split, m.model) == (column, "test", "model"))
        assert found.value == pytest.approx(metric(target, output, weight))
        assert found.value != pytest.approx(metric(target, output))


def test_both_models_are_better_than_those_that_see_no_column(bands, values):
    for run in (bands, values):
        check = report_of(run).checks[0]
        assert check.verdict == "passed", check


class TestBandPredictor(PredictorSuite):
    @pytest.fixture
    def registry(self, bands):
        return load(bands.parents[2]).registry

    @pytest.fixture
    def artifact(self, bands, registry):
        return Predictor.load(bands / "export", registry)


class TestBandReport(ReportSuite):
    @pytest.fixture
    def registry(self, bands):
        return load(bands.parents[2]).registry

    @pytest.fixture
    def artifact(self, bands):
        return report_of(bands)
