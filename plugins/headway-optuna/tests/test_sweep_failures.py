"""Trials that fail, by themselves and all of them."""

import os
import re
import subprocess
import sys

import pytest
from sweep_toy import SPACE, Here, Toy

ERROR = '            raise DataError(f"x is {self.x:.3f}, too high")'


@pytest.fixture
def toy(tmp_path):
    return Here(tmp_path)


def changed(toy, old, new):
    path = toy.folder / "plugins/toy.py"
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))


def test_a_trial_that_fails_keeps_its_traceback_and_does_not_count(toy):
    changed(toy, ERROR, "            self.crash()")
    changed(toy, "    def run(self, context: Context, features", '''    def crash(self):
        raise ZeroDivisionError("the hill is too high")

    def run(self, context: Context, features''')  # fmt: skip
    done = toy.sweep(*SPACE, "model.break_at=1.5", "sweep.trials=8")
    assert done.returncode == 0, done.err
    failed = [trial for trial in toy.trials if trial.state == "failed"]
    assert failed
    assert all(trial.params["model.x"] > 1.5 for trial in failed)
    assert sum(trial.state in ("complete", "pruned") for trial in toy.trials) == 8
    assert re.search(r"trial \d+ +failed .*the hill is too high", done.err)
    shown = toy.headway("runs", "show", failed[0].runs[-1]).out
    assert "ZeroDivisionError: the hill is too high" in shown
    assert "in crash" in shown
    listed = toy.headway("sweep", "show", "toy").out
    assert f"failed: {len(failed)}" in listed
    assert "the hill is too high" in listed


def test_enough_failures_end_the_sweep_and_the_next_command_goes_on(toy):
    words = (*SPACE, "model.break_at=-3", "sweep.trials=4", "sweep.max_failures=2")
    done = toy.sweep(*words)
    assert done.returncode == 1
    assert "too many trials failed (sweep.max_failures)" in done.out
    assert [trial.state for trial in toy.trials] == ["failed"] * 3
    assert "evaluation" not in toy.computed
    again = toy.sweep(*words)
    assert again.returncode == 1
    assert [trial.state for trial in toy.trials] == ["failed"] * 6, "counted from the start of the command"
    none = Here(toy.folder / "other")
    assert none.sweep(*words, "sweep.max_failures=0").returncode == 1
    assert len(none.trials) == 1


def test_a_sweep_whose_reader_is_gone_has_failed_all_the_same(tmp_path):
    toy = Toy(tmp_path)
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "headway.cli.main", "sweep", "experiment=toy", "runner.isolate=false"]
    words = (*SPACE, "model.break_at=-3", "sweep.trials=2", "sweep.max_failures=0")
    done = subprocess.run(
        [*command, *words], cwd=tmp_path, env=toy.environment, stdout=writer, stderr=writer, timeout=120
    )
    os.close(writer)
    assert done.returncode == 1
    assert [trial.state for trial in toy.trials] == ["failed"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"validation.loss": loss,', '"validation.loss": float("nan"),', "no finite validation.loss"),
        ('"validation.loss": loss,', "", "no finite validation.loss; it recorded validation.cost"),
        ('metrics = {"validation.loss": loss,', "metrics = {} and {", "nor anything else"),
    ],
)
def test_a_trial_without_a_finite_objective_has_failed(toy, old, new, says):
    changed(toy, old, new)
    done = toy.sweep("model.x=1,2,3", "sweep.sampler=grid", "sweep.max_failures=9")
    assert done.returncode == 1
    assert {trial.state for trial in toy.trials} == {"failed"}
    assert all(says in trial.reason for trial in toy.trials)
    assert "no trial is complete" in done.out


def test_a_constraint_on_a_metric_that_is_not_recorded_says_what_is(toy):
    done = toy.sweep(*SPACE, "sweep.constraints=['validation.costt <= 4']", "sweep.max_failures=0")
    assert done.returncode == 1
    assert "no finite validation.costt; it recorded validation.loss, validation.cost" in done.err


def test_steps_that_are_not_finite_do_not_end_a_trial(toy):
    changed(toy, '{"validation.loss": loss + 1 / step}', '{"validation.loss": float("nan") if step < 3 else loss}')
    done = toy.sweep(*SPACE, "sweep.trials=3")
    assert done.returncode == 0, done.err
    assert {trial.state for trial in toy.trials} == {"complete"}


def test_with_several_workers_exactly_so_many_trials_finish_though_some_fail(tmp_path):
    toy = Toy(tmp_path)
    words = (*SPACE, "sweep.workers=3", "sweep.trials=17", "sweep.max_failures=99", "model.break_at=1.8")
    done = toy.sweep(*words, "model.seconds=0.01", "sweep.seed=1")
    assert done.returncode == 0, done.err
    trials = toy.trials
    assert sum(trial.state in ("complete", "pruned") for trial in trials) == 17
    assert {trial.state for trial in trials} == {"complete", "pruned", "failed"}
    assert all((trial.state == "failed") == (trial.params["model.x"] > 1.8) for trial in trials)
    assert {trial.worker for trial in trials} == {0, 1, 2}
    assert toy.computed.count("evaluation") == 1


def test_a_stage_that_prints_a_lot_disturbs_nothing(tmp_path):
    toy = Toy(tmp_path)
    noise = '        print("{\\"event\\": 1}\\n" * 20_000, flush=True)\n        loss = '
    changed(toy, "        loss = ", noise)
    done = toy.sweep(*SPACE, "sweep.workers=2", "sweep.trials=4")
    assert done.returncode == 0, done.err
    assert len(done.err) < 2000
    assert "event" not in done.out + done.err
