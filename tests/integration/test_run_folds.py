"""`headway run --folds`, and what plan and check make of it, as a user types it."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.integration.conftest import Project

CONFIG = """# @package _global_
defaults:
  - override /data: numbers
  - override /evaluation: slope
name: folded
pipeline: [data, evaluation]
"""


@pytest.fixture
def folded(tmp_path):
    (tmp_path / "configs" / "experiment").mkdir(parents=True)
    (tmp_path / "configs" / "experiment" / "folded.yaml").write_text(CONFIG)
    (tmp_path / "plugins").mkdir()
    shutil.copy(Path(__file__).parent / "folds" / "folding.py", tmp_path / "plugins" / "folding.py")
    return Project(tmp_path)


def tables(text):
    """The tables of an output: title or first column → rows of cells."""
    blocks = [[line.split() for line in block.splitlines()] for block in text.strip().split("\n\n")]
    return {block[0][0]: block[1:] for block in blocks}


def test_every_fold_is_run_and_their_test_rows_are_put_together(folded):
    done = folded.headway("run", "experiment=folded", "--folds", "5")
    assert done.returncode == 0, done.stderr
    found = tables(done.stdout)
    assert [row[:2] for row in found["data.split.fold"]] == [[str(fold), "done"] for fold in range(5)]
    paths = (folded.folder / ".headway" / "runs").glob("2*/evaluation/predictions/model/predictions.parquet")
    rows = pl.concat([pl.read_parquet(path) for path in paths])
    assert sorted(rows["__row__"]) == list(range(30))
    accuracy = ((rows["probability[yes]"] > 0.5) == (rows["target"] == "yes")).mean()
    yes, no = (rows.filter(target=name)["probability[yes]"] for name in ("yes", "no"))
    wins = sum((a > b) + (a == b) / 2 for a in yes for b in no) / len(yes) / len(no)
    assert found["pooled:"] == [
        ["folds", "rows", "test.accuracy", "test.auroc"],
        ["5", "30", f"{accuracy:.4f}", f"{wins:.4f}"],
    ]
    assert found["mean"][0] == ["folds", "test.accuracy"]


def test_folds_are_variants_like_others_and_share_with_a_grid_that_says_the_same(folded):
    first = folded.headway("run", "experiment=folded", "evaluation.sharpness=1,2", "--folds", "3")
    assert first.returncode == 0, first.stderr
    assert [row[:3] for row in tables(first.stdout)["pooled:"][1:]] == [["1", "3", "30"], ["2", "3", "30"]]
    assert len(folded.computed()) == 6
    grid = ("evaluation.sharpness=1,2", "data.split.folds=3", "data.split.fold=range(3)")
    again = folded.headway("run", "-m", "experiment=folded", *grid)
    assert tables(again.stdout)["pooled:"] == tables(first.stdout)["pooled:"]
    assert len(folded.computed()) == 6


def test_the_plan_of_folds_is_one_graph_with_what_is_cached_and_why_the_rest_runs(folded):
    assert folded.headway("run", "experiment=folded", "--folds", "2").returncode == 0
    done = folded.headway("plan", "experiment=folded", "--folds", "2", "evaluation.sharpness=1,2", "--format", "json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    verdicts = {(stage["name"], tuple(stage["experiments"])): stage["verdict"] for stage in plan["stages"]}
    assert verdicts == {
        ("data", (0, 2)): "cached",
        ("data", (1, 3)): "cached",
        ("evaluation", (0,)): "cached",
        ("evaluation", (1,)): "cached",
        ("evaluation", (2,)): "run",
        ("evaluation", (3,)): "run",
    }
    whys = [[reason["text"] for reason in stage["reasons"]] for stage in plan["stages"] if stage["verdict"] == "run"]
    assert all("evaluation.sharpness 1.0 → 2.0 (command line)" in why for why in whys)
    assert len(folded.computed()) == 2


def test_what_folds_alone_show_is_found_by_check_once(folded):
    done = folded.headway("check", "experiment=folded", "--folds", "3")
    assert done.stdout == "folded: no faults  (data=numbers → evaluation=slope), 3 times\n"
    limit = "fold: Annotated[int, annotated_types.Lt(2)] = 0"
    folded.edit("plugins/folding.py", "fold: int = 0", limit)
    folded.edit(
        "plugins/folding.py", "import os\n", "import os\nimport annotated_types\nfrom typing import Annotated\n"
    )
    done = folded.headway("check", "experiment=folded", "--folds", "3")
    assert done.returncode == 2
    assert "data.split.fold is 2" in done.stderr
    assert done.stderr.endswith("1 fault in the config\n")
    assert folded.headway("check", "experiment=folded").returncode == 0


@pytest.mark.parametrize("command", ["run", "plan", "check"])
@pytest.mark.parametrize(("folds", "part"), [("1", "needs two folds or more"), ("many", "--folds")])
def test_what_is_no_number_of_folds_is_refused(folded, command, folds, part):
    done = folded.headway(command, "experiment=folded", "--folds", folds)
    assert done.returncode == 2
    assert part in done.stderr


@pytest.mark.parametrize("command", ["run", "plan", "check"])
def test_data_that_have_no_folds_say_so(folded, command):
    folded.edit("plugins/folding.py", "    split: Split =", "    divided: Split =")
    done = folded.headway(command, "experiment=folded", "--folds", "3")
    assert done.returncode == 2
    assert "unknown key" in done.stderr
    assert "data.split.folds=3" in done.stderr
