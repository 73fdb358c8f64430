"""Where a `SourcePath` lies."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from headway.errors import UsageError
from headway.naming import nearest

SCHEME = "pkg://"


def resolve_source(text: str, project: Path) -> Path:
    """The absolute path of a source.

    Args:
        text: A path relative to the project, an absolute path, or ``pkg://PACKAGE/path``, a file inside an
            installed package, which is located without being imported.
        project: The project's folder.

    Raises:
        UsageError: There is nothing at that place; the nearest name is offered.
    """
    path = _packaged(text) if text.startswith(SCHEME) else (project / Path(text).expanduser())
    if not path.exists():
        folder = next(parent for parent in path.parents if parent.is_dir())
        close = nearest(path.name, [entry.name for entry in folder.iterdir()]) if folder == path.parent else None
        hint = f"did you mean {close}?" if close else f"looked for {path}"
        raise UsageError(f"there is no file {text}", hint=hint, code="no-file")
    return path.resolve()


def _packaged(text: str) -> Path:
    package, _, rest = text.removeprefix(SCHEME).partition("/")
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
