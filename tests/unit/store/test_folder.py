"""Artifacts in a folder: atomic, and every trouble told."""

import errno
import os
from pathlib import Path

import polars as pl
import pytest
from headway.errors import StoreError
from headway.store.folder import FolderStore
from headway.testing import ArtifactStoreSuite, tiny_dataset
from headway.testing.stores import KEY, OTHER, Note, Notes, save


class TestFolderStore(ArtifactStoreSuite):
    @pytest.fixture
    def open_artifacts(self, tmp_path):
        return lambda: FolderStore(tmp_path / "store")


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


def test_an_artifact_may_have_a_file_called_manifest(store):
    class Named(Note):
        def save(self, folder):
            (folder / "manifest.json").write_text("mine")

    entry = store.save(KEY, Named("x"), metrics={}, history=[], components={})
    assert (store.path(entry.digest) / "manifest.json").read_text() == "mine"
    assert store.find(KEY) is not None


def test_the_digest_does_not_depend_on_the_place(store, tmp_path):
    assert save(store).digest == save(FolderStore(tmp_path / "elsewhere")).digest


def test_a_large_artifact_has_the_digest_of_its_bytes(store, monkeypatch):
    digest = save(store).digest
    monkeypatch.setattr("headway.store.manifest.LARGE", 0)
    assert save(FolderStore(store.root.parent / "threads")).digest == digest
    store.verify(digest)


REST = '"type": "n", "metrics": {}, "history": [], "components": {}}'


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"digest": "x"}', b"\xff\xfe", '{"digest": 3, ' + REST, '{"digest": "../..", ' + REST],
    ids=["empty", "cut", "list", "null", "short", "no text", "number", "path"],
)
def test_a_damaged_entry_is_a_miss_is_left_as_it_was_and_is_healed_by_saving_again(store, text):
    entry = save(store)
    path = store.root / "entries" / f"{KEY}.json"
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    assert store.find(KEY) is None
    assert store.components(KEY) is None
    assert [item.digest for item in store.contents() if item.kind == "entry"] == [None]
    assert path.read_bytes() == content
    save(store)
    assert store.find(KEY) == entry


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"files": [], "type": "note"}', '{"files": {"note.txt": 3}, "type": "note"}']
)
def test_a_damaged_manifest_is_a_miss_and_never_loaded(store, manifest):
    entry = save(store)
    (store.path(entry.digest) / ".manifest.json").write_text(manifest)
    assert store.find(KEY) is None
    with pytest.raises(StoreError, match="is damaged"):
        store.load(entry.digest, Notes())
    save(store)
    store.verify(entry.digest)


def test_what_cannot_be_read_is_told_with_its_place(store, monkeypatch):
    save(store)

    def denied(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)
    for call in (store.find, store.components):
        with pytest.raises(StoreError, match=r"cannot be read: Permission denied .*entries"):
            call(KEY)


def test_a_store_that_is_a_file_is_told(tmp_path):
    (tmp_path / "store").write_text("no folder")
    with pytest.raises(StoreError, match="Not a directory"):
        FolderStore(tmp_path / "store").find(KEY)
    with pytest.raises(StoreError, match="Not a directory"):
        save(FolderStore(tmp_path / "store"))


class Killed(BaseException):
    """Stands for a kill: no handler for errors sees it."""


STEPS = ("fsync", "rename", "replace")


def steps_of_saving(store, monkeypatch, stop_at=None, key=KEY):
    """Counts the durable steps of a save, and is killed before or after one of them."""
    done = []
    for name in STEPS:
        real = getattr(os, name)

        def step(*arguments, real=real, name=name, **more):
            number, (at, what) = len(done), stop_at or (None, None)
            done.append(name)
            if number == at and isinstance(what, OSError):
                raise what
            if (number, "before") == (at, what):
                raise Killed
            result = real(*arguments, **more)
            if (number, "after") == (at, what):
                raise Killed
            return result

        monkeypatch.setattr(os, name, step)
    try:
        save(store, key, text="killed")
    finally:
        monkeypatch.undo()
    return done


def test_saving_syncs_every_file_before_it_renames_and_the_entry_last(store, monkeypatch):
    done = steps_of_saving(store, monkeypatch)
    assert done == ["fsync", "fsync", "rename", "fsync", "replace"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_a_save_leaves_the_whole_or_nothing(tmp_path, monkeypatch, when):
    count = len(steps_of_saving(FolderStore(tmp_path / "count"), monkeypatch))
    for number in range(count):
        store = FolderStore(tmp_path / f"{number}")
        save(store, OTHER, "before")
        with pytest.raises(Killed):
            steps_of_saving(store, monkeypatch, (number, when))
        fresh = FolderStore(store.root)
        entry = fresh.find(KEY)
        if entry is not None:
            fresh.verify(entry.digest)
        assert fresh.load(fresh.find(OTHER).digest, Notes()) == Note("before")
        again = save(fresh, text="killed")
        fresh.verify(again.digest)
        assert fresh.load(again.digest, Notes()) == Note("killed")


def everything(root):
    return {path.relative_to(root): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
def test_an_error_at_any_step_is_told_and_leaves_what_was_saved(store, monkeypatch, step, number):
    entry = save(store)
    before = everything(store.root)
    with pytest.raises(StoreError, match=os.strerror(number)) as caught:
        steps_of_saving(store, monkeypatch, (step, OSError(number, os.strerror(number))), OTHER)
    assert "free space" in caught.value.hint
    after = everything(store.root)
    extra = set(after) - set(before)
    assert {path: after[path] for path in before} == before
    assert all(path.parts[0] == "artifacts" for path in extra), "scratch was left"
    assert bool(extra) == (step > 2), "the artifact is whole when the entry fails"
    assert store.find(OTHER) is None
    assert store.find(KEY) == entry
    again = save(store, OTHER, "killed")
    store.verify(again.digest)


def test_an_error_of_writing_is_told(store, monkeypatch):
    entry = save(store)
    before = everything(store.root)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Note, "save", full)
    with pytest.raises(StoreError, match="No space left on device"):
        save(store, OTHER, "more")
    assert everything(store.root) == before
    assert store.find(KEY) == entry


def test_links_of_runs_lead_to_artifacts(store):
    entry = save(store)
    store.open_folder("run-1")
    store.link("run-1", "model[linear]", entry.digest)
    assert (store.root / "runs" / "run-1" / "model[linear]" / "note.txt").read_text() == "hello"
    assert (store.root / "runs" / "latest" / "model[linear]" / "note.txt").exists()
    store.open_folder("run-2")
    assert (store.root / "runs" / "latest").readlink().name == "run-2"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_rows_that_do_not_fit_on_the_disk_are_told_and_leave_what_was_saved(store, monkeypatch):
    entry = save(store)
    before = everything(store.root)
    sink = pl.LazyFrame.sink_parquet
    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", lambda frame, _, **how: sink(frame, "/dev/full", **how))
    with pytest.raises(StoreError, match="no space is left") as caught:
        store.save(OTHER, tiny_dataset(), metrics={}, history=[], components={})
    assert caught.value.code == "disk-full"
    assert str(store.root) in str(caught.value)
    assert everything(store.root) == before
    assert store.find(KEY) == entry


def test_files_that_are_no_links_lie_among_those_of_a_run_and_are_left(store):
    digest = save(store).digest
    store.open_folder("one")
    store.link("one", "model", digest)
    finder = store.run_folder("one") / ".DS_Store"
    finder.write_text("")
    (link,) = [item for item in store.contents() if item.kind == "link"]
    assert (link.name, link.digest) == ("one/model", digest)
    store.remove(link)
    assert finder.exists()


def test_what_vanishes_while_the_store_is_listed_is_no_trouble(store, monkeypatch):
    folder = store.work_folder(KEY)
    folder.mkdir(parents=True)
    (folder / "kept").write_text("1234")
    walk = os.walk
    monkeypatch.setattr(os, "walk", lambda top: [(at, within, [*names, "gone"]) for at, within, names in walk(top)])
    assert [(item.kind, item.size) for item in store.contents()] == [("work", 4)]
