"""Where a `SourcePath` lies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from headway.errors import UsageError
from headway.fields import PACKAGED
from headway.naming import nearest

WILD = re.compile(r"[*?\[]")


def resolve_source(text: str, project: Path) -> Path:
    """The absolute path of a source.

    Args:
        text: A path relative to the project, an absolute path, or ``pkg://PACKAGE/path``, a file inside an
            installed package, which is located without being imported. It may be a glob (``data/2013-*.parquet``).
        project: The project's folder.

    Raises:
        UsageError: There is nothing at that place; the nearest name is offered. Or it may not be read.
    """
    path = _packaged(text) if text.startswith(PACKAGED) else (project / Path(text).expanduser())
    _check_allowed(text, path)
    if not path.exists() and not _is_matched(path):
        folder = next(parent for parent in path.parents if parent.is_dir())
        close = nearest(path.name, [entry.name for entry in folder.iterdir()]) if folder == path.parent else None
        hint = f"did you mean {close}?" if close else f"looked for {path}"
        raise UsageError(f"there is no file {text}", hint=hint, code="no-file")
    return path.resolve()


def _check_allowed(text: str, path: Path) -> None:
    try:
        allowed = not path.exists() or os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0))
    except PermissionError:  # of a folder above it
        allowed = False
    if not allowed:
        raise UsageError(f"{text} may not be read", hint=f"check the permissions of {path}", code="no-permission")


def source_files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files of a resolved source with their names, in order: a file alone, those in a folder, those of a glob."""
    if path.is_file():
        yield "", path
    elif path.is_dir():
        yield from sorted((item.relative_to(path).as_posix(), item) for item in path.rglob("*") if item.is_file())
    else:
        base = _split(path)[0]
        for item in sorted(_matched(path)):
            at = item.relative_to(base).as_posix()
            yield from ((f"{at}/{name}" if name else at, file) for name, file in source_files(item))


def _is_matched(path: Path) -> bool:
    try:
        return next(_matched(path), None) is not None
    except ValueError as error:  # such as rows**.csv
        raise UsageError(
            f"{path.name} is no glob: {error}", hint="** stands alone: **/*.csv", code="no-file"
        ) from error


def _matched(path: Path) -> Iterator[Path]:
    base, pattern = _split(path)
    return base.glob(pattern) if pattern and base.is_dir() else iter(())


def _split(path: Path) -> tuple[Path, str]:
    """The folder where a glob begins, and its pattern; no pattern where there is nothing wild."""
    wild = next((n for n, part in enumerate(path.parts) if WILD.search(part)), len(path.parts))
    return Path(*path.parts[:wild]), "/".join(path.parts[wild:])


def _packaged(text: str) -> Path:
    package, _, rest = text.removeprefix(PACKAGED).partition("/")
    if not package.isidentifier() or ".." in PurePosixPath(rest).parts:
        raise UsageError(f"{text} is no path in a package", hint="write pkg://PACKAGE/path", code="no-file")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            f"{text}: package {package} is not installed",
            hint=f"pip install {package.replace('_', '-')}",
            code="no-package",
        )
    return Path(next(iter(spec.submodule_search_locations))) / rest
