"""The artifact store: atomic, addressed by content, found by key."""

import json
import os
import shutil
from dataclasses import dataclass
from typing import ClassVar

import pytest
from headway.contracts.artifact import Artifact
from headway.errors import StoreError
from headway.store import ArtifactStore

KEY, OTHER = "a" * 64, "b" * 64


@dataclass(frozen=True)
class Note(Artifact):
    type_name: ClassVar[str] = "note"
    text: str

    def save(self, folder):
        (folder / "note.txt").write_text(self.text)
        (folder / "more").mkdir()
        (folder / "more" / "length.json").write_text(json.dumps(len(self.text)))

    @classmethod
    def load(cls, folder, lookup):
        return cls((folder / "note.txt").read_text())


class Lookup:
    def get(self, kind, name):
        assert (kind, name) == ("artifact", "note")
        return Note


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


def save(store, key=KEY, text="hello", **more):
    return store.save(key, Note(text), **({"metrics": {}, "history": [], "components": {}} | more))


def test_what_is_saved_is_found_and_loaded(store):
    entry = save(store, metrics={"auroc": 0.9}, history=[(1, {"loss": 0.5})], components={"config": {"x": 1}})
    found = store.find(KEY)
    assert (found.digest, found.type, found.metrics) == (entry.digest, "note", {"auroc": 0.9})
    assert found.components == {"config": {"x": 1}}
    assert store.load(found.digest, Lookup()) == Note("hello")
    assert store.find(OTHER) is None


def test_equal_content_has_one_place_wherever_it_is_saved(store, tmp_path):
    first, second = save(store), save(store, OTHER)
    assert first.digest == second.digest
    assert len(list((store.root / "artifacts").iterdir())) == 1
    assert save(ArtifactStore(tmp_path / "elsewhere")).digest == first.digest


def test_an_artifact_may_have_a_file_called_manifest(store):
    class Named(Note):
        def save(self, folder):
            (folder / "manifest.json").write_text("mine")

    entry = store.save(KEY, Named("x"), metrics={}, history=[], components={})
    assert (store.path(entry.digest) / "manifest.json").read_text() == "mine"
    assert store.find(KEY) is not None


@pytest.mark.parametrize("damage", ["file gone", "file longer", "manifest gone", "artifact gone", "entry cut"])
def test_a_damaged_artifact_is_a_miss_and_is_healed_by_saving_again(store, damage):
    entry = save(store)
    folder = store.path(entry.digest)
    if damage == "file gone":
        (folder / "note.txt").unlink()
    elif damage == "file longer":
        (folder / "note.txt").write_text("hello, world")
    elif damage == "manifest gone":
        (folder / ".manifest.json").unlink()
    elif damage == "artifact gone":
        shutil.rmtree(folder)
    else:
        path = store.root / "entries" / f"{KEY}.json"
        path.write_bytes(path.read_bytes()[:20])
    assert store.find(KEY) is None
    assert save(store).digest == entry.digest
    assert store.load(store.find(KEY).digest, Lookup()) == Note("hello")


def test_a_flipped_byte_is_found_by_verifying_and_healed_by_saving(store):
    entry = save(store)
    (store.path(entry.digest) / "note.txt").write_text("hellO")
    assert store.find(KEY) is not None
    with pytest.raises(StoreError, match="is damaged"):
        store.verify(entry.digest)
    save(store)
    store.verify(entry.digest)


@pytest.mark.parametrize("name", ["../../etc", "A" * 64, "a" * 63, "a" * 63 + "/", ""])
def test_only_digests_become_paths(store, name):
    for call in (store.find, store.path, store.work_folder, store.discard_work, store.components):
        with pytest.raises(StoreError, match="is no digest"):
            call(name)


class Killed(BaseException):
    """Stands for a kill: no handler for errors sees it."""


STEPS = ("fsync", "rename", "replace")


def steps_of_saving(store, monkeypatch, stop_at=None):
    """Counts the durable steps of a save, and is killed before or after one of them."""
    done = []
    for name in STEPS:
        real = getattr(os, name)

        def step(*arguments, real=real, name=name, **more):
            number = len(done)
            done.append(name)
            if stop_at == (number, "before"):
                raise Killed
            result = real(*arguments, **more)
            if stop_at == (number, "after"):
                raise Killed
            return result

        monkeypatch.setattr(os, name, step)
    try:
        save(store, text="killed")
    finally:
        monkeypatch.undo()
    return done


def test_saving_syncs_every_file_before_it_renames_and_the_entry_last(store, monkeypatch):
    done = steps_of_saving(store, monkeypatch)
    assert done == ["fsync", "fsync", "rename", "fsync", "replace"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_a_save_leaves_the_whole_or_nothing(tmp_path, monkeypatch, when):
    count = len(steps_of_saving(ArtifactStore(tmp_path / "count"), monkeypatch))
    for number in range(count):
        store = ArtifactStore(tmp_path / f"{number}")
        save(store, OTHER, "before")
        with pytest.raises(Killed):
            steps_of_saving(store, monkeypatch, (number, when))
        fresh = ArtifactStore(store.root)
        entry = fresh.find(KEY)
        if entry is not None:
            fresh.verify(entry.digest)
        assert fresh.load(fresh.find(OTHER).digest, Lookup()) == Note("before")
        again = save(fresh, text="killed")
        fresh.verify(again.digest)
        assert fresh.load(again.digest, Lookup()) == Note("killed")


def test_a_store_that_cannot_be_written_is_told_and_left_as_it_was(store, monkeypatch):
    entry = save(store)
    before = sorted(path.relative_to(store.root) for path in store.root.rglob("*"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Note, "save", full)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        save(store, OTHER, "more")
    assert "free space" in caught.value.hint
    assert sorted(path.relative_to(store.root) for path in store.root.rglob("*")) == before
    assert store.find(KEY).digest == entry.digest


def test_links_of_runs_lead_to_artifacts(store):
    entry = save(store)
    store.link("run-1", "model[linear]", entry.digest)
    assert (store.root / "runs" / "run-1" / "model[linear]" / "note.txt").read_text() == "hello"
    assert (store.root / "runs" / "latest" / "model[linear]" / "note.txt").exists()
    store.link("run-2", "data", entry.digest)
    assert (store.root / "runs" / "latest").readlink().name == "run-2"


def test_what_killed_saves_left_is_removed_in_time(store):
    save(store)
    old, young = store.root / "tmp" / "old", store.root / "tmp" / "young"
    old.mkdir()
    young.mkdir()
    os.utime(old, (1, 1))
    save(ArtifactStore(store.root), OTHER)
    assert not old.exists()
    assert young.exists()


def test_work_folders_are_kept_until_they_are_discarded(store):
    work = store.work_folder(KEY)
    work.mkdir(parents=True)
    (work / "last.ckpt").write_text("state")
    assert store.work_folder(KEY) == work
    store.discard_work(KEY)
    assert not work.exists()
