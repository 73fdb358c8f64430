"""Whatever ends an attempt, the next one ends with the bits of an undisturbed run."""

import itertools
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from headway import Pruned
from headway.errors import DataError
from headway.testing import Recorder, make_context
from headway_lightning import Trainer
from headway_lightning.checkpoints import LAST as CHECKPOINT
from headway_lightning.checkpoints import MIDDLE
from headway_lightning.learner import Learner
from headway_lightning.zoo.mlp import MLP

STAGE = MLP(
    layers=(16,),
    dropout=0.3,
    batch_size=64,
    learning_rate=1e-2,
    embedding=2,
    seed=3,
    trainer=Trainer(max_epochs=6, accelerator="cpu"),
)


class PowerCutError(Exception):
    pass


class Interrupting(Recorder):
    """Raises at a report, which comes before the epoch's checkpoint."""

    def __init__(self, at, error):
        super().__init__()
        self.at, self.error = at, error

    def report(self, step, metrics):
        super().report(step, metrics)
        if step == self.at:
            raise self.error


@pytest.fixture
def features(hand):
    return hand.features(noise=1.0)


@pytest.fixture
def attempt(tmp_path, registry, features):
    """Trains in a folder by name; gives the model and what was reported."""

    def run(folder, recorder=None, stage=STAGE, given=features):
        recorder = recorder or Recorder()
        model = stage.run(make_context(tmp_path / folder, registry, recorder=recorder), given)
        return model, recorder

    return run


def files_of(model, folder: Path):
    folder.mkdir()
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_same_model(first, second, tmp_path):
    assert first.history == second.history
    assert files_of(first, tmp_path / "saved-1") == files_of(second, tmp_path / "saved-2")


@pytest.mark.parametrize("at", [1, 2, 5, 6])
def test_a_run_that_broke_resumes_to_the_same_bits(attempt, tmp_path, at):
    undisturbed, _ = attempt("undisturbed")
    with pytest.raises(PowerCutError):
        attempt("broken", Interrupting(at, PowerCutError()))
    resumed, recorder = attempt("broken")
    assert [step for step, _ in recorder.reports] == [*range(1, 7)]  # those before the break are told again
    assert_same_model(undisturbed, resumed, tmp_path)


def test_a_run_that_broke_twice_resumes_to_the_same_bits(attempt, tmp_path):
    for at in (2, 4):
        with pytest.raises(PowerCutError):
            attempt("broken", Interrupting(at, PowerCutError()))
    assert_same_model(attempt("undisturbed")[0], attempt("broken")[0], tmp_path)


def test_a_run_that_broke_after_its_last_epoch_is_not_trained_again(attempt, tmp_path):
    first, _ = attempt("finished")  # its work folder is still there: saving was what failed
    second, recorder = attempt("finished")
    assert [step for step, _ in recorder.reports] == [*range(1, 7)]
    assert recorder.metrics["epochs"] == 6
    assert_same_model(first, second, tmp_path)


def test_a_run_that_had_stopped_early_is_not_trained_further(attempt, tmp_path, hand):
    stage = replace(STAGE, learning_rate=0.1, dropout=0.0, patience=2, trainer=Trainer(accelerator="cpu"))
    noise = hand.features(noise=30.0)
    first, _ = attempt("finished", stage=stage, given=noise)
    second, recorder = attempt("finished", stage=stage, given=noise)
    assert [step for step, _ in recorder.reports] == [*range(1, len(first.history) + 1)]
    assert_same_model(first, second, tmp_path)


def test_patience_counts_on_across_attempts(attempt, tmp_path, hand):
    stage = replace(STAGE, learning_rate=0.1, dropout=0.0, patience=3, trainer=Trainer(accelerator="cpu"))
    noise = hand.features(noise=30.0)
    first, recorder = attempt("undisturbed", stage=stage, given=noise)
    with pytest.raises(PowerCutError):
        attempt("broken", Interrupting(len(recorder.reports) - 1, PowerCutError()), stage, noise)
    assert_same_model(first, attempt("broken", stage=stage, given=noise)[0], tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "other network"])
def test_a_damaged_checkpoint_is_left_behind_and_training_starts_over(attempt, tmp_path, damage):
    undisturbed, _ = attempt("undisturbed")
    checkpoint = tmp_path / "broken" / CHECKPOINT
    if damage == "other network":
        attempt("broken", stage=replace(STAGE, layers=(8, 8)))
    else:
        attempt("broken")
        whole = checkpoint.read_bytes()
        checkpoint.write_bytes({"truncated": whole[: len(whole) // 2], "empty": b"", "garbage": b"x" * 99}[damage])
    resumed, recorder = attempt("broken")
    assert [step for step, _ in recorder.reports] == [1, 2, 3, 4, 5, 6]
    assert_same_model(undisturbed, resumed, tmp_path)


@pytest.mark.parametrize("error", [Pruned(2), MemoryError()])
def test_what_comes_between_a_checkpoint_and_training_is_not_taken_for_damage(attempt, tmp_path, error):
    with pytest.raises(PowerCutError):
        attempt("broken", Interrupting(4, PowerCutError()))
    with pytest.raises((Pruned, DataError)):
        attempt("broken", Interrupting(2, error))  # epochs are told again before the next one begins
    resumed, recorder = attempt("broken")
    assert recorder.progresses[0].done == 3
    assert_same_model(attempt("undisturbed")[0], resumed, tmp_path)


def test_an_error_of_training_is_not_taken_for_a_damaged_checkpoint(attempt, tmp_path):
    with pytest.raises(PowerCutError):
        attempt("broken", Interrupting(3, PowerCutError()))
    with pytest.raises(PowerCutError):
        attempt("broken", Interrupting(4, PowerCutError()))
    resumed, recorder = attempt("broken")
    assert recorder.progresses[0].done == 3
    assert len(resumed.history) == 6


def test_a_pruned_trial_tells_so_and_keeps_its_checkpoint(attempt, tmp_path):
    with pytest.raises(Pruned):
        attempt("pruned", Interrupting(3, Pruned()))
    assert (tmp_path / "pruned" / CHECKPOINT).exists()


def test_only_whole_checkpoints_are_left(attempt, tmp_path):
    attempt("finished")
    assert [path.name for path in (tmp_path / "finished").iterdir()] == [CHECKPOINT]


class Stopping(Recorder):
    """Asks the run to stop at a report, or in the midst of the epoch after it."""

    def __init__(self, event, at):
        super().__init__()
        self.event, self.at = event, at

    def report(self, step, metrics):
        super().report(step, metrics)
        if step == self.at:
            self.event.set()


@pytest.mark.parametrize("at", [0, 2])
def test_a_stopped_run_ends_as_interrupted_and_resumes_to_the_same_bits(attempt, features, registry, tmp_path, at):
    event = threading.Event()
    if at == 0:
        event.set()
    recorder = Stopping(event, at)
    context = replace(make_context(tmp_path / "stopped", registry, recorder=recorder), cancelled=event)
    with pytest.raises(KeyboardInterrupt):
        STAGE.run(context, features)
    assert len(recorder.reports) == at
    assert_same_model(attempt("undisturbed")[0], attempt("stopped")[0], tmp_path)


def test_a_run_stopped_within_an_epoch_does_not_keep_the_half_epoch(attempt, features, registry, tmp_path, monkeypatch):
    event, losses, step = threading.Event(), [], Learner._step

    def counted(self, *given):
        losses.append(self.current_epoch)
        if losses.count(2) == 4:
            event.set()
        step(self, *given)

    monkeypatch.setattr(Learner, "_step", counted)
    with pytest.raises(KeyboardInterrupt):
        STAGE.run(replace(make_context(tmp_path / "stopped", registry), cancelled=event), features)
    monkeypatch.undo()
    assert losses.count(2) == 4  # of 10 batches
    resumed, recorder = attempt("stopped")
    assert recorder.progresses[0].done == 2
    assert_same_model(attempt("undisturbed")[0], resumed, tmp_path)


def test_ctrl_c_reaches_the_caller_as_such(attempt):
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        attempt("interrupted", Interrupting(2, KeyboardInterrupt()))
    assert signal.getsignal(signal.SIGINT) is handler


def test_processes_killed_at_any_moment_end_with_the_bytes_of_an_undisturbed_one(tmp_path):
    """SIGKILL leaves no time to tidy up; and no process leaves its mark on the weights."""
    moments = [("report", 3), *(("step", int(n)) for n in np.random.default_rng(5).integers(2, 99, 3))]
    for moment in moments:
        assert _process(tmp_path, "killed", *moment).returncode == -signal.SIGKILL
        assert not (tmp_path / "killed").exists()
    assert any((tmp_path / "killed-work").iterdir())
    resumed = _process(tmp_path, "killed")
    first, *steps = map(int, resumed.stdout.split())
    assert (first >= 3, steps) == (True, [1, 2, 3, 4, 5, 6]), resumed.stderr
    assert _process(tmp_path, "undisturbed").stdout.split() == list("0123456")
    files = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("killed", "undisturbed")
    ]
    assert files[0] == files[1]


def _process(tmp_path, name, *more):
    words = [sys.executable, str(Path(__file__).parent / "resuming.py"), str(tmp_path / f"{name}-work")]
    words += [str(tmp_path / name), *map(str, more)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120)


class TestWithinAnEpoch:
    """Blocks of 64 batches of 4 rows: 600 rows are three of them."""

    STAGE = replace(STAGE, batch_size=4, trainer=Trainer(max_epochs=3, accelerator="cpu", checkpoint_every="1us"))

    def stop(self, attempt, monkeypatch, step, stage=STAGE):
        """Lets training take so many steps in all."""
        plain, taken = Learner._step, itertools.count()

        def counted(self, *given):
            if next(taken) == step:
                raise PowerCutError
            plain(self, *given)

        with monkeypatch.context() as patch:
            patch.setattr(Learner, "_step", counted)
            with pytest.raises(PowerCutError):
                attempt("broken", stage=stage)

    @pytest.mark.parametrize("steps", [(1,), (65, 20), (140, 149, 3), (150, 150)])
    def test_steps_of_whole_blocks_are_not_taken_again(self, attempt, tmp_path, monkeypatch, steps):
        for step in steps:
            self.stop(attempt, monkeypatch, step)
        resumed, _ = attempt("broken", stage=self.STAGE)
        assert_same_model(attempt("undisturbed", stage=self.STAGE)[0], resumed, tmp_path)

    @pytest.mark.parametrize("accumulate", [2, 3, 7])
    def test_no_gradient_that_waits_for_its_step_is_lost(self, attempt, tmp_path, monkeypatch, accumulate):
        """Three and seven do not divide the batches of a block."""
        stage = replace(self.STAGE, trainer=replace(self.STAGE.trainer, accumulate=accumulate))
        for step in (70, 140):
            self.stop(attempt, monkeypatch, step, stage)
        resumed, _ = attempt("broken", stage=stage)
        assert_same_model(attempt("undisturbed", stage=stage)[0], resumed, tmp_path)

    def test_only_what_is_left_of_the_epoch_is_trained(self, attempt, monkeypatch):
        self.stop(attempt, monkeypatch, 140)
        taken, plain = [], Learner._step

        def counted(self, *given):
            taken.append(self.current_epoch)
            plain(self, *given)

        monkeypatch.setattr(Learner, "_step", counted)
        attempt("broken", stage=self.STAGE)
        assert [taken.count(epoch) for epoch in range(3)] == [150 - 128, 150, 150]

    def test_a_damaged_middle_is_left_behind(self, attempt, tmp_path, monkeypatch):
        self.stop(attempt, monkeypatch, 140)
        middle = tmp_path / "broken" / MIDDLE
        middle.write_bytes(middle.read_bytes()[:100])
        resumed, _ = attempt("broken", stage=self.STAGE)
        assert_same_model(attempt("undisturbed", stage=self.STAGE)[0], resumed, tmp_path)

    def test_the_middle_is_gone_when_the_epoch_is_whole(self, attempt, tmp_path):
        attempt("finished", stage=self.STAGE)
        assert [path.name for path in (tmp_path / "finished").iterdir()] == [CHECKPOINT]


def test_a_batch_is_the_same_whenever_it_is_drawn():
    from headway_lightning.loading import generator_of

    first, second = generator_of(7, 1, 4).permutation(50), generator_of(7, 1, 4).permutation(50)
    np.testing.assert_array_equal(first, second)
    assert (first != generator_of(7, 1, 5).permutation(50)).any()
    assert (first != generator_of(8, 1, 4).permutation(50)).any()
