"""The versions of third-party packages, by the name they are imported under."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.store import Remembered


class Libraries:
    """Looks versions up without importing anything.

    The map from imports to distributions costs half a second to build (`packages_distributions`), so it is
    never built: most names agree, and for the others the RECORD of the distributions beside the package is
    searched once and remembered.
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
            self._versions[name] = self._by_name(name) or self._by_record(name)
        return self._versions[name]

    def _by_name(self, name: str) -> str | None:
        return _version_of(name)

    def _by_record(self, name: str) -> str:
        spec = _spec(name)
        if spec is None or spec.origin is None:
            return "none"
        file = Path(spec.origin)
        owner = self._remembered.get(file, "distribution", lambda path: _owner(path, name))
        return self._by_name(owner) or "none" if owner else "none"


@cache
def _version_of(distribution: str) -> str | None:
    """The version of a distribution, read plainly: the standard parser of metadata is made for e-mails, and slow."""
    try:
        text = metadata.distribution(distribution).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        return None
    head = text.partition("\n\n")[0].splitlines()
    return next((line.partition(":")[2].strip() for line in head if line.lower().startswith("version:")), None)


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
