"""What a user can get wrong, said as what, where and how to mend.

Every error a user can cause is a `HeadwayError`. It prints without a traceback; anything else is a
bug of Headway or of a plugin and keeps its own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where something was written: a file with a position, or a named origin without lines.

    Attributes:
        source: A path as the user would type it, or an origin such as ``command line``.
        line: Line number, from 1; None where the source has no lines.
        column: Column number, from 1.
        text: The source line (or the override) itself, shown under the position.
        width: How many characters the caret underlines.
    """

    source: str
    line: int | None = None
    column: int | None = None
    text: str | None = None
    width: int = 1

    def __str__(self) -> str:
        parts = [self.source, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)

    def excerpt(self) -> list[str]:
        """The place as the terminal shows it: its name, and its text with a caret."""
        if self.text is None:
            return [f"  --> {self}"]
        gutter = str(self.line) if self.line is not None else ""
        pad = " " * len(gutter)
        caret = " " * ((self.column or 1) - 1) + "^" * max(self.width, 1)
        return [f"  --> {self}", f"   {gutter} | {self.text}", f"   {pad} | {caret}"]


class HeadwayError(Exception):
    """An error that a user can mend.

    Args:
        what: One sentence: what is wrong.
        where: The place it was found, if there is one.
        hint: How to mend it.
        code: A kebab-case reference, stable across versions.
        note: Lines that explain, such as a drawing.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: Place | None = None,
        hint: str | None = None,
        code: str = "error",
        note: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.code = code
        self.note = note

    def to_dict(self) -> dict[str, Any]:
        """The same for programs, in JSON types; ``source`` to ``width`` are None where there is no place."""
        where = self.where
        return {
            "code": self.code,
            "what": self.what,
            "hint": self.hint,
            "source": where and where.source,
            "line": where and where.line,
            "column": where and where.column,
            "text": where and where.text,
            "width": where and where.width,
            "note": self.note or None,
        }

    def render(self) -> str:
        """The whole message as the terminal shows it."""
        lines = [f"error[{self.code}]: {self.what}"]
        if self.where is not None:
            lines += self.where.excerpt()
        lines += [f"    {line}".rstrip() for line in self.note.splitlines()]
        if self.hint:
            lines.append(f"  help: {self.hint}")
        return "\n".join(lines)


class UsageError(HeadwayError):
    """The command line asks for something that does not exist or does not fit."""

    exit_code = 2


class ConfigError(HeadwayError):
    """All faults of a config, found in one pass.

    Args:
        faults: One error a fault, in the order of their places; at least one.
    """

    exit_code = 2

    def __init__(self, faults: Sequence[HeadwayError]) -> None:
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the config"
        super().__init__(count, code="config")
        self.faults = tuple(faults)

    def render(self) -> str:
        """Every fault, then their count."""
        return "\n\n".join([*(fault.render() for fault in self.faults), f"{self.what}"])

    def to_dict(self) -> dict[str, Any]:
        """The faults for programs, in JSON types."""
        return {"faults": [fault.to_dict() for fault in self.faults]}


class PreflightError(HeadwayError):
    """What stages need and this machine lacks, all of it told before anything runs.

    Args:
        faults: One error a lack; at least one.
    """

    def __init__(self, faults: Sequence[HeadwayError]) -> None:
        count = f"{len(faults)} thing{'s are' if len(faults) > 1 else ' is'} missing; nothing was run"
        super().__init__(count, code="preflight")
        self.faults = tuple(faults)

    def render(self) -> str:
        """Every lack, then their count."""
        return "\n\n".join([*(fault.render() for fault in self.faults), self.what])


class PluginError(HeadwayError):
    """A plugin that cannot be loaded, or that breaks its contract."""


class DataError(HeadwayError):
    """Rows or columns that do not fit what a stage or a predictor needs."""


class StoreError(HeadwayError):
    """A store that cannot be read or written; it is left as it was."""


class StageError(HeadwayError):
    """A stage that failed; its cause and the traceback are in the run's record."""


class Pruned(Exception):  # noqa: N818 - a verdict of the controller, not a fault
    """Raised by `Context.report` when the controller stops a trial early."""


def is_disk_full(error: BaseException) -> bool:
    """Whether an error tells of a full disk, be it in words within an error of a library's own."""
    return getattr(error, "errno", None) == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(error)


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Turns the error of a full disk, whichever library tells it, into a `StoreError` that names the folder."""
    try:
        yield
    except Exception as error:
        if isinstance(error, HeadwayError) or not is_disk_full(error):
            raise
        raise StoreError(
            f"no space is left on the disk of {folder}",
            hint="free some there, or choose another place: HEADWAY_STORE=FOLDER; what was saved before is untouched",
            code="disk-full",
        ) from error
