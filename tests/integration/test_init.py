"""`headway init`, `completion` and `plugins doctor`, as a new user types them."""

import json
import subprocess
from dataclasses import replace

import polars as pl
import pytest

COLOURS, ANSWERS = ("blue", "red", "red"), ("no", "yes")
ROWS = [f"{20 + n % 40},{COLOURS[n % 3]},{ANSWERS[n % 2]}" for n in range(200)]


@pytest.fixture
def empty(toy, tmp_path_factory):
    """A folder outside any project, with a table."""
    folder = tmp_path_factory.mktemp("somewhere")
    (folder / "rows of mine.csv").write_text("\n".join(["age,colour,bought", *ROWS]) + "\n")
    return replace(toy, folder=folder)


def test_a_new_project_has_a_faultless_experiment_and_says_what_to_type(empty):
    done = empty.headway("init", "shop")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("next: cd shop && headway run experiment=shop\n")
    project = replace(empty, folder=empty.folder / "shop")
    assert project.headway("check", "experiment=shop").returncode == 0
    assert project.headway("check", "experiment=shop", "model=wide", "model.width=8").returncode == 0
    assert "experiment=shop" in (project.folder / "README.md").read_text()
    assert (project.folder / ".gitignore").read_text() == ".headway/\n"


def test_a_table_of_ones_own_runs_to_a_report_and_scores_rows(empty):
    done = empty.headway("init", "shop", "--data", "rows of mine.csv", "--target", "bought")
    assert done.returncode == 0, done.stderr
    project = replace(empty, folder=empty.folder / "shop")
    ran = project.headway("run", "experiment=shop", "model=linear", "baselines=[majority]")
    assert ran.returncode == 0, ran.stderr
    assert "report.html" in ran.stdout
    scored = project.headway("predict", "latest", "../rows of mine.csv", "scored.csv")
    assert scored.returncode == 0, scored.stderr
    assert pl.read_csv(project.folder / "scored.csv").height == 200


def test_a_target_of_numbers_is_evaluated_as_such(empty):
    assert empty.headway("init", "ages", "--data", "rows of mine.csv", "--target", "age").returncode == 0
    experiment = (empty.folder / "ages" / "configs" / "experiment" / "ages.yaml").read_text()
    assert "override /evaluation: classification" in experiment  # 40 whole numbers may be classes
    pl.DataFrame({"colour": COLOURS * 60, "paid": [n / 7 for n in range(180)]}).write_csv(empty.folder / "paid.csv")
    assert empty.headway("init", "shop", "--data", "paid.csv", "--target", "paid").returncode == 0
    project = replace(empty, folder=empty.folder / "shop")
    ran = project.headway("run", "experiment=shop", "model=linear", "baselines=[majority]")
    assert ran.returncode == 0, ran.stderr
    assert "test.rmse" in ran.stdout


def test_a_table_inside_the_project_is_written_relative_to_it(empty):
    assert empty.headway("init", "--name", "shop", "--data", "rows of mine.csv", "--target", "bought").returncode == 0
    assert "\npath: rows of mine.csv\n" in (empty.folder / "configs" / "data" / "shop.yaml").read_text()


def test_nothing_that_is_there_is_overwritten(empty):
    (empty.folder / "README.md").write_text("mine")
    first = empty.headway("init", "--name", "one")
    assert "kept README.md" in first.stdout
    assert (empty.folder / "README.md").read_text() == "mine"
    again = empty.headway("init", "--name", "one")
    assert again.returncode == 2
    assert "has an experiment 'one' already; nothing was written" in again.stderr
    assert empty.headway("init", "--name", "two").returncode == 0


def test_the_command_in_the_file_of_the_data_explains_them(empty):
    empty.headway("init", "shop", "--data", "rows of mine.csv", "--target", "bought")
    project = replace(empty, folder=empty.folder / "shop")
    first = (project.folder / "configs" / "data" / "shop.yaml").read_text().splitlines()[0]
    words = first.removeprefix("# headway ").split("    ")[0].split()
    assert project.headway(*words).returncode == 0


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--data", "rows of mine.csv", "--target", "boght"], ["unknown column 'boght'", "'bought'"]),
        (["--data", "x.csv", "--target", "bought"], ["there is no file x.csv", "looked for"]),
        (["--data", "rows of mime.csv", "--target", "bought"], ["did you mean rows of mine.csv?"]),
        (["--data", "rows of mine.csv"], ["--data and --target belong together"]),
    ],
)
def test_a_mistake_writes_nothing(empty, words, parts):
    done = empty.headway("init", "shop", *words)
    assert done.returncode == 2
    for part in parts:
        assert part in done.stderr
    assert not (empty.folder / "shop").exists()


def complete(project, line, shell="zsh", **environment):
    done = project.headway("__complete", shell, line, XDG_CACHE_HOME=str(project.folder / "cache"), **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("headway ru", ["run ", "runs "]),
        ("headway plan expe", ["experiment="]),
        ("headway plan experiment=", ["experiment=toy "]),
        ("headway run experiment=toy model.p", ["model.power="]),
        ("headway run model=crash model.", ["model.how="]),
        ("headway run model=cou", ["model=count "]),
        ("headway run -m model=count,cr", ["model=count,crash "]),
        ("headway run +model@other=count other.po", ["other.power="]),
        ("headway run runner.isolate=", ["runner.isolate=false ", "runner.isolate=true "]),
        ("headway run experiment=toy --to m", ["model "]),
        ("headway run --keep", ["--keep-going "]),
        ("headway runs sh", ["show "]),
        ("headway runs show lat", ["latest "]),
        ("headway runs show toy", ["toy@latest "]),
        ("headway run experiment=nothing_like_it nope.", []),
    ],
)
def test_completion_answers(ran, line, answers):
    assert complete(ran, line) == answers


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    from tests.integration.conftest import write_toy

    project = write_toy(tmp_path_factory.mktemp("toy"))
    assert project.headway("run", "experiment=toy").returncode == 0
    return project


def test_bash_gets_what_follows_the_equals_sign(ran):
    assert complete(ran, "headway run model=cou", "bash") == ["count "]


def test_bash_completes_with_the_script(ran, tmp_path):
    import shlex
    import sys

    tool = tmp_path / "headway"
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m headway.cli.main "$@"\n')
    tool.chmod(0o755)
    script = (
        f'PATH={tmp_path}:$PATH; eval "$(headway completion bash)"; COMP_LINE="headway run experiment=t"; '
        'COMP_POINT=${#COMP_LINE}; _headway; printf "%s|" "${COMPREPLY[@]}"'
    )
    environment = ran.environment({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    done = subprocess.run(["bash", "-c", script], cwd=ran.folder, env=environment, capture_output=True, text=True)
    assert done.stdout == "toy |", done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(ran, shell):
    assert "__complete" in ran.headway("completion", shell).stdout


def test_the_index_notices_what_is_new(toy):
    assert complete(toy, "headway run experiment=") == ["experiment=toy "]
    (toy.folder / "configs" / "experiment" / "other.yaml").write_text("# @package _global_\n")
    assert complete(toy, "headway run experiment=") == ["experiment=other ", "experiment=toy "]
    toy.edit("plugins/toy.py", "power: int = 1", "power: int = 1\n    powder: int = 1")
    assert complete(toy, "headway run model=count model.pow") == ["model.powder=", "model.power="]


def test_a_warm_answer_loads_no_plugin_and_composes_nothing(ran):
    code = (
        "import json, sys\nfrom headway.cli.main import main\nmain(['__complete', 'bash', 'headway run experiment='])\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    import sys

    environment = ran.environment({"XDG_CACHE_HOME": str(ran.folder / "cache")})
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ran.folder, env=environment, capture_output=True, text=True, check=True
        )
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    assert not modules & {"hydra", "pydantic", "yaml", "pluggy", "headway.plugins", "sqlite3", "headway_tabular"}


def test_the_doctor_finds_nothing_wrong_with_a_sound_project(ran):
    done = ran.headway("plugins", "doctor")
    assert done.returncode == 0, done.stdout
    assert "0 bad, 0 slow" in done.stdout


def test_the_doctor_names_a_broken_plugin_and_a_slow_one(toy):
    (toy.folder / "plugins" / "broken.py").write_text("import nowhere_to_be_found\n")
    (toy.folder / "plugins" / "slow.py").write_text("import numpy\n")
    done = toy.headway("plugins", "doctor")
    assert done.returncode == 1
    lines = {" ".join(line.split()[:3]): line for line in done.stdout.splitlines()}
    assert "nowhere_to_be_found" in lines["bad plugin broken"]
    assert "HEADWAY_BLOCK=broken" in done.stdout
    assert "numpy" in lines["slow plugin slow"]
    assert toy.headway("plugins", "doctor", HEADWAY_BLOCK="broken").returncode == 0
