"""The suite of artifacts catches what breaks their promises."""

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from headway.contracts import Artifact
from headway.testing import ArtifactSuite

from tests.unit.testing.conftest import Names


def saving(write):
    """An artifact class that saves by `write(folder)` and loads anything."""

    @dataclass(frozen=True)
    class Note(Artifact):
        type_name = "note"

        def save(self, folder):
            write(folder)

        @classmethod
        def load(cls, folder, lookup):
            return cls()

    return Note


def clock(folder):
    (folder / "note.json").write_text(json.dumps(time.time()))


def own_path(folder):
    (folder / "note.json").write_text(json.dumps(str(folder)))


def dice(folder):
    (folder / "note.json").write_text(json.dumps(random.random()))


@pytest.mark.parametrize("write", [clock, own_path, dice])
def test_bytes_that_change_are_caught(write, tmp_path, monkeypatch):
    with pytest.raises(AssertionError):
        ArtifactSuite().test_saving_gives_the_same_bytes_in_any_folder_at_any_time(
            saving(write)(), tmp_path, monkeypatch
        )


def test_an_artifact_that_keeps_its_promises_passes(tmp_path, monkeypatch):
    note = saving(lambda folder: (folder / "note.json").write_text("1"))
    suite, names = ArtifactSuite(), Names(note)
    suite.test_its_class_is_registered_under_its_type_name(note(), names)
    suite.test_saving_gives_the_same_bytes_in_any_folder_at_any_time(note(), tmp_path / "a", monkeypatch)
    suite.test_a_loaded_artifact_saves_the_bytes_it_was_loaded_from(note(), names, tmp_path / "b")
    suite.test_its_files_are_of_closed_formats(note(), tmp_path / "c")
    suite.test_its_files_tell_nothing_of_this_machine(note(), tmp_path / "d")
    suite.test_it_loads_from_a_read_only_folder_and_leaves_it_as_it_was(note(), names, tmp_path / "e")


@pytest.mark.parametrize("name", ["model.pkl", "model.pt", "code.py", "state.ckpt"])
def test_open_formats_are_caught(name, tmp_path):
    with pytest.raises(AssertionError):
        ArtifactSuite().test_its_files_are_of_closed_formats(saving(lambda f: (f / name).write_bytes(b"x"))(), tmp_path)


def test_a_folder_of_this_machine_is_caught(tmp_path):
    note = saving(lambda folder: (folder / "note.json").write_text(str(Path.cwd())))
    with pytest.raises(AssertionError, match=r"note\.json"):
        ArtifactSuite().test_its_files_tell_nothing_of_this_machine(note(), tmp_path)


def test_loading_that_writes_is_caught(tmp_path):
    @dataclass(frozen=True)
    class Caching(Artifact):
        type_name = "caching"

        def save(self, folder):
            (folder / "note.json").write_text("1")

        @classmethod
        def load(cls, folder, lookup):
            folder.chmod(0o755)
            (folder / "cache.json").write_text("2")
            return cls()

    with pytest.raises(AssertionError):
        ArtifactSuite().test_it_loads_from_a_read_only_folder_and_leaves_it_as_it_was(Caching(), Names(), tmp_path)
