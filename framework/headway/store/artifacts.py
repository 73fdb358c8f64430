"""The artifact store: folders of inert files, addressed by their content, found by cache key."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.errors import StoreError
from headway.store.files import link_atomically, remove_stale, sync_file, told, write_atomically

if TYPE_CHECKING:
    from headway.contracts import Artifact, Lookup

HEX = re.compile(r"[0-9a-f]{64}")
MANIFEST = ".manifest.json"
STALE = 86_400.0
"""Seconds after which what lies in the scratch folder belongs to a process that was killed."""


@dataclass(frozen=True)
class Entry:
    """What a cache key led to.

    Attributes:
        digest: The artifact's digest.
        type: The registered name of its type.
        metrics: Final metrics, replayed on a hit.
        history: Intermediate metrics as (step, metrics).
        components: What the key was made of.
    """

    digest: str
    type: str
    metrics: Mapping[str, float]
    history: Sequence[tuple[int, Mapping[str, float]]]
    components: Mapping[str, Any]


class ArtifactStore:
    """Artifacts in a folder.

    An artifact lies in ``artifacts/DIGEST``; its digest is the hash of its manifest, which lists type, size
    and SHA-256 of every file. ``entries/KEY.json`` says what a key led to. Both appear by a rename, the
    entry last, so a key leads to a whole artifact or to none.

    Args:
        root: The store's folder; made when something is saved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._swept = False

    def find(self, key: str) -> Entry | None:
        """What a key led to, if the artifact is there with every file at its size."""
        try:
            entry = Entry(**json.loads(self._entry(key).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return entry if self._is_whole(entry.digest) else None

    def components(self, key: str) -> Mapping[str, Any] | None:
        """What a key was made of, even if its artifact is gone."""
        try:
            return dict(json.loads(self._entry(key).read_bytes())["components"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def save(
        self,
        key: str,
        artifact: Artifact,
        *,
        metrics: Mapping[str, float],
        history: Sequence[tuple[int, Mapping[str, float]]],
        components: Mapping[str, Any],
    ) -> Entry:
        """Saves an artifact under a key, atomically.

        Raises:
            StoreError: The store cannot be written; it is left as it was.
        """
        with told(self.root, "save"):
            digest = self._save_artifact(artifact)
            entry = Entry(digest, artifact.type_name, metrics, history, components)
            content = json.dumps(asdict(entry)).encode()  # in the order in which the stage gave its metrics
            write_atomically(self._entry(key), content, self.root / "tmp")
        return entry

    def _save_artifact(self, artifact: Artifact) -> str:
        folder = self._scratch()
        try:
            artifact.save(folder)
            manifest = _manifest(folder, artifact.type_name)
            (folder / MANIFEST).write_bytes(manifest)
            _sync_files(folder)
            digest = hashlib.sha256(manifest).hexdigest()
            self._place(folder, digest)
        finally:
            if folder.exists():
                shutil.rmtree(folder, ignore_errors=True)
        return digest

    def _scratch(self) -> Path:
        """A new folder of the store's own file system, to write in before renaming."""
        folder = self.root / "tmp" / secrets.token_hex(8)
        try:
            folder.mkdir()
        except FileNotFoundError:
            for name in ("artifacts", "entries", "tmp"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        if not self._swept:
            remove_stale(self.root / "tmp", STALE)
            self._swept = True
        return folder

    def _place(self, folder: Path, digest: str) -> None:
        place = self.path(digest)
        if place.exists() and not self._is_intact(digest):
            place.replace(folder.with_suffix(".damaged"))
        if not place.exists():
            try:
                folder.rename(place)
            except OSError:
                if not self._is_whole(digest):  # else another process was faster, with the same content
                    raise

    def path(self, digest: str) -> Path:
        """The folder of an artifact; raises `StoreError` if `digest` is no digest."""
        return self.root / "artifacts" / _hex(digest)

    def _entry(self, key: str) -> Path:
        return self.root / "entries" / f"{_hex(key)}.json"

    def _files(self, digest: str) -> dict[str, Any] | None:
        try:
            manifest = json.loads((self.path(digest) / MANIFEST).read_bytes())
            return dict(manifest["files"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _is_whole(self, digest: str) -> bool:
        """Whether every file is there at its size: cheap, enough for a hit."""
        files, folder = self._files(digest), self.path(digest)
        try:
            return files is not None and all((folder / n).stat().st_size == f["size"] for n, f in files.items())
        except OSError:
            return False

    def _is_intact(self, digest: str) -> bool:
        """Whether every byte is as it was saved."""
        files, folder = self._files(digest), self.path(digest)
        if files is None or not self._is_whole(digest):
            return False
        same = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() == digest
        return same and all(_sha256(folder / name) == file["sha256"] for name, file in files.items())

    def verify(self, digest: str) -> None:
        """Reads every byte of an artifact; raises `StoreError` if one changed since it was saved."""
        if not self._is_intact(digest):
            raise StoreError(
                f"artifact {digest[:12]} is damaged: its files are not what was saved",
                hint=f"remove {self.path(digest)}; the next run computes it again",
                code="damaged",
            )

    def load(self, digest: str, lookup: Lookup) -> Artifact:
        """Loads an artifact by its digest."""
        manifest = json.loads((self.path(digest) / MANIFEST).read_bytes())
        artifact: Artifact = lookup.get("artifact", manifest["type"]).load(self.path(digest), lookup)
        return artifact

    def work_folder(self, key: str) -> Path:
        """The private folder of the stage that computes a key, kept if it is killed; it may not exist yet."""
        return self.root / "work" / _hex(key)

    def discard_work(self, key: str) -> None:
        """Removes a work folder."""
        folder = self.root / "work" / _hex(key)
        if folder.exists():  # most stages make none
            shutil.rmtree(folder, ignore_errors=True)

    def run_folder(self, run: str) -> Path:
        """The folder of links of a run."""
        return self.root / "runs" / run

    def link(self, run: str, label: str, digest: str) -> None:
        """Links a run's stage to its artifact, for people."""
        folder = self.run_folder(run)
        with told(folder, "link a run to its artifacts"):
            folder.mkdir(parents=True, exist_ok=True)
            link_atomically(folder / label, f"../../artifacts/{_hex(digest)}")
            link_atomically(folder.parent / "latest", run)


def _hex(text: str) -> str:
    if not HEX.fullmatch(text):
        raise StoreError(f"{text[:80]!r} is no digest", code="digest")
    return text


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _manifest(folder: Path, type_name: str) -> bytes:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {p.relative_to(folder).as_posix(): {"sha256": _sha256(p), "size": p.stat().st_size} for p in paths}
    return json.dumps({"files": files, "type": type_name}, sort_keys=True, indent=1).encode()


def _sync_files(folder: Path) -> None:
    """Makes the bytes of an artifact durable before anything leads to them.

    Names need no sync of their own: if a power failure loses a folder, its entry leads nowhere and is a miss.
    The same holds for the manifest, which is JSON and is read by every look-up.
    """
    for path in folder.rglob("*"):
        if path.is_file() and path.name != MANIFEST:
            sync_file(path)
