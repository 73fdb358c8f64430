from dataclasses import replace

import numpy as np
import pytest
from headway.contracts import ArraySpec, Features, Graph, Recipe, Source, Target


def features(array):
    specs = (ArraySpec("x", "float32", (2,)),)
    return Features(
        (), Recipe(), Graph("onnx", {}), specs, Target("y", "regression"), {"train": Source({"x": array}, len(array))}
    )


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(20, dtype=np.float32).reshape(10, 2))
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def saved(array, folder):
    folder.mkdir()
    features(array).save(folder)
    return (folder / "arrays" / "train" / "x.npy").read_bytes()


def test_a_mapped_file_is_copied_as_a_file(mapped, tmp_path, monkeypatch):
    monkeypatch.setattr(np, "save", None)
    assert saved(mapped, tmp_path / "saved") == (tmp_path / "x.npy").read_bytes()


@pytest.mark.parametrize(
    "part", [slice(3), slice(2, None), slice(None, None, 2), (slice(None), slice(1)), slice(None, None, -1)]
)
def test_a_part_of_a_mapped_file_is_saved_as_that_part(mapped, tmp_path, part):
    assert saved(mapped[part], tmp_path / "saved") == saved(np.array(mapped[part]), tmp_path / "held")


def test_a_mapped_file_that_is_gone_or_no_npy_file_is_saved_from_memory(mapped, tmp_path):
    wanted = saved(np.array(mapped), tmp_path / "held")
    (tmp_path / "x.npy").rename(tmp_path / "x.bin")
    assert saved(mapped, tmp_path / "saved") == wanted
    raw = np.memmap(tmp_path / "x.bin", np.float32, "r", offset=(tmp_path / "x.bin").stat().st_size - 80, shape=(10, 2))
    assert saved(raw, tmp_path / "raw") == wanted


def test_what_was_loaded_can_be_saved_again(mapped, tmp_path, registry):
    (tmp_path / "one").mkdir()
    features(mapped).save(tmp_path / "one")
    loaded = Features.load(tmp_path / "one", registry)
    (tmp_path / "two").mkdir()
    replace(loaded).save(tmp_path / "two")
    paths = [p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file()]
    assert all((tmp_path / "one" / p).read_bytes() == (tmp_path / "two" / p).read_bytes() for p in paths)
