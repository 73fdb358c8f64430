"""Two processes that train one network: the same result, one writer, one end."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from headway.contracts import Source
from headway.errors import DataError, HeadwayError
from headway_lightning import rank, ranks
from headway_lightning.checkpoints import LAST
from headway_lightning.faults import check_losses
from headway_lightning.group import Group
from headway_lightning.lightning_stage import LightningStage
from headway_lightning.trainer import Trainer
from headway_lightning.zoo.mlp import MLP

SPEC = importlib.util.spec_from_file_location("lightning_parallel", Path(__file__).with_name("parallel.py"))
parallel = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(parallel)
SINGLE = replace(parallel.TWO, devices=1)


@pytest.fixture
def train(tmp_path):
    """Trains in a folder by name."""

    def run(folder, given=None, cancelled=None, **more):
        normed, context = parallel.setting(tmp_path / "project", tmp_path / folder)
        context = context if cancelled is None else replace(context, cancelled=cancelled)
        return parallel.stage_of(normed, **more).run(context, given or parallel.features())

    return run


@pytest.fixture
def started(monkeypatch):
    """The further processes that are started."""
    found, start = [], ranks._start
    monkeypatch.setattr(ranks, "_start", lambda *given: (found.append(start(*given)), found[-1])[1])
    return found


def bytes_of(model, folder):
    folder.mkdir()
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_processes_learn_what_one_does_and_are_killed_and_resumed_to_the_same_bits(train, tmp_path, started):
    """With batch normalisation, weights, clipping and steps of several batches, of unequal parts."""
    one, two = train("one", trainer=SINGLE), train("two")
    for name, value in one.module.state_dict().items():
        np.testing.assert_allclose(
            two.module.state_dict()[name], value, rtol=0, atol=3e-4, err_msg=name
        )  # of steps of 1e-2
    for ours, theirs in zip(two.history, one.history, strict=True):
        assert ours == pytest.approx(theirs, abs=3e-4)
    assert [path.name for path in (tmp_path / "two").iterdir()] == [LAST]
    assert [process.poll() is not None for process in started] == [True]

    words = [sys.executable, parallel.__file__, str(tmp_path / "project"), str(tmp_path / "killed"), "100"]
    killed = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (other,) = map(int, killed.stdout.split())
    limit = time.monotonic() + 60
    while lives(other) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not lives(other)
    assert (tmp_path / "killed" / LAST).exists()
    resumed = train("killed")
    assert resumed.history == two.history
    assert bytes_of(resumed, tmp_path / "saved-1") == bytes_of(two, tmp_path / "saved-2")


def test_what_ends_one_process_ends_the_training_and_is_told(train, started, tmp_path):
    with pytest.raises(RuntimeError, match="process 1 of the training: ValueError: the second process has a flaw"):
        train("work", wrong=True)
    assert [process.poll() is not None for process in started] == [True]
    assert not (tmp_path / "work" / ranks.FOLDER).exists()


def test_errors_that_a_user_can_mend_come_from_any_process_as_they_are(tmp_path):
    rank._tell(tmp_path / "failure-2", DataError("too large", hint="make it smaller", code="large"))
    found = ranks._why(tmp_path, 2, 1)
    assert isinstance(found, DataError)
    assert (found.what, found.hint, found.code) == ("too large", "make it smaller", "large")


def test_a_process_that_was_killed_is_told_with_its_last_words(tmp_path):
    (tmp_path / "log-1").write_text("first\nlast words\n")
    found = ranks._why(tmp_path, 1, -9)
    assert "process 1 of the training died (signal 9): first / last words" in str(found)


def test_a_process_that_ends_breaks_what_would_wait_for_it(tmp_path):
    (tmp_path / "log-1").write_text("")
    aborted, other = threading.Event(), subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    meeting = ranks.Meeting(Group(0, 2), (other,), tmp_path)
    with meeting.watched(aborted.set):
        assert not aborted.wait(0.3)
        assert meeting.cause(ValueError("of this process")) is None
        other.kill()
        assert aborted.wait(60)
        assert "process 1 of the training died (signal 9)" in str(meeting.cause(ValueError("of a broken connection")))
    other.communicate()


def test_the_suspicious_feature_is_named_whichever_process_has_its_row():
    class Second(Group):
        """What this process is told by one that has the row."""

        def each(self, value):
            return [value, "; its feature 'b' reaches inf"]

    class Learner:
        losses, current_epoch = (torch.tensor(1.0), torch.tensor(torch.nan)), 4

    block = [(torch.ones(2, 3), torch.ones(2), torch.ones(2))] * 2
    with pytest.raises(DataError, match="epoch 5: the loss of batch 2 is no longer a number; its feature 'b' reaches"):
        check_losses(Learner, Learner.losses, block, (("a", "b", "c"),), Second(0, 2))


def test_a_cancelled_training_leaves_no_process(train, started):
    event = threading.Event()
    event.set()
    with pytest.raises(KeyboardInterrupt):
        train("work", cancelled=event)
    assert [process.poll() is not None for process in started] == [True]


def test_arrays_that_are_files_are_linked_for_the_others(tmp_path, hand):
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.save(tmp_path / "whole.npy", array)
    mapped = np.load(tmp_path / "whole.npy", mmap_mode="r")
    features = hand.features(arrays=(hand.numeric,))
    source = Source({"numeric": mapped, "target": mapped[:, 0]}, 4)
    ranks._link(replace(features, sources={"train": source, "validation": source}), tmp_path / "linked")
    folder = tmp_path / "linked" / "arrays" / "train"
    assert (folder / "numeric.npy").resolve() == tmp_path / "whole.npy"
    assert not (folder / "target.npy").is_symlink()
    np.testing.assert_array_equal(np.load(folder / "target.npy"), array[:, 0])
    known = type(features).load(tmp_path / "linked", {})
    np.testing.assert_array_equal(known.source("train").batch()["numeric"], array)


class TestPreflight:
    def codes(self, stage):
        return [error.code for error in stage.preflight()]

    @pytest.fixture(autouse=True)
    def cores(self, monkeypatch):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)

    def test_more_processes_than_cores_are_told(self):
        assert self.codes(MLP(trainer=Trainer(devices=2, accelerator="cpu"))) == []
        assert self.codes(MLP(trainer=Trainer(devices=3, accelerator="cpu"))) == ["too-few-devices"]

    def test_more_devices_than_gpus_are_told(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        for accelerator in ("auto", "cuda"):
            (error,) = MLP(trainer=Trainer(devices=2, accelerator=accelerator)).preflight()
            assert "2, but this machine has 1 CUDA devices" in error.what

    def test_batches_without_a_row_for_each_device_are_told(self):
        assert self.codes(MLP(batch_size=1, trainer=Trainer(devices=2, accelerator="cpu"))) == ["batch-devices"]

    def test_modules_of_others_train_on_one_device(self, context, hand):
        with pytest.raises(HeadwayError, match="a LightningStage trains on one device"):
            LightningStage(trainer=Trainer(devices=2, accelerator="cpu")).run(context, hand.features())
        assert self.codes(LightningStage(trainer=Trainer(devices=2, accelerator="cpu"))) == ["one-device"]
