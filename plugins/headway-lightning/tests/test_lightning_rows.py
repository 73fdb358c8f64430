"""Rows in memory or in files: the same training, and memory for no more than is used."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from headway.contracts import TARGET, Features, Source, View
from headway.contracts.source import Augmentation
from headway.testing import make_context
from headway_lightning import Trainer, memory, rows
from headway_lightning.rows import Held, Mapped, only, rows_of
from headway_lightning.zoo.mlp import MLP

STAGE = MLP(
    layers=(8,), batch_size=4, embedding=2, numeric="piecewise_linear", trainer=Trainer(max_epochs=2, accelerator="cpu")
)


@pytest.fixture
def stored(hand, tmp_path):
    """Features as they come from the store, with rows without weight."""
    known = hand.features(weight=lambda random, rows: random.integers(0, 3, rows), noise=1.0)
    (tmp_path / "features").mkdir()
    known.save(tmp_path / "features")
    return Features.load(tmp_path / "features", {})


@dataclass(frozen=True)
class Noisy(Augmentation):
    """Noise on the numbers."""

    def __call__(self, batch, generator):
        noise = generator.normal(size=batch["numeric"].shape).astype(np.float32)
        return {**batch, "numeric": batch["numeric"] + noise}


@pytest.mark.parametrize("augmentation", [None, {"use": "noisy"}])
def test_rows_that_do_not_fit_train_to_the_same_bits(hand, stored, tmp_path, monkeypatch, augmentation):
    registry = hand.registry(Noisy, kind="augmentation")
    given = replace(stored, augmentation=augmentation)
    models = []
    for free in (1 << 40, 0):
        monkeypatch.setattr(rows, "available", lambda free=free: free)
        assert rows_of(given, "train").is_held == (free > 0)
        models.append(STAGE.run(make_context(tmp_path / f"work-{free}", registry), given))
    assert models[0].history == models[1].history
    for name, value in models[0].module.state_dict().items():
        assert torch.equal(value, models[1].module.state_dict()[name]), name


def test_rows_of_whole_files_are_held_without_a_copy(stored):
    found = rows_of(stored, "validation")
    array = stored.source("validation").arrays["numeric"]
    assert isinstance(found, Held)
    assert isinstance(array, np.memmap)
    assert found.tensors[0].data_ptr() == array.ctypes.data


@pytest.mark.parametrize(("share", "is_held"), [(1.01, True), (0.99, False)])
def test_rows_are_held_if_they_take_half_of_the_free_memory(stored, monkeypatch, share, is_held):
    source = stored.source("validation")
    size = sum(source.arrays[name].nbytes for name in ("numeric", "categorical", TARGET))
    monkeypatch.setattr(rows, "available", lambda: 2 * share * size)
    assert rows_of(stored, "validation").is_held == is_held


def test_arrays_in_memory_are_held_whatever_is_free(hand, monkeypatch):
    monkeypatch.setattr(rows, "available", lambda: 0)
    assert rows_of(hand.features(), "train").is_held


class TestWindows:
    """Views of 50 steps each, which are 50 times as large as their base."""

    @pytest.fixture
    def source(self):
        base = np.arange(4000, dtype=np.float32).reshape(2000, 2)
        anchor = np.arange(50, 1050, dtype=np.int64)
        arrays = {"base": base, "anchor": anchor, TARGET: np.arange(1000.0, dtype=np.float32), "other": base}
        return Source(arrays, 1000, {"window": View("base", "anchor", tuple(range(-50, 0)))})

    def test_they_are_counted_as_they_would_be_held(self, source):
        found = Mapped(source, ("window",), np.ones(1000, np.float32), None)
        assert found.size == 1000 * 50 * 2 * 4
        assert torch.equal(found.held().tensors[0], found.take(slice(0, 1000))[0])

    def test_they_are_cut_when_they_are_taken(self, source):
        found = Mapped(source, ("window",), np.ones(1000, np.float32), None)
        window, target, _ = found.take(torch.tensor([7, 3]))
        assert window[:, -1, 0].tolist() == [2.0 * 56, 2.0 * 52]
        assert target.tolist() == [7, 3]

    def test_what_is_not_wanted_is_not_read(self, source):
        assert only(source, ("window",)).arrays.keys() == {"base", "anchor"}


def test_a_sample_is_evenly_spaced_and_the_same_wherever_rows_are(stored, monkeypatch):
    monkeypatch.setattr(rows, "SAMPLE", 50 * rows_of(stored, "train").row_bytes())
    held = rows_of(stored, "train")
    monkeypatch.setattr(rows, "available", lambda: 0)
    found = [given.sample() for given in (held, rows_of(stored, "train"))]
    assert 25 <= len(found[0][0]) <= 50
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)
    step = -(-len(held) // 50)
    assert torch.equal(found[0][0], held.tensors[0][::step])


class TestMemory:
    def limit(self, folder, monkeypatch, most):
        files = {"max": most, "current": "4000000", "stat": "anon 1\ninactive_file 500000"}
        for name, text in files.items():
            (folder / f"memory.{name}").write_text(text)
        monkeypatch.setattr(memory, "GROUPS", ((folder, "memory.max", "memory.current", "inactive_file"),))

    def test_it_is_what_the_machine_and_the_control_group_leave(self, tmp_path, monkeypatch):
        machine = memory.available()
        assert 0 < machine < 1 << 50
        for name, text in {
            "memory.max": "5000000",
            "memory.current": "4000000",
            "memory.stat": "anon 1\ninactive_file 500000",
        }.items():
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(memory, "GROUPS", ((tmp_path, "memory.max", "memory.current", "inactive_file"),))
        assert memory.available() == 1_500_000

    def test_a_group_without_a_limit_is_none(self, tmp_path, monkeypatch):
        monkeypatch.setattr(memory, "GROUPS", ())
        machine = memory.available()
        self.limit(tmp_path, monkeypatch, "max")
        assert memory.available() == pytest.approx(machine, rel=0.5)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="RssAnon is Linux's")
def test_training_on_rows_that_do_not_fit_takes_a_small_part_of_their_memory(hand, tmp_path):
    """50 MB of rows; a block of 64 batches is 2 MB, and few are in use."""
    spec = replace(hand.numeric, shape=(128,), columns=tuple(map(str, range(128))))
    bare = hand.features(splits={"train": 1, "validation": 1})
    for name, count in (("large", 100_000), ("small", 2000)):
        numeric = np.random.default_rng(0).normal(size=(count, 128)).astype(np.float32)
        target = (numeric[:, 0] > 0).astype(np.int64)
        splits = {
            split: Source({"numeric": numeric[:n], TARGET: target[:n]}, n)
            for split, n in (("train", count), ("validation", 1000))
        }
        (tmp_path / name).mkdir()
        replace(bare, arrays=(spec,), sources=splits).save(tmp_path / name)
    words = [sys.executable, str(Path(__file__).with_name("peak.py")), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    mapped, copied = map(int, done.stdout.split())
    size = 100_000 * 128 * 4
    assert copied > size
    assert mapped < size / 4
