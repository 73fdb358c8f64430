"""The manifest of an artifact's folder: type, size and SHA-256 of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from headway.store.files import sync_file
from headway.watched import sha256

P = TypeVar("P")
T = TypeVar("T")

MANIFEST = ".manifest.json"
LARGE = 4_000_000
"""Bytes from which files are hashed by two threads, while a third waits for the disk."""


def seal(folder: Path, type_name: str) -> str:
    """Writes the manifest of a folder, makes its files durable, and gives the digest: the hash of the manifest.

    Every byte is read once. Names and the manifest need no sync of their own: if a power failure loses a folder, its
    entry leads nowhere and is a miss, and the manifest is JSON that is read by every look-up.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sizes = [path.stat().st_size for path in paths]
    hashes = _hashed_and_synced(paths, sum(sizes))
    files = {
        path.relative_to(folder).as_posix(): {"sha256": found, "size": size}
        for path, found, size in zip(paths, hashes, sizes, strict=True)
    }
    content = json.dumps({"files": files, "type": type_name}, sort_keys=True, indent=1).encode()
    (folder / MANIFEST).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def read_manifest(folder: Path) -> Mapping[str, Any] | None:
    """The manifest of a folder; None if there is none that can be understood."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        sound = all(
            isinstance(file["size"], int) and isinstance(file["sha256"], str) for file in manifest["files"].values()
        )
        return manifest if sound and isinstance(manifest["type"], str) else None
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        return None


def is_whole(folder: Path) -> bool:
    """Whether every file is there at its size: cheap, enough for a hit."""
    manifest = read_manifest(folder)
    try:
        return manifest is not None and all(
            (folder / name).stat().st_size == file["size"] for name, file in manifest["files"].items()
        )
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_intact(folder: Path) -> bool:
    """Whether every byte is as it was saved."""
    manifest = read_manifest(folder)
    if manifest is None or not is_whole(folder):
        return False
    if hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() != folder.name:
        return False
    names = list(manifest["files"])
    size = sum(file["size"] for file in manifest["files"].values())
    hashes = _spread(lambda name: sha256(folder / name), names, size)
    return all(manifest["files"][name]["sha256"] == found for name, found in zip(names, hashes, strict=True))


def _hashed_and_synced(paths: Sequence[Path], size: int) -> list[str]:
    if size < LARGE:
        _sync(paths)
        return [sha256(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        synced = pool.submit(_sync, paths)
        hashes = _spread(sha256, paths, size)
        synced.result()
    return hashes


def _sync(paths: Iterable[Path]) -> None:
    for path in paths:
        sync_file(path)


def _spread(call: Callable[[P], T], items: Sequence[P], size: int) -> list[T]:
    if size < LARGE:
        return [call(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(call, items))
