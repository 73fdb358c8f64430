"""Baselines of the past: columns that `data.windows` make, through the whole pipeline and `predict`."""

import json

import numpy as np
import polars as pl
import pytest

from tests.integration.conftest import Project

DATA = """
use: table
path: hours.csv
time: at
target: {target}
windows:
  day_ago: {{take: last, of: {target}, delay: 23h59m, over: 1m}}
  before: {{take: last, of: {target}}}
drop: [{other}]
split: {{by: time}}
"""
EXPERIMENT = """
# @package _global_
defaults: [override /data: {data}, override /features: tabular, override /model: seasonal_naive, _self_]
name: {data}
features:
  columns: {{'kind:numeric': [impute]}}
pipeline: [data, features, model, export]
"""


def hours(count):
    """A load that has days, with an hour of validation left out, and whether it rose."""
    random = np.random.default_rng(0)
    load = 100 + 30 * np.sin(np.arange(count + 1) / 24 * 2 * np.pi) + random.normal(size=count + 1) * 5
    state = np.where(np.diff(load) > 0, "up", "down")
    at = pl.select(pl.datetime(2024, 1, 1) + pl.duration(hours=pl.int_range(count))).to_series()
    frame = pl.DataFrame({"at": at, "load": load[1:], "state": state})
    return frame.filter(pl.int_range(count) != 500)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("past")
    for name in ("configs/data", "configs/experiment"):
        (folder / name).mkdir(parents=True)
    hours(800).write_csv(folder / "hours.csv")
    for name, target, other in (("load", "load", "state"), ("state", "state", "")):
        (folder / f"configs/data/{name}.yaml").write_text(DATA.format(target=target, other=other))
        (folder / f"configs/experiment/{name}.yaml").write_text(EXPERIMENT.format(data=name))
    return Project(folder)


def metrics_of(project, name):
    (run,) = [r for r in json.loads(project.headway("runs", "list", "--format", "json").stdout) if r["name"] == name]
    return run["metrics"]


def test_a_value_of_a_day_ago_is_a_baseline_in_the_targets_unit(project):
    done = project.headway(
        "run", "experiment=load", "model.column=day_ago", "baselines=[{previous: {column: before}}, quantile]"
    )
    assert done.returncode == 0, done.stderr
    found = metrics_of(project, "load")
    frame = hours(800)
    day = frame.join(frame.select(pl.col("at") + pl.duration(hours=24), ago="load"), on="at", how="left")
    rows = day.with_columns(before=pl.col("load").shift(1)).slice(round(len(frame) * 0.6), round(len(frame) * 0.2))
    median = day.head(round(len(frame) * 0.6))["ago"].median()
    assert rows["ago"].null_count() == 1
    off = (rows["load"] - rows["ago"].fill_null(median)).abs().mean()
    assert found["model.validation.mae"] == pytest.approx(off, rel=1e-5)


def test_no_change_is_a_baseline_of_classes_and_is_scored_after_its_history(project):
    whole = "pipeline=[data,features,model,export,evaluation,deployment]"
    words = ("model=previous", "model.column=before", whole, "evaluation=classification", "baselines=[majority]")
    done = project.headway("run", "experiment=state", *words)
    assert done.returncode == 0, done.stderr
    frame = hours(800)
    kept = (frame["state"] == frame["state"].shift(1)).tail(160).mean()
    assert metrics_of(project, "state")["evaluation.test.accuracy"] == pytest.approx(kept, abs=1e-9)
    frame.head(790).write_csv(project.folder / "history.csv")
    frame.tail(9).write_csv(project.folder / "next.csv")
    scored = project.headway("predict", "latest", "next.csv", "scored.csv", "--table", "history=history.csv")
    assert scored.returncode == 0, scored.stderr
    given = pl.read_csv(project.folder / "scored.csv")
    assert given["label"].to_list() == frame["state"].shift(1).tail(9).to_list()
