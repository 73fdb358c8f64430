"""The deployable folder: predictor, schema, evidence, and a manifest that vouches for every file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from headway.contracts import Artifact, Column, Lookup, Output, Predictor, Report, Schema, read_json, write_json
from headway.errors import HeadwayError

FORMAT = 1
MANIFEST = "manifest.json"
OF_THE_STORE = ".manifest.json"
"""The artifact store's own list, which may lie beside the package and is none of its files."""


class PackageError(HeadwayError):
    """A folder that is no package, or one whose files are not those that were packaged."""


@dataclass(frozen=True)
class Manifest:
    """What a package says of itself.

    Attributes:
        format: The version of this layout.
        name: The package's name.
        predictor: The predictor's digest.
        inputs: The columns it takes.
        outputs: What it gives.
        requirements: What ran it when it was checked: library to version.
        runtimes: What is needed to run it: the name of a runtime to where it comes from.
        files: Path within the package to the SHA-256 of its content.
    """

    format: int
    name: str
    predictor: str
    inputs: tuple[Column, ...]
    outputs: tuple[Output, ...]
    requirements: Mapping[str, str]
    runtimes: Mapping[str, str]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Package(Artifact):
    """What is deployed.

    Attributes:
        name: Its name.
        schema: The columns of the data behind it, with their roles.
        predictor: What scores rows.
        report: The evidence about exactly this predictor, without the predictions.
        requirements: What ran the predictor when it was checked: library to version.
        runtimes: What is needed to run it: the name of a runtime to where it comes from, for people.
    """

    type_name: ClassVar[str] = "package"

    name: str
    schema: Schema
    predictor: Predictor
    report: Report = field(repr=False)
    requirements: Mapping[str, str] = field(default_factory=dict)
    runtimes: Mapping[str, str] = field(default_factory=dict)

    def require_runtimes(self, lookup: Lookup) -> None:
        """Raises `PackageError` that names the runtimes that are not registered here, and where they come from."""
        missing = {name: origin for name, origin in self.runtimes.items() if not _is_registered(lookup, name)}
        if missing:
            told = "; ".join(f"'{name}', which comes from {origin}" for name, origin in missing.items())
            raise PackageError(
                f"package '{self.name}' needs a runtime that is not here: {told}",
                hint="a package holds data, never code: install that plugin, or run in a project that has it "
                "(headway --project FOLDER)",
                code="package-runtime",
            )

    def save(self, folder: Path) -> None:
        """Writes ``predictor/``, ``schema.json``, ``report/`` and, last, ``manifest.json``."""
        for name in ("predictor", "report"):
            (folder / name).mkdir()
        self.predictor.save(folder / "predictor")
        write_json(folder / "schema.json", self.schema)
        replace(self.report, predictions={}).save(folder / "report")
        predictor = self.predictor
        write_json(
            folder / MANIFEST,
            Manifest(FORMAT, self.name, predictor.digest, predictor.columns, predictor.outputs, self.requirements,
                     self.runtimes, digests(folder)),
        )  # fmt: skip

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads what `save` wrote, after every file was found to be the one that was packaged.

        Raises:
            PackageError: The folder is no package, is of a later format, or a file is missing, was added
                or was changed.
        """
        manifest = verify(folder)
        predictor = Predictor.load(folder / "predictor", lookup)
        if predictor.digest != manifest.predictor:
            raise PackageError(
                f"{folder} holds another predictor than its manifest names",
                hint="package it again: headway run",
                code="package-predictor",
            )
        schema = read_json(folder / "schema.json", Schema)
        report = Report.load(folder / "report", lookup)
        return cls(manifest.name, schema, predictor, report, manifest.requirements, manifest.runtimes)


def _is_registered(lookup: Lookup, runtime: str) -> bool:
    try:
        lookup.get("runtime", runtime)
    except HeadwayError:
        return False
    return True


def verify(folder: Path) -> Manifest:
    """Checks every file of a package against its manifest, before any of them is parsed.

    Raises:
        PackageError: See `Package.load`.
    """
    manifest = _manifest(folder)
    found, wanted = digests(folder), dict(manifest.files)
    faults = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    faults += [f"{name} was added" for name in sorted(found.keys() - wanted.keys())]
    faults += [f"{name} was changed" for name in sorted(found.keys() & wanted.keys()) if found[name] != wanted[name]]
    if faults:
        raise PackageError(
            f"{folder} is not the package that was made: {'; '.join(faults)}",
            hint="copy it again from where it was made, or package it again",
            code="package-tampered",
        )
    return manifest


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a package but the manifest, by its path within.

    Raises:
        PackageError: There is a symbolic link, which could lead out of the package.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise PackageError(f"{folder}: {name} is a symbolic link", hint="copy the file itself", code="package-link")
        if path.is_file() and name not in (MANIFEST, OF_THE_STORE):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _manifest(folder: Path) -> Manifest:
    import json

    path = folder / MANIFEST
    if not path.is_file():
        raise PackageError(
            f"{folder} is no package: it has no {MANIFEST}",
            hint="name a run, or the folder that its deployment stage made",
            code="no-package",
        )
    try:
        version = json.loads(path.read_bytes())["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise PackageError(f"{path} cannot be read: {error!r}", hint="package it again", code="package") from error
    if version != FORMAT:
        raise PackageError(
            f"{folder} has format {version}; this version of headway-deployment reads format {FORMAT}",
            hint="update headway-deployment, or package it again",
            code="package-format",
        )
    return _parsed(path)


def _parsed(path: Path) -> Manifest:
    from pydantic import ValidationError

    try:
        return read_json(path, Manifest)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PackageError(f"{path}: {where}: {first['msg']}", hint="package it again", code="package") from error
