"""The versions of third-party packages, by the name they are imported under."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.store import Remembered


class Libraries:
    """Looks versions up without importing anything.

    The map from imports to distributions costs half a second to build (`packages_distributions`), so it is
    never built: most names agree, and for the others the RECORD of the distributions beside the package is
    searched. What was found is remembered by the package's first file, which every installation writes anew.
    """

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered
        self._versions: dict[str, str] = {}

    def versions(self, names: Iterable[str]) -> dict[str, str]:
        """Import name to version; packages that are not installed are ``none``."""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return {"python": python} | {name: self._version(name) for name in sorted(names)}

    def _version(self, name: str) -> str:
        if name not in self._versions:
            spec = _spec(name)
            file = Path(spec.origin) if spec and spec.origin else None
            if file is not None and file.is_file():
                version = self._remembered.get(file, f"version of {name}", lambda path: _found(path, name))
            else:
                version = _version_of(name) or "none"
            self._versions[name] = version
        return self._versions[name]


def _found(file: Path, name: str) -> str:
    return _version_of(name) or _version_of(_owner(file, name)) or "none"


def _version_of(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except (metadata.PackageNotFoundError, ValueError):  # an empty name is none
        return None


def _spec(name: str) -> ModuleSpec | None:
    if name in sys.modules:
        return sys.modules[name].__spec__
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError:  # the parent of a dotted name is missing
        return None


def _owner(file: Path, name: str) -> str:
    """The distribution whose RECORD lists the package's first file; empty if none does."""
    depth = name.count(".") + (1 if file.name == "__init__.py" else 0)
    site = file.parents[depth]
    wanted = f"{file.relative_to(site).as_posix()},"
    for record in sorted(site.glob("*.dist-info/RECORD")):
        if any(line.startswith(wanted) for line in record.read_text(encoding="utf-8").splitlines()):
            return record.parent.name.partition("-")[0]
    return ""
