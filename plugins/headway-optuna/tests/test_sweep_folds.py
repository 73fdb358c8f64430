"""`sweep.folds`: a trial is all its folds, a fold is a step, and the best is run in full without them."""

from statistics import fmean

import pytest
from sweep_toy import SPACE, Here

WORDS = (*SPACE, "sweep.folds=3", "sweep.trials=6", "sweep.seed=2")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    toy = Here(tmp_path_factory.mktemp("folds"))
    toy.done = toy.sweep(*WORDS, "sweep.pruner=none")
    assert toy.done.returncode == 0, toy.done.err
    return toy


def loss(trial, fold):
    x, y, layers = trial.params["model.x"], trial.params["model.y"], trial.params["model.layers"]
    return (x - 1) ** 2 + abs(y - 3) + 0.1 * len(layers) + fold


def test_an_objective_is_the_mean_over_the_folds_and_each_fold_is_a_step(swept):
    for trial in swept.trials:
        folds = [loss(trial, fold) for fold in range(3)]
        assert trial.values == (pytest.approx(fmean(folds)),)
        assert trial.reports == tuple(enumerate(folds, 1))


def test_what_the_folds_share_is_computed_once(swept):
    assert sorted(line for line in swept.computed if line.startswith("data")) == [
        "data 0", "data 1", "data 2", "data None",
    ]  # fmt: skip


def test_the_best_is_run_in_full_without_folds(swept):
    assert swept.computed.count("evaluation") == 1
    (final,) = [event for event in swept.events if event["event"] == "final"]
    shown = swept.headway("runs", "show", final["run"]).out
    best = swept.trials[final["trial"]]
    assert f"{loss(best, 0):.4f}" in shown
    run = swept.headway("run", "--trial", f"toy/{best.number}")
    assert run.returncode == 0, run.err
    assert "fold" not in run.out + run.err
    assert swept.headway("sweep", "best", "toy").returncode == 0
    assert "fold" not in (swept.folder / "configs/experiment/toy_best.yaml").read_text()


def test_a_trial_is_pruned_between_its_folds(swept, tmp_path):
    toy = Here(tmp_path)
    done = toy.sweep(*WORDS, "sweep.pruner={median: {n_startup_trials: 2}}", "sweep.trials=9")
    assert done.returncode == 0, done.err
    pruned = [trial for trial in toy.trials if trial.state == "pruned"]
    assert pruned
    for trial in pruned:
        steps = {line for line in toy.computed if line.startswith(f"step {trial.params['model.x']!r} ")}
        assert steps
        runs = toy.computed.count(f"step {trial.params['model.x']!r} 4")
        assert runs == len(trial.reports) < 3, "folds behind the one that decided are not computed"
    assert toy.trials[0] == swept.trials[0] or toy.trials[0].params == swept.trials[0].params


def test_few_folds_are_told_to_be_too_few_for_a_test(swept):
    done = swept.sweep(*WORDS, "sweep.pruner=wilcoxon", "sweep.name=few", "sweep.trials=1")
    assert done.returncode == 0, done.err
    assert "never stops a trial of 3 folds early" in done.err
    told = swept.headway("sweep", "--dry-run", "experiment=toy", *SPACE, "sweep.pruner=wilcoxon").out
    assert "wilcoxon' compares folds" in told
    enough = swept.headway("sweep", "--dry-run", "experiment=toy", *SPACE, "sweep.pruner=wilcoxon", "sweep.folds=5")
    assert "wilcoxon' " not in enough.out
    assert swept.headway("sweep", "--dry-run", "experiment=toy", *SPACE, "sweep.folds=1").returncode == 2


@pytest.mark.parametrize("word", ["data.split.fold=1", "data.split.folds=4"])
def test_a_fold_beside_all_folds_is_refused(swept, word):
    done = swept.sweep(*WORDS, word, "sweep.name=one")
    assert done.returncode == 2
    assert word.replace("=", " is ") in done.err
    assert f"| {word}" in done.err


def test_a_fold_that_fails_fails_its_trial_and_no_other(tmp_path):
    toy = Here(tmp_path)
    done = toy.sweep(*WORDS, "model.break_at=0.5", "sweep.pruner=none", "sweep.max_failures=50")
    assert done.returncode == 0, done.err
    assert all((trial.state == "failed") == (trial.params["model.x"] > 0.5) for trial in toy.trials)
    assert len([trial for trial in toy.trials if trial.state == "complete"]) == 6
