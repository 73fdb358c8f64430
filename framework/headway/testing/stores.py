# ruff: noqa: S101 - assertions are what a suite is made of
"""What holds for every place that keeps artifacts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from headway.contracts import Artifact, Lookup
from headway.errors import StoreError
from headway.store import ArtifactStore, Entry, Item

OpenArtifacts = Callable[[], ArtifactStore]
KEY, OTHER = "a" * 64, "b" * 64


@dataclass(frozen=True)
class Note(Artifact):
    """A text and its length, in two files."""

    type_name: ClassVar[str] = "note"
    text: str

    def save(self, folder: Path) -> None:
        """Writes both, one in a folder of its own."""
        (folder / "note.txt").write_text(self.text)
        (folder / "more").mkdir()
        (folder / "more" / "length.json").write_text(json.dumps(len(self.text)))

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Note:
        """Reads the text."""
        return cls((folder / "note.txt").read_text())


class Notes:
    """A registry that knows notes alone."""

    def get(self, kind: str, name: str) -> Any:
        """The class `Note`."""
        assert (kind, name) == ("artifact", "note")
        return Note


def save(store: ArtifactStore, key: str = KEY, text: str = "hello", **more: Any) -> Entry:
    """Saves a note under a key."""
    return store.save(key, Note(text), **({"metrics": {}, "history": [], "components": {}} | more))


def items(store: ArtifactStore, kind: str) -> list[Item]:
    """What lies in the store of one kind."""
    return [item for item in store.contents() if item.kind == kind]


class ArtifactStoreSuite:
    """An artifact store. Subclasses supply the fixture `open_artifacts`."""

    @pytest.fixture
    def open_artifacts(self) -> OpenArtifacts:
        """Opens the same, first empty, store each time it is called, as another process would."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'open_artifacts'")

    @pytest.fixture
    def store(self, open_artifacts: OpenArtifacts) -> ArtifactStore:
        """The store under test."""
        return open_artifacts()

    def test_what_is_saved_is_found_and_loaded(self, open_artifacts: OpenArtifacts, store: ArtifactStore) -> None:
        """By another process too; an unknown key leads to nothing."""
        metrics = {"b": 0.9, "a": 0.1}
        entry = save(store, metrics=metrics, history=[(1, {"loss": 0.5})], components={"config": {"x": 1}})
        found = open_artifacts().find(KEY)
        assert found is not None
        assert (found.digest, found.type, found.components) == (entry.digest, "note", {"config": {"x": 1}})
        assert list(found.metrics.items()) == list(metrics.items())
        assert [(step, metrics) for step, metrics in found.history] == [(1, {"loss": 0.5})]
        assert store.load(found.digest, Notes()) == Note("hello")
        assert store.components(KEY) == {"config": {"x": 1}}
        assert store.find(OTHER) is None
        assert store.components(OTHER) is None
        assert store.has(found.digest)
        assert not store.has("c" * 64)

    def test_an_empty_store_is_empty_and_stays_so(self, store: ArtifactStore) -> None:
        """Looking makes nothing."""
        assert store.find(KEY) is None
        assert list(store.contents()) == []

    def test_equal_content_lies_there_once(self, store: ArtifactStore) -> None:
        """Whatever the keys."""
        assert save(store).digest == save(store, OTHER).digest
        assert save(store, "c" * 64, "other").digest != save(store).digest
        assert len(items(store, "artifact")) == 2
        assert {item.name: item.digest for item in items(store, "entry")}[OTHER] == save(store).digest

    def test_a_key_leads_to_what_was_saved_last(self, store: ArtifactStore) -> None:
        """An effect gives something new each time."""
        save(store, text="first")
        entry = save(store, text="second")
        assert store.find(KEY) == entry

    @pytest.mark.parametrize("damage", ["file gone", "file longer", "manifest gone", "manifest cut", "all gone"])
    def test_half_an_artifact_is_a_miss_and_is_healed_by_saving_again(self, store: ArtifactStore, damage: str) -> None:
        """Nothing half is ever loaded."""
        entry = save(store)
        folder = store.path(entry.digest)
        if damage == "file gone":
            (folder / "note.txt").unlink()
        elif damage == "file longer":
            (folder / "note.txt").write_text("hello, world")
        elif damage == "manifest gone":
            (folder / ".manifest.json").unlink()
        elif damage == "manifest cut":
            (folder / ".manifest.json").write_bytes((folder / ".manifest.json").read_bytes()[:40])
        else:
            for item in items(store, "artifact"):
                store.remove(item)
        assert store.find(KEY) is None
        assert not store.has(entry.digest)
        assert store.components(KEY) == {}
        with pytest.raises(StoreError, match="is damaged"):
            store.verify(entry.digest)
        assert save(store).digest == entry.digest
        assert store.load(entry.digest, Notes()) == Note("hello")

    def test_a_flipped_byte_is_found_by_verifying_and_healed_by_saving(self, store: ArtifactStore) -> None:
        """A look-up alone does not read every byte."""
        entry = save(store)
        (store.path(entry.digest) / "note.txt").write_text("hellO")
        with pytest.raises(StoreError, match="is damaged"):
            store.verify(entry.digest)
        save(store)
        store.verify(entry.digest)

    @pytest.mark.parametrize("name", ["../../etc", "A" * 64, "a" * 63, "a" * 63 + "/", "a" * 64 + "\n", ""])
    def test_only_digests_become_paths(self, store: ArtifactStore, name: str) -> None:
        """Names come from records and from users."""
        for call in (store.find, store.path, store.has, store.work_folder, store.discard_work, store.components):
            with pytest.raises(StoreError, match="is no digest"):
                call(name)

    def test_an_artifact_that_fails_to_save_leaves_nothing(self, store: ArtifactStore) -> None:
        """The error is the artifact's own."""

        class Broken(Note):
            def save(self, folder: Path) -> None:
                super().save(folder)
                raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            store.save(KEY, Broken("x"), metrics={}, history=[], components={})
        assert list(store.contents()) == []

    def test_work_folders_are_kept_until_they_are_discarded(self, store: ArtifactStore) -> None:
        """They hold what a killed stage goes on from."""
        folder = store.work_folder(KEY)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "last.ckpt").write_text("state")
        assert (store.work_folder(KEY) / "last.ckpt").exists()
        assert [(item.name, item.size) for item in items(store, "work")] == [(KEY, 5)]
        store.discard_work(KEY)
        store.discard_work(KEY)
        assert items(store, "work") == []

    def test_runs_are_linked_to_their_artifacts(self, store: ArtifactStore) -> None:
        """For people who look into the folder of a run."""
        entry = save(store)
        store.open_folder("run-1")
        store.link("run-1", "model[linear]", entry.digest)
        store.link("run-1", "model[linear]", entry.digest)
        assert (store.run_folder("run-1") / "model[linear]" / "note.txt").read_text() == "hello"
        assert [(item.name, item.digest) for item in items(store, "link")] == [("run-1/model[linear]", entry.digest)]

    def test_everything_can_be_listed_and_removed(self, store: ArtifactStore) -> None:
        """With its size and the time of its last change."""
        entry = save(store)
        store.open_folder("run-1")
        store.link("run-1", "model", entry.digest)
        store.work_folder(OTHER).mkdir(parents=True, exist_ok=True)
        found = {item.kind: item for item in store.contents()}
        assert found["artifact"].name == entry.digest
        assert found["artifact"].type == "note"
        files = [path for path in store.path(entry.digest).rglob("*") if path.is_file()]
        assert found["artifact"].size == sum(path.stat().st_size for path in files)
        assert found["entry"].modified >= found["artifact"].modified - 1 > 0
        for item in list(store.contents()):
            store.remove(item)
            store.remove(item)
        assert list(store.contents()) == []
        assert store.find(KEY) is None

    def test_what_a_killed_process_was_writing_is_swept(
        self, open_artifacts: OpenArtifacts, store: ArtifactStore
    ) -> None:
        """And nothing else."""
        entry = save(store)

        class Killed(Note):
            def save(self, folder: Path) -> None:
                super().save(folder)
                os._exit(1)

        child = os.fork()
        if child == 0:
            open_artifacts().save(OTHER, Killed("x"), metrics={}, history=[], components={})
        os.waitpid(child, 0)
        store.sweep()
        assert {item.kind for item in store.contents()} == {"artifact", "entry"}
        assert store.find(KEY) == entry
        assert store.find(OTHER) is None
