"""Config files that cannot be read."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from headway.config.origins import Key, Origin, position
from headway.errors import HeadwayError

HINTS = {
    "unexpected end of stream": "what begins here does not end: is a quote or a bracket missing?",
    "expected ',' or": "is a bracket or a quote before it left open?",
    "mapping values": "put a value that has a ': ' in quotes",
    "'\\t'": "indent with spaces, not with tabs",
}
"""Part of what the parser says → how to mend it."""


def unreadable(file: Path | None, error: Exception, project: Path) -> HeadwayError:
    """What is wrong with one file, as precisely as its parser says."""
    if file is None:
        return HeadwayError(_sentence(error), code="yaml")
    if isinstance(error, yaml.MarkedYAMLError) and (mark := _mark(error)):
        return _marked(file, error, mark, project)
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n")
        return HeadwayError("this file is not UTF-8", where=position(file, project, line, 0), code="yaml")
    path = _keys(getattr(error, "full_key", None))
    if path:
        hint = "an interpolation reads ${path.to.value}"
        where = Origin(file, path).place(project)
        what = f"{'.'.join(map(str, path))}: the interpolation is malformed"
        return HeadwayError(what, where=where, hint=hint, code="interpolation")
    if "header" in str(error) or "components" in str(error):
        hint = "a header reads `# @package _global_`"
        return HeadwayError(_sentence(error), where=position(file, project, 0, 0), hint=hint, code="package")
    return HeadwayError(_sentence(error), where=Origin(file, ()).place(project), code="yaml")


def _marked(file: Path, error: yaml.MarkedYAMLError, mark: yaml.Mark, project: Path) -> HeadwayError:
    twice = re.match(r"found duplicate key (.+)", str(error.problem))
    if twice:
        where = position(file, project, mark.line, mark.column, mark.column + len(twice[1]))
        hint = "keep one of them; what belongs together stands under one key"
        return HeadwayError(f"the key '{twice[1]}' is there twice", where=where, hint=hint, code="duplicate-key")
    hint = next((hint for part, hint in HINTS.items() if part in str(error.problem)), "")
    where = position(file, project, mark.line, mark.column)
    return HeadwayError(f"this is no YAML: {error.problem}", where=where, hint=hint or None, code="yaml")


def _mark(error: yaml.MarkedYAMLError) -> yaml.Mark | None:
    """Where it is; of what does not end, its beginning."""
    ends = "end of stream" in str(error.problem) or "stream end" in str(error.problem)
    return (error.context_mark if ends else None) or error.problem_mark or error.context_mark


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).splitlines()[:1]) or type(error).__name__
    return re.sub(r"^In '?[^':]+'?: ", "", text)


def _keys(full_key: str | None) -> Key:
    """OmegaConf's ``a.b[0]`` as a path."""
    words = re.findall(r"[^.\[\]]+", full_key or "")
    return tuple(int(word) if word.isdigit() else word for word in words)
