"""The files that a key was made of: as they were then, and whether they are the same still."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import stat_result
from pathlib import Path

from headway.paths import source_files

Watched = Mapping[str, Mapping[str, Sequence[str]]]
"""Part of a key's components → name there, such as a module's → its file, folder or glob, and the stamp of that."""
Digests = Mapping[str, Callable[[Path], str]]
"""Part of a key's components → what gives the digest of one file there."""


def stamp_of(stat: stat_result) -> str:
    """What changes when a file is written; the same stamp means the same content."""
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"


def content_of(path: Path, look: Callable[[Path], tuple[str, str]]) -> tuple[str, str]:
    """The stamp and the digest of a resolved source.

    Args:
        path: A file, a folder or a glob.
        look: Gives the stamp and the digest of a file.
    """
    if path.is_file():
        return look(path)
    found = [(name, *look(file)) for name, file in source_files(path)]
    return _joint([(name, stamp) for name, stamp, _ in found]), _joint([(name, digest) for name, _, digest in found])


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Watch:
    """What has changed of the files that keys were made of, as far as this process can still be misled by it.

    A module that it has imported as the key says stays as it is here, whatever is written to its file: whoever edits a
    model while it trains means the next run.

    Args:
        digests: How keys are made of files.
    """

    def __init__(self, digests: Digests) -> None:
        self._digests = digests
        self._imported: set[tuple[str, str]] = set()

    def changed(self, watched: Watched, components: Mapping[str, Mapping[str, str]]) -> Iterator[Path]:
        """The files that are not what a key was made of; one that was only touched is read, and not among them.

        Args:
            watched: What to look at.
            components: What the key was made of.
        """
        for part, files in watched.items():
            for name, (place, stamp) in files.items():
                path = Path(place)
                if (name, stamp) in self._imported:
                    continue
                if _stamp(path) != stamp and _digest(path, self._digests[part]) != components[part].get(name):
                    yield path
                elif part == "source" and name in sys.modules:
                    self._imported.add((name, stamp))


def _stamp(path: Path) -> str | None:
    try:
        return content_of(path, lambda file: (stamp_of(file.stat()), ""))[0]
    except OSError:  # gone, or not to be read any more
        return None


def _digest(path: Path, digest: Callable[[Path], str]) -> str | None:
    try:
        return content_of(path, lambda file: ("", digest(file)))[1]
    except OSError:
        return None


def _joint(parts: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
