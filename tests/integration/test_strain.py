"""Two kinds of data that are no tables, through all stages: the contracts under strain."""

import importlib
import os
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from headway.contracts import TARGET, Dataset, Features, Predictor, Report
from headway.plugins import load
from headway.testing import (
    DatasetSuite,
    FeaturesSuite,
    ModelSuite,
    PredictionsSuite,
    PredictorSuite,
    ReportSuite,
    StageSuite,
)

from tests.integration.conftest import Project
from tests.integration.strain.forecasting import series
from tests.integration.strain.text import grammar

STRAIN = Path(__file__).parent / "strain"


def project(folder, kind, name, rows):
    """A project of one plugin and one experiment, with its rows; its experiment has been run."""
    for path in (f"plugins/{name}.py", f"configs/experiment/{name}.yaml"):
        (folder / path).parent.mkdir(parents=True)
        shutil.copy(STRAIN / kind / Path(path).name, folder / path)
    rows.write(folder / f"{name}.csv")
    made = Project(folder)
    done = made.headway("run", f"experiment={name}")
    assert done.returncode == 0, done.stderr
    return made, done


@pytest.fixture(scope="module")
def sms(tmp_path_factory):
    return project(tmp_path_factory.mktemp("text"), "text", "sms", grammar)


@pytest.fixture(scope="module")
def forecast(tmp_path_factory):
    return project(tmp_path_factory.mktemp("forecasting"), "forecasting", "load", series)


def figures(done):
    """What the run printed: metric to a list, the model's first."""
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("test.")]
    return {name: [float(value) for value in values] for name, *values in lines}


def stored(made, kind, stage, name="latest"):
    """An artifact of a run, and the registry of the project."""
    registry = load(made.folder).registry
    return kind.load(made.folder / ".headway" / "runs" / name / stage, registry), registry


def judged(made):
    """What the evaluation kept of the test rows."""
    report, _ = stored(made, Report, "evaluation")
    return report.predictions["model"].frame.filter(split="test")


def score(made, rows, folder, *, project=True):
    """`headway predict` in another folder, in a process of its own."""
    package = (made.folder / ".headway" / "runs" / "latest" / "deployment").resolve()
    rows.write_csv(folder / "rows.csv")
    words = ("--project", str(made.folder)) if project else ()
    return Project(folder).headway(*words, "predict", str(package), "rows.csv", "scored.parquet")


def scored(made, rows, folder):
    done = score(made, rows, folder)
    assert done.returncode == 0, done.stderr
    return pl.read_parquet(folder / "scored.parquet")


@pytest.mark.parametrize(("name", "stages"), [("sms", 8), ("forecast", 10)])
def test_a_second_run_is_cached_whole_and_planned_so(request, name, stages):
    made, first = request.getfixturevalue(name)
    word = next((made.folder / "configs" / "experiment").iterdir()).stem
    again = made.headway("run", f"experiment={word}")
    assert again.stderr.count("cached") == stages
    assert "done in" not in again.stderr
    assert figures(again) == figures(first)
    assert f"0 of {stages} stages would run" in made.headway("plan", f"experiment={word}").stdout


@pytest.mark.parametrize("path", ["text/sms.yaml", "forecasting/load.yaml"])
def test_the_experiments_are_short(path):
    assert len((STRAIN / path).read_text().splitlines()) <= 15


@pytest.mark.parametrize("path", ["text/sms.py", "forecasting/load.py"])
def test_the_plugins_use_the_public_surface_only(path):
    used = set(re.findall(r"^\s*(?:from|import) (headway[\w.]*)", (STRAIN / path).read_text(), re.MULTILINE))
    assert used <= {"headway", "headway.contracts", "headway.errors", "headway.fields", "headway.metrics"}


# Text


def test_the_text_model_is_better_than_the_majority(sms):
    found = figures(sms[1])
    model, majority = found["test.auroc"]
    assert majority == 0.5
    assert model > 0.9
    # Naive Bayes is sure of itself even when it errs: its probabilities may lose where its decisions win.
    assert found["test.accuracy"][0] > found["test.accuracy"][1]


def test_the_shipped_report_tells_of_the_text_model(sms):
    html = stored(sms[0], Report, "evaluation")[0].html
    assert html.lower().startswith("<!doctype html>")
    assert "Classification of label" in html
    assert "ngrams, then onnx" in html


def test_the_package_scores_texts_as_the_evaluation_did_bit_for_bit(sms, tmp_path):
    made, _ = sms
    known = judged(made)
    given = pl.read_csv(made.folder / "sms.csv")[known["__row__"]].drop("label")
    assert given["text"].null_count() > 0
    found = scored(made, given, tmp_path)
    for column in ("probability[ham]", "probability[spam]"):
        assert found[column].equals(known[column])


def test_texts_as_people_write_them_are_scored(sms, tmp_path):
    texts = ["", None, "xyzzy plugh", "😀☕", 'a "quoted", text\nof two lines', "URGENT! claim a prize, call 777 now",
             "ＵＲＧＥＮＴ！ ｃｌａｉｍ ａ ｐｒｉｚｅ,　ｃａｌｌ ７７７ ｎｏｗ", "e\u0301te\u0301 ß İ",
             "coffee " * 5000]  # fmt: skip
    found = scored(sms[0], pl.DataFrame({"text": texts}), tmp_path)["probability[spam]"].to_list()
    assert all(0 <= value <= 1 for value in found)
    assert found[0] == found[1], "an empty text is a missing one"
    assert found[5] == found[6], "full-width letters are letters"
    assert found[5] > 0.9
    assert found[8] < 0.1


def test_without_the_plugin_the_error_names_the_runtime_and_where_it_comes_from(sms, tmp_path):
    done = score(sms[0], pl.DataFrame({"text": ["call now"]}), tmp_path, project=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "error[package-runtime]: package 'sms' needs a runtime that is not here" in done.stderr
    assert "'ngrams', which comes from plugins/sms.py of the project that made it" in done.stderr
    assert not (tmp_path / "scored.parquet").exists()


class OfText:
    """The artifacts of the text project's run."""

    stage, kind = "", None

    @pytest.fixture
    def artifact(self, sms, registry):
        kind = self.kind or registry.get("artifact", "bayes")
        return kind.load(sms[0].folder / ".headway" / "runs" / "latest" / self.stage, registry)

    @pytest.fixture
    def registry(self, sms):
        return load(sms[0].folder).registry

    @pytest.fixture
    def data(self, sms):
        return stored(sms[0], Dataset, "data")[0]


class TestTextDataset(OfText, DatasetSuite):
    stage, kind = "data", Dataset

    def test_text_stays_text(self, artifact):
        assert artifact.schema.column("text").kind == "text"


class TestTextFeatures(OfText, FeaturesSuite):
    stage, kind = "features", Features


class TestTextModel(OfText, ModelSuite):
    stage = "model"

    @pytest.fixture
    def batch(self, artifact):
        shape = (51, *artifact.inputs[0].shape)
        return {"counts": np.random.default_rng(0).poisson(0.1, shape).astype(np.float32)}


class TestTextPredictor(OfText, PredictorSuite):
    stage, kind = "export", Predictor

    @pytest.fixture
    def rows(self, data):
        odd = pl.DataFrame({"text": ["", None, "never seen before", "\N{SNOWMAN}", "x" * 1000]})
        return pl.concat([data.split("test").select("text").collect().head(40), odd])


class TestTextReport(OfText, ReportSuite):
    stage, kind = "evaluation", Report


# Forecasting


def test_the_linear_forecast_beats_the_naive_ones_by_a_quarter(forecast):
    found = figures(forecast[1])
    for model, naive, seasonal in found.values():
        assert model < 0.75 * seasonal
        assert seasonal < 0.5 * naive


def test_errors_grow_with_the_steps_ahead_and_the_quantiles_hold_what_they_say(forecast):
    report, _ = stored(forecast[0], Report, "evaluation")
    table = next(table for table in report.tables if table.title.startswith("mae"))
    assert [row[0] for row in table.rows] == list(range(1, 13))
    assert table.columns[1:] == ("model", "naive", "seasonal")
    assert table.rows[0][1] < table.rows[-1][1]
    kept = report.predictions["model"]
    truth, quantiles = kept.frame["target"].to_numpy(), kept.output("quantiles")
    assert truth.shape == (len(kept.frame), 12)
    assert quantiles.shape == (len(kept.frame), 12, 2)
    held = (quantiles[..., 0] <= truth) & (truth <= quantiles[..., 1])
    assert 0.7 < held.mean() < 0.9


def test_the_package_forecasts_as_the_evaluation_did_bit_for_bit_and_the_next_window_too(forecast, tmp_path):
    made, _ = forecast
    known = judged(made)
    whole = pl.read_csv(made.folder / "load.csv")
    first = known["__row__"][0]
    given = whole[first - 47 :]
    found = scored(made, given, tmp_path)
    assert found.columns == [f"forecast[{n}]" for n in range(1, 13)] + [
        f"quantiles[{n},{level}]" for n in range(1, 13) for level in (0.1, 0.9)
    ]
    assert len(found) == len(given)
    same = found[(known["__row__"] - first + 47).to_list()]
    assert same.equals(known.select(found.columns))
    ahead = found[-1].select(pl.col("^forecast.*$")).to_numpy()[0]
    day_before = whole["load"].to_numpy()[-24:-12]
    assert np.abs(ahead - day_before).mean() < 15


def test_training_windows_are_changed_by_the_augmentation_and_no_others(forecast, tmp_path):
    made, _ = forecast
    features, registry = stored(made, Features, "features")
    batch = features.source("train").batch(slice(0, 64))
    changed = features.augment(registry)(batch, np.random.default_rng(0))
    assert np.abs(changed["window"] - batch["window"]).mean() == pytest.approx(0.4, rel=0.1)
    np.testing.assert_array_equal(changed[TARGET], batch[TARGET])
    done = made.headway("run", "experiment=load", "features.jitter=0", HEADWAY_STORE=str(tmp_path))
    assert done.returncode == 0, done.stderr
    with_it, without = weights(made.folder / ".headway"), weights(tmp_path)
    assert with_it["model"] != without["model"]
    assert with_it["model[naive]"] == without["model[naive]"]
    assert figures(done)["test.mae"][1:] == figures(forecast[1])["test.mae"][1:]


def weights(store):
    folders = (store / "runs" / "latest").glob("model*")
    return {path.name: (path / "weights.safetensors").read_bytes() for path in folders}


class OfForecast:
    """The artifacts of the forecasting project's run."""

    stage, kind = "", None

    @pytest.fixture
    def artifact(self, forecast, registry):
        kind = self.kind or registry.get("artifact", "window_model")
        return kind.load(forecast[0].folder / ".headway" / "runs" / "latest" / self.stage, registry)

    @pytest.fixture
    def registry(self, forecast):
        return load(forecast[0].folder).registry

    @pytest.fixture
    def data(self, forecast):
        return stored(forecast[0], Dataset, "data")[0]


class TestSeriesDataset(OfForecast, DatasetSuite):
    stage, kind = "data", Dataset

    def test_the_splits_follow_one_another_in_time(self, artifact):
        ends = [artifact.split(name).select(pl.col("time").min().alias("a"), pl.col("time").max().alias("z")).collect()
                for name in ("train", "validation", "test")]  # fmt: skip
        times = [row for frame in ends for row in frame.row(0)]
        assert times == sorted(times)


class TestWindowFeatures(OfForecast, FeaturesSuite):
    stage, kind = "features", Features


class TestWindowModel(OfForecast, ModelSuite):
    stage = "model"


class TestForecastPredictor(OfForecast, PredictorSuite):
    stage, kind = "export", Predictor

    @pytest.fixture
    def rows(self, data):
        return data.split("test").select("load").collect().head(60)


class TestForecastReport(OfForecast, ReportSuite):
    stage, kind = "evaluation", Report


class TestForecastPredictions(OfForecast, PredictionsSuite):
    stage, kind = "evaluation", Report

    @pytest.fixture
    def artifact(self, forecast):
        return stored(forecast[0], Report, "evaluation")[0].predictions["model"]


# The stages themselves

REQUIRED = {"Series": {"path": "load.csv", "target": "load"}}


@pytest.mark.parametrize(
    "name",
    ["text.sms.Ngrams", "text.sms.NaiveBayes", "forecasting.load.Series", "forecasting.load.Windows",
     "forecasting.load.Autoregression", "forecasting.load.SeasonalNaive", "forecasting.load.Forecast"],
)  # fmt: skip
class TestStages(StageSuite):
    @pytest.fixture
    def stage(self, name, monkeypatch):
        folder, module, cls = name.split(".")
        monkeypatch.syspath_prepend(STRAIN / folder)
        monkeypatch.setenv("PYTHONPATH", f"{STRAIN / folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        return getattr(importlib.import_module(module), cls)

    @pytest.fixture
    def values(self, name):
        return REQUIRED.get(name.rpartition(".")[2], {})
