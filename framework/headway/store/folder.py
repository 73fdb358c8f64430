"""Artifacts in a folder of a local or shared file system."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.errors import StoreError
from headway.store.artifacts import Entry, Item
from headway.store.files import link_atomically, remove, told, write_atomically
from headway.store.locks import KeyLock, is_held
from headway.store.manifest import is_intact, is_whole, read_manifest, seal

if TYPE_CHECKING:
    from headway.contracts import Artifact, Lookup

HEX = re.compile(r"[0-9a-f]{64}")


class FolderStore:
    """Artifacts in ``artifacts/DIGEST``, what keys led to in ``entries/KEY.json``; see `headway.store.ArtifactStore`.

    Everything is written in ``tmp`` and appears by a rename.

    Args:
        root: The store's folder; made when something is saved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, key: str) -> Entry | None:
        """See `ArtifactStore`."""
        entry = self._read(key)
        return entry if entry is not None and self.has(entry.digest) else None

    def components(self, key: str) -> Mapping[str, Any] | None:
        """See `ArtifactStore`."""
        entry = self._read(key)
        return entry.components if entry else None

    def _read(self, key: str) -> Entry | None:
        path = self._entry(key)
        try:
            entry = Entry(**json.loads(path.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        sound = isinstance(entry.digest, str) and HEX.fullmatch(entry.digest) and isinstance(entry.components, dict)
        return entry if sound and isinstance(entry.metrics, dict) else None

    def save(
        self,
        key: str,
        artifact: Artifact,
        *,
        metrics: Mapping[str, float],
        history: Sequence[tuple[int, Mapping[str, float]]],
        components: Mapping[str, Any],
    ) -> Entry:
        """See `ArtifactStore`."""
        place = self._entry(key)
        with told(self.root, "save"):
            digest = self._save_artifact(artifact)
            entry = Entry(digest, artifact.type_name, metrics, history, components)
            content = json.dumps(asdict(entry)).encode()  # in the order in which the stage gave its metrics
            write_atomically(place, content, self.root / "tmp")
        return entry

    def _save_artifact(self, artifact: Artifact) -> str:
        folder = self._scratch()
        try:
            artifact.save(folder)
            digest = seal(folder, artifact.type_name)
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
        return folder

    def _place(self, folder: Path, digest: str) -> None:
        place = self.path(digest)
        if place.exists() and not is_intact(place):
            place.replace(folder.with_suffix(".damaged"))
        if not place.exists():
            try:
                folder.rename(place)
            except OSError:
                if not is_whole(place):  # else another process was faster, with the same content
                    raise

    def path(self, digest: str) -> Path:
        """See `ArtifactStore`."""
        return self.root / "artifacts" / _hex(digest)

    def _entry(self, key: str) -> Path:
        return self.root / "entries" / f"{_hex(key)}.json"

    def has(self, digest: str) -> bool:
        """See `ArtifactStore`."""
        path = self.path(digest)
        try:
            return is_whole(path)
        except OSError as error:
            raise _unreadable(path, error) from error

    def verify(self, digest: str) -> None:
        """See `ArtifactStore`."""
        path = self.path(digest)
        try:
            intact = is_intact(path)
        except OSError as error:
            raise _unreadable(path, error) from error
        if not intact:
            raise _damaged(digest)

    def load(self, digest: str, lookup: Lookup) -> Artifact:
        """See `ArtifactStore`."""
        folder = self.path(digest)
        manifest = read_manifest(folder)
        if manifest is None:
            raise _damaged(digest)
        artifact: Artifact = lookup.get("artifact", manifest["type"]).load(folder, lookup)
        return artifact

    def work_folder(self, key: str) -> Path:
        """See `ArtifactStore`."""
        return self.root / "work" / _hex(key)

    def discard_work(self, key: str) -> None:
        """See `ArtifactStore`."""
        folder = self.root / "work" / _hex(key)
        if folder.exists():  # most stages make none
            shutil.rmtree(folder, ignore_errors=True)

    def run_folder(self, run: str) -> Path:
        """See `ArtifactStore`."""
        return self.root / "runs" / run

    def open_folder(self, run: str) -> None:
        """See `ArtifactStore`."""
        folder = self.run_folder(run)
        with told(folder, "make the folder of a run"):
            folder.mkdir(parents=True, exist_ok=True)
            link_atomically(folder.parent / "latest", run)

    def link(self, run: str, label: str, digest: str) -> None:
        """See `ArtifactStore`."""
        folder = self.run_folder(run)
        with told(folder, "link a run to its artifacts"):
            link_atomically(folder / label, f"../../artifacts/{_hex(digest)}")

    def contents(self) -> Iterator[Item]:
        """See `ArtifactStore`."""
        with told(self.root, "be listed"):
            for path in self._children("artifacts"):
                manifest = read_manifest(path)
                yield Item("artifact", path.name, *_measure(path), path.name, manifest["type"] if manifest else "")
            for path in self._children("entries"):
                yield Item("entry", path.stem, *_measure(path), self._leads_to(path.stem))
            for path in self._children("work"):
                yield Item("work", path.name, *_measure(path))
            for path in self._children("tmp"):
                yield Item("scratch", path.name, *_measure(path))
            for path in self._children("locks"):
                yield Item("lock", path.stem, *_measure(path))
            yield from self._links()

    def _children(self, name: str) -> list[Path]:
        folder = self.root / name
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _leads_to(self, key: str) -> str | None:
        entry = self._read(key) if HEX.fullmatch(key) else None
        return entry.digest if entry else None

    def _links(self) -> Iterator[Item]:
        for folder in self._children("runs"):
            for link in sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else ():
                if link.is_symlink():  # file managers leave files of their own
                    yield Item("link", f"{folder.name}/{link.name}", *_measure(link), link.readlink().name)

    def remove(self, item: Item) -> None:
        """See `ArtifactStore`."""
        with told(self.root, f"remove {item.kind} {item.name[:12]}"):
            if item.kind in ("artifact", "work"):
                self._remove_folder({"artifact": "artifacts", "work": "work"}[item.kind], item.name)
            elif item.kind == "lock":
                self._remove_lock(item.name)
            elif item.kind == "link":
                self._remove_link(self.root / "runs" / item.name)
            elif item.kind == "scratch":
                remove(self.root / "tmp" / item.name)
            else:
                (self.root / "entries" / f"{item.name}.json").unlink(missing_ok=True)

    def _remove_folder(self, kind: str, name: str) -> None:
        (self.root / "tmp").mkdir(exist_ok=True)
        beside = self.root / "tmp" / f"{secrets.token_hex(8)}.removed"
        with suppress(FileNotFoundError):
            (self.root / kind / name).rename(beside)
            remove(beside)

    def _remove_lock(self, name: str) -> None:
        lock = KeyLock(self.root, name)
        if lock.try_acquire():
            lock.release()

    def _remove_link(self, link: Path) -> None:
        link.unlink(missing_ok=True)
        with suppress(OSError):  # others are left
            link.parent.rmdir()
        latest = self.root / "runs" / "latest"
        if latest.is_symlink() and not latest.exists():
            latest.unlink()

    def sweep(self) -> None:
        """See `ArtifactStore`."""
        left = [path for path in self._children("locks") if not is_held(self.root, path.stem)]
        for path in [*self._children("tmp"), *left]:
            with suppress(OSError):
                remove(path)


def _hex(text: str) -> str:
    if not HEX.fullmatch(text):
        raise StoreError(f"{text[:80]!r} is no digest", code="digest")
    return text


def _measure(path: Path) -> tuple[int, float]:
    """Bytes of all files, and the time of the last change of any; what vanishes meanwhile has changed just now."""
    stats = list(_stats([path]))
    if path.is_dir() and not path.is_symlink():
        stats += _stats(Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    files = stats[1:] or stats
    return sum(stat.st_size for stat in files), max((stat.st_mtime for stat in stats), default=time.time())


def _stats(paths: Iterable[Path]) -> Iterator[os.stat_result]:
    for path in paths:
        with suppress(FileNotFoundError):
            yield path.lstat()


def _damaged(digest: str) -> StoreError:
    return StoreError(
        f"artifact {digest[:12]} is damaged: its files are not what was saved",
        hint="headway store verify --repair removes what is damaged; the next run computes it again",
        code="damaged",
    )


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the store cannot be read: {error.strerror or error} ({path})",
        hint="check the permissions of the folder; nothing was changed",
        code="store",
    )
