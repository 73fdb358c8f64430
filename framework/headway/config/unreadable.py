"""Config files that cannot be read, and defaults lists that cannot be followed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import yaml

from headway.config.origins import Key, Origin, position
from headway.errors import HeadwayError


def unreadable(file: Path | None, error: Exception, project: Path) -> HeadwayError:
    """What is wrong with one file, as precisely as its parser says."""
    if file is None:
        return HeadwayError(_sentence(error), code="yaml")
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        where = position(file, project, mark.line, mark.column)
        hints = {"mapping values": "put a value that has a ': ' in quotes", "'\\t'": "indent with spaces"}
        hint = next((hint for part, hint in hints.items() if part in str(error.problem)), None)
        return HeadwayError(f"this is no YAML: {error.problem}", where=where, hint=hint, code="yaml")
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n")
        return HeadwayError("this file is not UTF-8", where=position(file, project, line, 0), code="yaml")
    path = _keys(getattr(error, "full_key", None))
    if path:
        hint = "an interpolation reads ${path.to.value}"
        where = Origin(file, path).place(project)
        what = f"{'.'.join(map(str, path))}: the interpolation is malformed"
        return HeadwayError(what, where=where, hint=hint, code="interpolation")
    where = Origin(file, ("defaults",)).place(project, of_key=True)
    return HeadwayError(_sentence(error), where=where, code="composition")


def not_followed(error: Exception, file_of: Callable[[str], Path | None], project: Path) -> HeadwayError:
    """A defaults list that cannot be followed: which, and why."""
    if isinstance(error, RecursionError):
        return HeadwayError("a defaults list names its own file", hint="remove the circle", code="composition")
    text = " ".join(str(error).split())
    found = re.match(r"In '?([^':]+)'?: (.*)", text)
    file = file_of(found[1]) if found else None
    where = Origin(file, ("defaults",)).place(project, of_key=True) if file else None
    hint = "`override` replaces a choice made before, and stands at the end of the list"
    return HeadwayError(found[2] if found and file else text, where=where, hint=hint, code="composition")


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).splitlines()[:1]) or type(error).__name__
    return re.sub(r"^In '?[^':]+'?: ", "", text)


def _keys(full_key: str | None) -> Key:
    """OmegaConf's ``a.b[0]`` as a path."""
    words = re.findall(r"[^.\[\]]+", full_key or "")
    return tuple(int(word) if word.isdigit() else word for word in words)
