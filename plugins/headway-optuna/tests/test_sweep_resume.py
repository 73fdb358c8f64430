"""A sweep that goes on: after its time, with other code, and with what other trials computed."""

import re

import pytest
from headway_optuna.study import changed
from sweep_toy import SPACE, Here, Toy


@pytest.fixture
def toy(tmp_path):
    return Here(tmp_path)


def test_after_its_time_it_ends_and_the_same_command_goes_on_from_a_checkpoint(tmp_path):
    toy = Toy(tmp_path)
    words = (*SPACE, "sweep.trials=1", "model.seconds=0.3", "model.epochs=10", "sweep.seed=4")
    done = toy.sweep(*words, "sweep.timeout=2s")
    assert done.returncode == 0, done.err
    assert "the time is over (sweep.timeout); the same command goes on" in done.out
    assert "1 interrupted" in done.out
    (trial,) = toy.trials
    again = toy.sweep(*words)
    assert again.returncode == 0, again.err
    assert "trial 0 goes on: attempt 2" in again.err
    assert toy.trials[0].params == trial.params
    assert len(toy.trials[0].runs) == 2
    assert len(toy.trials) == 1
    steps = [line for line in toy.computed if line.startswith(f"step {trial.params['model.x']!r} ")]
    assert len(steps) - len(set(steps)) <= 1, "only the step that was being taken"
    assert [step for step, _ in toy.trials[0].reports] == [*range(1, 11)]


def test_code_that_was_changed_meanwhile_is_told(toy):
    assert toy.sweep(*SPACE, "sweep.trials=2").returncode == 0
    path = toy.folder / "plugins/toy.py"
    path.write_text(path.read_text().replace("(self.x - 1) ** 2", "(self.x - 2) ** 2"))
    done = toy.sweep(*SPACE, "sweep.trials=3")
    assert done.returncode == 0, done.err
    (note,) = [line for line in done.err.splitlines() if line.startswith("note: ")]
    assert "toy" in note
    assert "model hill" in note
    assert "sweep.name=NAME" in note
    assert "note: " in toy.sweep(*SPACE, "sweep.trials=4").err, "it is told as long as they are mixed"
    assert "note: " not in toy.sweep(*SPACE, "sweep.trials=2", "sweep.name=new").err


@pytest.mark.parametrize(
    "word",
    [
        "sweep.constraints=['model.x / model.y <= 2']",
        "sweep.sampler={nsga3: {population_size: 3, reference_points: [[1.0]]}}",
    ],
)
def test_the_same_command_goes_on_whatever_was_written(toy, word):
    """Violations without bounds, and options that are tuples."""
    words = ("model.x=interval(-3,3)", "model.y=int(interval(0,2))", "sweep.sampler=random", "sweep.seed=1", word)
    for trials in (4, 8):
        done = toy.sweep(*words, f"sweep.trials={trials}")
        assert done.returncode == 0, done.err
    finished = [trial for trial in toy.trials if trial.state != "infeasible"]
    assert len(finished) == 8
    assert {trial.state for trial in finished} <= {"complete", "pruned"}


def test_a_trial_that_repeats_a_pruned_one_is_pruned_by_the_pruner_alone(toy):
    words = ("model.x=1.0,3.0", "model.y=3", "sweep.sampler=random", "sweep.seed=0")
    pruner = "sweep.pruner={threshold: {upper: 3.0, n_warmup_steps: 2}}"
    done = toy.sweep(*words, pruner, "sweep.trials=8")
    assert done.returncode == 0, done.err
    pruned = [trial for trial in toy.trials if trial.params["model.x"] == 3.0]
    assert len(pruned) > 1
    assert {trial.state for trial in pruned} == {"pruned"}
    assert {len(trial.reports) for trial in pruned} == {len(pruned[0].reports)}
    assert len(pruned[0].reports) > 1


def test_code_of_any_option_that_is_searched_counts(toy):
    words = ("model=hill,flat", "sweep.sampler=grid")
    assert toy.sweep(*words).returncode == 0
    path = toy.folder / "plugins/toy.py"
    path.write_text(path.read_text() + "\n# a comment is no change of what it does\n")
    quiet = toy.sweep(*words).err
    path.write_text(path.read_text().replace("2 + self.height", "3 + self.height"))
    assert "model flat" in toy.sweep(*words).err
    assert "model flat" not in quiet


def test_changes_are_told_once_for_the_stages_that_share_them():
    before = {"data": {"code a": "1", "source path": "2"}, "model": {"code a": "1"}}
    assert changed(before, before) == []
    assert changed(before, {**before, "export": {"code e": "1"}}) == [], "it was not run then"
    now = {"data": {"code a": "9", "source path": "2"}, "model": {"code a": "9"}}
    assert changed(before, now) == ["code a of data, model changed"]
    many = {f"code {n}": "1" for n in range(6)}
    assert changed({"model": many}, {"model": {}}) == ["code 0, code 1, code 2 and 3 more of model changed"]


def test_two_trials_with_a_new_prefix_in_common_compute_it_once_and_a_free_worker_begins_another(tmp_path):
    toy = Toy(tmp_path)
    space = ("features.width=int(interval(1,3))", "model.x=interval(-2,2)", "features.seconds=0.5")
    points = "sweep.enqueue=[{features.width: 1}, {features.width: 1}, {features.width: 2}]"
    done = toy.sweep(*space, points, "sweep.workers=2", "sweep.trials=8", "sweep.pruner=none")
    assert done.returncode == 0, done.err
    widths = sorted({trial.params["features.width"] for trial in toy.trials})
    assert [line for line in sorted(toy.computed) if line.startswith("features")] == [f"features {w}" for w in widths]
    what = [(event["event"], event["trial"]) for event in toy.events]
    assert what.index(("begin", 2)) < what.index(("report", 0)), "trial 1 waits for the prefix, its worker does not"


def test_an_interrupted_trial_is_not_shown_as_running(tmp_path):
    toy = Here(tmp_path)
    (tmp_path / "full").touch()
    assert toy.sweep(*SPACE).returncode == 1
    shown = toy.headway("sweep", "show", "toy").out
    assert re.search(r"^status +stopped$", shown, re.MULTILINE)
    assert re.search(r"^trials +1 interrupted$", shown, re.MULTILINE)
    assert re.search(r"^ +0  interrupted", shown, re.MULTILINE)
