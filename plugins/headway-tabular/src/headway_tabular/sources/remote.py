"""URLs → files in the work folder, through fsspec."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from headway import DataError

from headway_tabular.sources.landing import folder_of, land
from headway_tabular.sources.needs import missing

WILD = re.compile(r"[*?\[]")
CHUNK = 1 << 22
VERSIONS = (
    "ETag", "etag", "Content-MD5", "Digest", "md5Hash", "content_md5", "checksum", "Last-Modified", "LastModified",
    "last_modified", "mtime", "updated", "created",
)  # fmt: skip
"""Under which names file systems tell of a version, the surest first."""


@dataclass(frozen=True)
class _Remote:
    """What a URL means.

    Attributes:
        system: Its fsspec file system.
        base: The folder that the names of the files are relative to.
        files: Path to what the file system tells of it.
        is_many: Whether a folder or a glob was asked for.
    """

    system: Any
    base: str
    files: Mapping[str, Mapping[str, Any]]
    is_many: bool

    @property
    def versions(self) -> list[tuple[str, object, object]]:
        """Path, version and size of every file; the version is None where none is told."""
        return [
            (path, next((str(info[key]) for key in VERSIONS if info.get(key)), None), info.get("size"))
            for path, info in sorted(self.files.items())
        ]


def fetch(url: str, work: Path) -> Path:
    """A copy of a file, or a folder with copies of several.

    Args:
        url: A file, a folder or a glob of any file system that fsspec knows.
        work: Where the copy is kept; it is fetched again only if its version or size is another.

    Raises:
        DataError: There is no such file, the server cannot be reached, or a library is missing.
    """
    remote = _remote(url)
    stamp = (url, remote.versions)
    copies = [
        land(work, _relative(path, remote.base).as_posix(), stamp, partial(_download, url, remote, path))
        for path in sorted(remote.files)
    ]
    return folder_of(work, stamp) if remote.is_many else copies[0]


def remote_fingerprint(url: str) -> str | None:
    """A digest of the versions that the server tells of, or None if it tells of none.

    Raises:
        DataError: As `fetch`.
    """
    told = _remote(url).versions
    if any(version is None for _, version, _ in told):
        return None
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _shown(url: str) -> str:
    """A URL without its password and its query, which may hold a token."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _remote(url: str) -> _Remote:
    for lack in missing(url):
        raise lack
    import fsspec

    with _reached(url):
        system, path = fsspec.core.url_to_fs(url)
        if url.startswith("http"):
            return _Remote(system, "", {path: system.info(path)}, is_many=False)
        if WILD.search(path):
            base = str(PurePosixPath(WILD.split(path)[0] + "x").parent)
            found = _expanded(system, system.glob(path, detail=True))
        else:
            info = system.info(path)
            if info["type"] != "directory":
                return _Remote(system, str(PurePosixPath(path).parent), {path: info}, is_many=False)
            base, found = path, system.find(path, detail=True)
    kept = {name: info for name, info in found.items() if not _is_hidden(name, base)}
    if not kept:
        raise DataError(f"there are no files {_shown(url)}", hint="check the URL", code="no-file")
    return _Remote(system, base, kept, is_many=True)


def _expanded(system: Any, matched: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The files of a glob and those below its folders."""
    found: dict[str, Mapping[str, Any]] = {}
    for path, info in matched.items():
        found |= system.find(path, detail=True) if info["type"] == "directory" else {path: info}
    return found


def _relative(path: str, base: str) -> PurePosixPath:
    """What a copy is called: below the folder that was asked for, or by the last part of a URL."""
    if base and PurePosixPath(path).is_relative_to(base):
        return PurePosixPath(path).relative_to(base)
    return PurePosixPath(PurePosixPath(urlsplit(path).path).name or "rows")


def _is_hidden(path: str, base: str) -> bool:
    """Whether a file is passed over; so are names that would lead out of the folder."""
    return any(part.startswith((".", "_")) for part in _relative(path, base).parts)


def _download(url: str, remote: _Remote, path: str, out: Path) -> None:
    with _reached(url), remote.system.open(path, "rb") as source, out.open("wb") as target:
        shutil.copyfileobj(source, target, CHUNK)
    size = remote.files[path].get("size")
    if size is not None and size != out.stat().st_size:
        raise DataError(
            f"{_shown(url)} was cut off: {out.stat().st_size} of {size} bytes came",
            hint="run it again",
            code="unreachable",
        )


@contextmanager
def _reached(url: str) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        cause = error.__cause__ or error
        if isinstance(error, FileNotFoundError) and (cause is error or getattr(cause, "status", None) == 404):
            raise DataError(f"there is no file {_shown(url)}", hint="check the URL", code="no-file") from error
        reason = (str(cause) or type(cause).__name__).splitlines()[0].replace(url, _shown(url))
        raise DataError(
            f"{_shown(url)} cannot be read: {reason}",
            hint="check the network, the URL and your credentials",
            code="unreachable",
        ) from error
