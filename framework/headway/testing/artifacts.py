# ruff: noqa: S101 - assertions are what a suite is made of
"""What holds for every artifact."""

from __future__ import annotations

import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headway.contracts import Artifact, Lookup
from headway.plugins import load

CLOSED = (".json", ".parquet", ".npy", ".safetensors", ".onnx", ".html", ".svg")
"""The formats an artifact may consist of: all are data, none can run code when read."""

_DAY = 86_400.0


def contents(folder: Path) -> dict[str, bytes]:
    """The files below `folder`: relative path to content."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def save(artifact: Artifact, folder: Path) -> dict[str, bytes]:
    """Saves into a new folder and gives what was written."""
    folder.mkdir(parents=True)
    artifact.save(folder)
    return contents(folder)


class ArtifactSuite:
    """Saving and loading. Subclasses supply the fixture `artifact`, and `registry` if it is not the default."""

    @pytest.fixture
    def artifact(self) -> Any:
        """The artifact under test."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'artifact'")

    @pytest.fixture
    def registry(self) -> Lookup:
        """Names to classes, for loading."""
        return load().registry

    def test_its_class_is_registered_under_its_type_name(self, artifact: Artifact, registry: Lookup) -> None:
        """Otherwise the store could not load it."""
        assert registry.get("artifact", artifact.type_name) is type(artifact)

    def test_saving_gives_the_same_bytes_in_any_folder_at_any_time(
        self, artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Equal artifacts have equal bytes: no path, no clock, no iteration order."""
        first = save(artifact, tmp_path / "first")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + _DAY)
        assert save(artifact, tmp_path / "elsewhere" / "second") == first

    def test_a_loaded_artifact_saves_the_bytes_it_was_loaded_from(
        self, artifact: Artifact, registry: Lookup, tmp_path: Path
    ) -> None:
        """Nothing is lost or changed by a round trip."""
        first = save(artifact, tmp_path / "first")
        loaded = type(artifact).load(tmp_path / "first", registry)
        assert save(loaded, tmp_path / "second") == first

    def test_its_files_are_of_closed_formats(self, artifact: Artifact, tmp_path: Path) -> None:
        """No pickle, no code, no unknown format."""
        names = save(artifact, tmp_path / "saved")
        assert names, "nothing was saved"
        assert [name for name in names if not name.endswith(CLOSED)] == []

    def test_its_files_tell_nothing_of_this_machine(self, artifact: Artifact, tmp_path: Path) -> None:
        """No folder, host name, user's home or date in any file."""
        telling = {str(tmp_path), str(Path.cwd()), str(Path.home()), f"{datetime.now(UTC):%Y-%m-%d}"}
        telling |= {socket.gethostname(), str(Path(__file__).parents[2])} - {"localhost"}
        wanted = [text.encode() for text in telling if len(text) > 5]
        for name, content in save(artifact, tmp_path / "saved").items():
            assert [text for text in wanted if text in content] == [], f"{name} holds it"

    def test_it_loads_from_a_read_only_folder_and_leaves_it_as_it_was(
        self, artifact: Artifact, registry: Lookup, tmp_path: Path
    ) -> None:
        """The store's files are shared: a reader must not need to write, nor leave anything."""
        folder = tmp_path / "saved"
        before = save(artifact, folder)
        everything = [folder, *folder.rglob("*")]
        for path in everything:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            loaded = type(artifact).load(folder, registry)
            assert save(loaded, tmp_path / "again") == before
            assert contents(folder) == before
        finally:
            for path in everything:
                os.chmod(path, 0o755 if path.is_dir() else 0o644)  # noqa: PTH101 - undo in any order
