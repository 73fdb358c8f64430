"""Config files that cannot be read, and defaults lists that cannot be followed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from headway.config.origins import Key, Origin, defaults_entry, position
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


def not_followed(error: Exception, files: Mapping[str, Path], words: Sequence[str], project: Path) -> HeadwayError:
    """A defaults list that cannot be followed: which, and why.

    Args:
        error: What Hydra says.
        files: Config path to file, in the order of reading.
        words: What the command line says.
        project: The project's folder.
    """
    text = " ".join(str(error).split())
    hint: str | None = "`override` replaces a choice made before, and stands at the end of the list"
    if isinstance(error, RecursionError):
        text, hint = "a defaults list leads back to its own file", "remove the circle"
    named = re.match(r"In '?([^':]+)'?: (.*)", text)
    if named and named[1] in files:
        text, origin = named[2], Origin(files[named[1]], ("defaults",))
    else:
        origin = _culprit(text, files) or _guilty_word(words)
    return HeadwayError(text, where=origin.place(project, of_key=True), hint=hint, code="composition")


def _culprit(text: str, files: Mapping[str, Path]) -> Origin | None:
    """The last entry of the group that the text is about; of a circle, an entry that names its own file."""
    about = re.match(r"Multiple values for (.+?)\. |(.+?) appears more than once", text)
    group = (about[1] or about[2]).partition("@")[0] if about else None
    entries = (defaults_entry(file, config, group or config) for config, file in reversed(list(files.items())))
    return next((entry for entry in entries if entry is not None), None)


def _guilty_word(words: Sequence[str]) -> Origin:
    """The word with an interpolation, which Hydra resolves while it chooses; else the first, which chose the rest."""
    return Origin(None, text=next((word for word in words if "${" in word), next(iter(words), "")))


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).splitlines()[:1]) or type(error).__name__
    return re.sub(r"^In '?[^':]+'?: ", "", text)


def _keys(full_key: str | None) -> Key:
    """OmegaConf's ``a.b[0]`` as a path."""
    words = re.findall(r"[^.\[\]]+", full_key or "")
    return tuple(int(word) if word.isdigit() else word for word in words)
