"""`headway sweep` as it is typed: searching, repeating, extending, and the actions on studies."""

import csv
import json
import re

import optuna
import pytest
from sweep_toy import SPACE, Here

WORDS = (*SPACE, "sweep.trials=6", "sweep.seed=3")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    toy = Here(tmp_path_factory.mktemp("swept"))
    toy.done = toy.sweep(*WORDS)
    assert toy.done.returncode == 0, toy.done.err
    return toy


def test_piped_it_tells_trials_on_one_stream_and_the_result_on_the_other(swept):
    lines = swept.done.err.splitlines()
    assert [line.split()[1] for line in lines if re.match(r"trial \d+  ", line)] == list("012345")
    assert lines[-1].startswith("toy: 6 of 6 trials finished")
    assert "\x1b" not in swept.done.err + swept.done.out
    assert "best: trial" in swept.done.out
    assert (swept.folder / ".headway/studies/toy/report.html").exists()


def test_every_trial_is_a_run_that_is_found_by_its_study(swept):
    listed = swept.headway("runs", "list", "--group", "toy", "--format", "csv", "--sort=created")
    assert listed.returncode == 0, listed.err
    (final,) = [event["trial"] for event in swept.events if event["event"] == "final"]
    trials = [row["trial"] for row in csv.DictReader(listed.out.splitlines())]
    assert trials == [*(f"toy/{number}" for number in range(6)), f"toy/{final} in full"]
    other = swept.headway("runs", "list", "--group", "tol")
    assert other.returncode == 2
    assert "did you mean 'toy'?" in other.err


def test_a_finished_sweep_that_is_repeated_does_nothing(swept):
    events, computed = swept.events, swept.computed
    again = swept.sweep(*WORDS)
    assert again.returncode == 0, again.err
    assert (swept.events, swept.computed) == (events, computed)
    assert swept.sweep(*SPACE, "sweep.trials=3", "sweep.seed=3").returncode == 0, "fewer are there already"
    assert swept.events == events


def test_the_best_configuration_is_run_in_full_once(tmp_path):
    toy = Here(tmp_path)
    assert toy.sweep(*WORDS).returncode == 0
    assert toy.computed.count("evaluation") == 1, "no trial needs it"
    (final,) = [event for event in toy.events if event["event"] == "final"]
    best = min((trial for trial in toy.trials if trial.values), key=lambda trial: trial.values)
    assert final["trial"] == best.number
    assert toy.sweep(*WORDS).returncode == 0
    assert toy.computed.count("evaluation") == 1
    assert toy.sweep(*WORDS, "sweep.name=other", "sweep.final=false").returncode == 0
    assert not [event for event in toy.events_of("other") if event["event"] == "final"]


def test_more_trials_extend_a_study_as_if_they_had_been_asked_for_at_once(swept, tmp_path):
    toy = Here(tmp_path)
    assert toy.sweep(*SPACE, "sweep.trials=4", "sweep.seed=3").returncode == 0
    first = toy.trials
    assert toy.sweep(*WORDS).returncode == 0
    assert toy.trials[:4] == first
    assert [(t.params, t.state, t.values) for t in toy.trials] == [
        (t.params, t.state, t.values) for t in swept.trials_of("toy")
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*SPACE[:2], "model.layers=[1],[3]"), "space.model.layers"),
        ((*SPACE[:2], "model.layers=choice([1])", "features.width=1,2"), "space.features.width: nothing →"),
        (SPACE[:2], "space.model.layers"),
        ((*SPACE, "model.epochs=5"), "config.model.epochs: 4 → 5"),
        ((*SPACE, "sweep.sampler={tpe: {n_startup_trials: 3}}"), "sampler.tpe.n_startup_trials: 10 → 3"),
        ((*SPACE, "sweep.pruner=none"), "pruner.none: nothing →"),
        ((*SPACE, "sweep.optimize={validation.cost: minimize}"), "objectives.validation.cost: nothing → minimize"),
        ((*SPACE, "sweep.seed=4"), "seed: 3 → 4"),
        ((*SPACE, "sweep.folds=3"), "folds: null → 3"),
    ],
)
def test_another_search_under_the_same_name_is_refused_with_the_difference(swept, words, says):
    events = swept.events
    done = swept.sweep("sweep.trials=9", "sweep.seed=3", *words)
    assert done.returncode == 2
    assert says in done.err
    assert "sweep.name=NAME" in done.err
    assert swept.events == events


def test_what_decides_no_result_may_change(swept):
    done = swept.sweep(*WORDS, "sweep.max_failures=3", "sweep.timeout=1h", "sweep.final=true", "trackers={}")
    assert done.returncode == 0, done.err


def test_a_study_of_another_name_takes_what_is_computed_from_the_store(swept):
    computed = len([line for line in swept.computed if line.startswith("step")])
    assert swept.sweep(*WORDS, "sweep.name='öß_日本'").returncode == 0
    assert [trial.values for trial in swept.trials_of("öß_日本")] == [trial.values for trial in swept.trials]
    steps = len([line for line in swept.computed if line.startswith("step")])
    assert steps == computed, "pruned ones are pruned by what they reported, or begin again"


def test_a_dry_run_prints_every_distribution_with_its_origin_and_touches_nothing(tmp_path):
    toy = Here(tmp_path)
    done = toy.headway(
        "sweep", "--dry-run", "experiment=toy", "sweep.space=default", "model.y=tag(log,int(interval(1,8)))"
    )
    assert done.returncode == 0, done.err
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "model.x float -3 … 3 default of model, command line" in lines
    assert any(line.startswith("model.y int 1 … 8, log command line, replaces default of model") for line in lines)
    assert "study toy: 8 trials, 1 at once" in lines
    assert any("floats, though the bounds are integers" in line for line in lines)
    assert not (tmp_path / ".headway" / "studies").exists()
    assert toy.computed == []


def test_what_is_missing_is_told_before_there_is_a_study(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    toy = Here(tmp_path)
    done = toy.sweep(*WORDS, "sweep.workers=2", "sweep.gpus=2")
    assert done.returncode == 2
    assert "each worker is to see 2 GPUs, and there are 0" in done.err
    assert not (tmp_path / ".headway/studies").exists()
    dry = toy.headway("sweep", "--dry-run", "experiment=toy", *WORDS, "sweep.name='hey you'")
    assert dry.returncode == 2
    assert "no name of a study" in dry.err
    assert "sweep.name=NAME" in dry.err


def test_list_show_and_report_tell_of_it(swept):
    listed = swept.headway("sweep", "list")
    assert re.search(r"^toy +finished +6/6", listed.out, re.MULTILINE)
    shown = swept.headway("sweep", "show", "toy", "--all").out
    assert [line.split()[0] for line in shown.splitlines() if re.match(r" +\d+  +(complete|pruned)", line)] == list(
        "012345"
    )
    plain = json.loads(swept.headway("sweep", "show", "toy", "--format", "json").out)
    assert [trial["number"] for trial in plain["trials"]] == list(range(6))
    assert swept.headway("sweep", "report", "toy").out == ".headway/studies/toy/report.html\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "toi"), "did you mean 'toy'"),
        (("show",), "headway sweep show NAME"),
        (("shw", "toy"), "did you mean 'show'"),
        (("export", "toy"), "headway sweep export NAME URL"),
        (("stop", "toy"), "nobody works at study toy"),
        (("best", "../x"), "unknown study"),
    ],
)
def test_slips_of_actions_are_told(swept, words, says):
    done = swept.headway("sweep", *words)
    assert done.returncode == 2
    assert says in done.err


def test_every_trial_is_a_run_and_can_be_run_in_full(swept):
    one, other = swept.trials[0], swept.trials[2]
    diff = swept.headway("runs", "diff", one.runs[-1], other.runs[-1])
    assert diff.returncode == 0, diff.err
    assert "model.x" in diff.out
    shown = swept.headway("runs", "show", one.runs[-1])
    assert re.search(r"^group +toy$", shown.out, re.MULTILINE)
    planned = swept.headway("plan", "--trial", "toy/2")
    assert "1 of 4 stages would run" in planned.out or "0 of 4" in planned.out
    run = swept.headway("run", "--trial", "toy/2")
    assert run.returncode == 0, run.err
    assert f"{other.values[0]:.4f}"[:5] in run.out
    assert "toy/5 is the last" in swept.headway("run", "--trial", "toy/9").err


def test_the_best_is_written_as_an_experiment_that_comes_to_the_same(tmp_path):
    toy = Here(tmp_path)
    done = toy.sweep(*WORDS, "sweep.save_best=true")
    assert "best      configs/experiment/toy_best.yaml" in done.out
    run = toy.headway("run", "experiment=toy_best")
    assert run.returncode == 0, run.err
    assert run.err.count("cached") + run.out.count("cached") >= 4
    assert toy.headway("sweep", "best", "toy").returncode == 0, "the same is written again"


def test_it_is_exported_to_a_storage_of_optuna(swept):
    done = swept.headway("sweep", "export", "toy", "sqlite:///toy.db")
    assert done.returncode == 0, done.err
    storage = f"sqlite:///{swept.folder / 'toy.db'}"
    study = optuna.load_study(study_name="toy", storage=storage)
    assert [trial.params["model.x"] for trial in study.trials] == [trial.params["model.x"] for trial in swept.trials]
    storage_again = swept.headway("sweep", "export", "toy", "sqlite:///toy.db")
    assert storage_again.returncode == 1
    assert "already" in storage_again.err


def test_a_study_that_is_removed_leaves_its_runs(tmp_path):
    toy = Here(tmp_path)
    assert toy.sweep(*SPACE, "sweep.trials=2").returncode == 0
    run = toy.trials[0].runs[0]
    assert toy.headway("sweep", "remove", "toy").returncode == 0
    assert toy.headway("sweep", "list").out == "no sweeps yet\n"
    assert toy.headway("runs", "show", run).returncode == 0
    assert toy.headway("store", "verify").returncode == 0


def test_secrets_are_written_nowhere_and_not_searched(tmp_path):
    toy = Here(tmp_path)
    plugin = tmp_path / "plugins/toy.py"
    source = plugin.read_text().replace("import Context, DataError, Stage", "import Context, DataError, Secret, Stage")
    plugin.write_text(source.replace("    leave_out: bool", '    token: Secret = ""\n    leave_out: bool'))
    done = toy.sweep(*SPACE, "sweep.trials=2", "model.token=hunter2hunter2")
    assert done.returncode == 0, done.err
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if b"hunter2hunter2" in path.read_bytes()]
    assert "hunter2" not in done.out + done.err
    assert toy.sweep(*SPACE, "sweep.trials=3", "model.token=another").returncode == 0, "it decides no result"
    refused = toy.sweep("model.token=choice(hunter3,hunter4)", "sweep.name=secret")
    assert refused.returncode == 2
    assert "is a secret" in refused.err
    assert not (tmp_path / ".headway/studies/secret").exists()
