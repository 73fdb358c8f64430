"""The page on sweeps: what it searches is searched, on few rows and small networks; the rest is resolved."""

import json
import re
import shlex
import shutil

import polars as pl
import pytest
from headway.plugins import load
from headway.session import Session
from headway_optuna.command import ACTIONS
from headway_optuna.resolving import asked
from headway_optuna.sweeping import dry_run

from tests.docs.test_docs import ROOT, blocks
from tests.integration.conftest import Project

PAGE = "docs/sweeps.md"
TEXT = (ROOT / PAGE).read_text()
FIRST = ("sweep", "experiment=adult", "sweep=mlp", "sweep.trials=20")
SMALL = """\
data: {path: small.parquet}
model: {trainer: {max_epochs: 1}}
evaluation: {resamples: 100}
runner: {isolate: false}
"""


def commands(page=PAGE):
    lines = [shlex.split(line, comments=True) for block in blocks(page, "console") for line in block.splitlines()]
    return [tuple(words[2:]) for words in lines if words[:2] == ["$", "headway"]]


def searches(page=PAGE):
    """The words of everything that is searched."""
    found = [words[1:] for words in commands(page) if words[0] == "sweep" and words[1] not in ACTIONS]
    return list(dict.fromkeys(tuple(word for word in words if word != "--dry-run") for words in found))


def write(folder):
    """The repository's configs, and the page's plugins and experiment."""
    shutil.copytree(ROOT / "configs", folder / "configs")
    (folder / "plugins").mkdir()
    for name, code in zip(("wide", "mixed"), blocks(PAGE, "python"), strict=True):
        (folder / "plugins" / f"{name}.py").write_text(code)
    for name, text in zip(("models",), blocks(PAGE, "yaml"), strict=True):
        (folder / "configs" / "experiment" / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("whole"))
    return Session(folder, load(folder))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The same with few rows of the sample and one epoch."""
    folder = write(tmp_path_factory.mktemp("small"))
    rows = pl.read_parquet(next((ROOT / "plugins").rglob("adult.parquet"))).head(800)
    rows.write_parquet(folder / "small.parquet")
    experiment = folder / "configs" / "experiment" / "adult.yaml"
    experiment.write_text(re.sub(r"baselines: .*", "baselines: []", experiment.read_text()) + SMALL)
    return Project(folder)


@pytest.fixture(scope="module")
def first(project):
    """The first sweep, as it is typed."""
    done = project.headway(*FIRST, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    return done


def test_the_first_sweep_is_the_readmes():
    assert FIRST in commands()
    assert FIRST in commands("README.md")


@pytest.mark.parametrize("words", [*searches(), ("experiment=models",)], ids=" ".join)
def test_what_is_searched_is_understood(session, capsys, words):
    assert dry_run(words, session) == 0
    assert "optimize validation." in capsys.readouterr().out


def test_every_action_is_shown():
    shown = {words[1] for words in commands() if words[0] == "sweep"}
    assert set(ACTIONS) <= shown


def test_the_page_names_every_option_sampler_and_pruner():
    options = (path.stem for path in (ROOT / "plugins").glob("*/src/*/conf/sweep/*.yaml"))
    registry = load().registry
    for name in (*options, *registry.names("sampler"), *registry.names("pruner")):
        assert f"`{name}`" in TEXT, name


GRAMMAR = [
    ("choice(64, 128)", "choice of 2: 64, 128"),
    ("64, 128", "choice of 2: 64, 128"),
    ("choice([64], [64, 32])", "choice of 2: [64], [64, 32]"),
    ("choice(null, {sgd: {momentum: 0.9}})", "choice of 2: null, {sgd: {momentum: 0.9}}"),
    ("choice('1', \"a, b\")", "choice of 2: '1', 'a, b'"),
    ("interval(0, 1)", "float 0 … 1"),
    ("int(interval(1, 8))", "int 1 … 8"),
    ("range(1, 8)", "int 1 … 7"),
    ("range(5)", "int 0 … 4"),
    ("range(8, 0, -2)", "int 2 … 8 by 2"),
    ("range(0, 0.5, 0.1)", "float 0 … 0.4 by 0.1"),
    ("tag(log, interval(1e-4, 1e-2))", "float 0.0001 … 0.01, log"),
    ("tag(log, int(interval(1, 512)))", "int 1 … 512, log"),
    ("mlp, resnet", "choice of 2: mlp, resnet"),
    ("glob(*boost*)", "choice of 1: boosted"),
    ("glob(*, exclude=[linear, cnn])", "choice of 3: boosted, mlp, resnet"),
]


@pytest.mark.parametrize(("text", "found"), GRAMMAR)
def test_the_grammar_means_what_the_page_says(text, found):
    from headway.sweeping import read_text
    from headway_optuna.space.grammar import meaning
    from headway_optuna.space.resolving import resolved

    assert f"`{text}`" in TEXT
    options = ["boosted", "cnn", "linear", "mlp", "resnet"] if "mlp" in found or "boost" in found else None
    distribution, _ = resolved(meaning(read_text(text)), options)
    assert str(distribution) == found


def test_the_first_sweep_ends_with_the_best_in_full(first):
    assert re.search(r"trials +\d+ complete", first.stdout)
    assert "finished       20/20" in first.stdout
    assert "package" in first.stdout


def test_what_is_said_of_studies_works(project, first):
    after = [words for words in commands() if words[0] != "sweep" or words[1] in ACTIONS]
    ending = [words for words in after if words[1] in ("stop", "remove")]
    for words in [each for each in after if each not in ending]:
        done = project.headway(*words)
        assert done.returncode == 0, (words, done.stderr)
        if "json" in words:
            assert json.loads(done.stdout)["finished"] == 20
    assert (project.folder / "studies.db").exists()
    assert project.headway(*FIRST).returncode == 0, "nothing is left to do"
    stop, remove = (project.headway(*words) for words in ending)
    assert "nobody works at study adult" in stop.stderr
    assert remove.returncode == 0


def test_models_samplers_and_pruners_of_ones_own_search(project, session):
    words = ("experiment=adult", "model=wide", "sweep.space=default", "sweep.trials=4", "sweep.final=false")
    own = ("sweep.sampler.mixed.popsize=4", "sweep.pruner=patient", "sweep.name=own", "model.optimizer=adam,sgd")
    search = asked([*words, *own], session).search
    assert (search.sampler.name, search.pruner.name) == ("mixed", "patient")
    done = project.headway("sweep", *words, *own, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert "sampler        mixed (popsize 4)" in done.stdout
    again = project.headway("sweep", *words, *own, "sweep.trials=6", OMP_NUM_THREADS="1")
    assert "finished       6/6" in again.stdout, again.stderr
