"""What the documentation shows is tried: its code, its commands, its links."""

import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from headway.cli.main import CORE
from headway.plugins import load

from tests.integration.conftest import Project

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "plugins").glob("*/README.md")])


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def adult(tmp_path_factory):
    """A project with this repository's configs."""
    folder = tmp_path_factory.mktemp("adult")
    shutil.copytree(ROOT / "configs", folder / "configs")
    (folder / "plugins").mkdir()
    return Project(folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_the_readme_names_every_command():
    text = (ROOT / "README.md").read_text()
    for name in (*CORE, *load().registry.names("command")):
        assert f"`{name}`" in text, name


def test_the_readmes_own_stage_is_run_scored_and_packaged(adult):
    (code,) = blocks("README.md", "python")
    assert code == blocks("docs/write-a-stage.md", "python")[0]
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    (adult.folder / "plugins" / "my_model.py").write_text(code)
    words = ("model=wide", "model.width=16", "model.trainer.max_epochs=2", "baselines=[majority]")
    done = adult.headway("run", "experiment=adult", *words)
    assert done.returncode == 0, done.stderr
    figures = dict(line.split()[:2] for line in done.stdout.splitlines() if line.startswith("test."))
    assert float(figures["test.auroc"]) > 0.85
    rows = pl.read_parquet(next((ROOT / "plugins").rglob("adult.parquet"))).drop("income").head(100)
    rows.write_csv(adult.folder / "people.csv")
    scored = adult.headway("predict", "latest", "people.csv", "scored.parquet")
    assert scored.returncode == 0, scored.stderr
    table = pl.read_parquet(adult.folder / "scored.parquet")
    assert table.height == 100
    assert table["probability[>50K]"].is_between(0, 1).all()


def test_a_stage_of_ones_own_stands_in_the_pipeline(adult):
    (adult.folder / "plugins" / "fewer.py").write_text(blocks("docs/write-a-stage.md", "python")[1])
    (adult.folder / "configs" / "experiment" / "fewer.yaml").write_text(blocks("docs/write-a-stage.md", "yaml")[0])
    plan = adult.headway("plan", "experiment=fewer", "fewer.rows=500")
    assert plan.returncode == 0, plan.stderr
    running = [line.split()[0] for line in plan.stdout.splitlines() if "run — " in line]
    assert running[running.index("fewer") :][:3] == ["fewer", "features", "model"]


def test_the_suite_shown_to_authors_passes(adult, tmp_path):
    """The conformance test of the documentation, run by pytest on the documentation's stage."""
    import subprocess
    import sys

    stage, test = blocks("docs/write-a-stage.md", "python")[1:3]
    (tmp_path / "first_rows.py").write_text(stage)
    (tmp_path / "test_first_rows.py").write_text("from first_rows import FirstRows\n" + test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
